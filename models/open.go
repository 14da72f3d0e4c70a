package models

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"cgan/bindings/torch"
	"cgan/models/arch"
	"cgan/weights"
	"cgan/weights/formats"
	"cgan/weights/pretrained"
)

// Weights is what a file holds of a run: a whole checkpoint, or a generator alone.
type Weights struct {
	File                     *formats.File
	Generator, Discriminator weights.StateDict // the second nil where there is none
	Average                  weights.StateDict // of the generator's weights over the training, to draw with; nil where there is none
	AverageKey               string            // where it lies
	Config                   Config            // read off the shapes, or of the networks that were given as data
	Assumed                  []string          // where Config.Arch is but guessed from keys and shapes: what these do not tell; else nil
	Classes                  Classes           // none where the generator knows no classes
}

// Digits are the weights of a generator of handwritten digits that ships with cgan, trained on MNIST: weights/pretrained has its
// model card.
func Digits() (*Weights, error) { return Open("mnist", "") }

// Clothes are those of one of articles of clothing, trained on Fashion-MNIST.
func Clothes() (*Weights, error) { return Open("fashion-mnist", "") }

// Open is Find in a weights file, in the last checkpoint of a run folder, or in a generator that ships with cgan, as OpenFile has it.
func Open(runOrFile, key string) (*Weights, error) { return OpenAs(runOrFile, key, nil) }

// OpenAs is Open where the networks are those of given, as Find takes them.
func OpenAs(runOrFile, key string, given *arch.File) (*Weights, error) {
	file, err := OpenFile(runOrFile)
	if err != nil {
		return nil, err
	}
	return Find(file, key, given)
}

// Find finds the networks in a file. The generator's state dict is the file itself, or lies in it under a
// usual name, and so does the average of its weights; key says where when that is not clear, and may be empty.
//
// The networks are those of given, which may be nil, or of the file's own metadata; else the article's where the shapes are its
// own, and else what arch.CandidatesOf makes of them. given may hold rules for the file's keys alone.
func Find(file *formats.File, key string, given *arch.File) (*Weights, error) {
	w := &Weights{File: file, Classes: classesOf(file)}
	d, err := w.findStates(key)
	if err == nil {
		err = w.findNetworks(given, d)
	}
	if err != nil {
		return nil, w.Fail(err)
	}
	if len(w.Classes) != w.Config.Classes { // as a file of many that says nothing of them
		w.Classes = NumberedClasses(w.Config.Classes)
	}
	return w, nil
}

// findStates finds the state dicts, and gives the name of the discriminator's.
func (w *Weights) findStates(key string) (d string, err error) {
	if w.Generator, err = weights.Find(w.File.Root, key); err != nil {
		return "", err
	}
	if key == "" {
		w.Average, w.AverageKey = weights.FindAverage(w.File.Root)
	}
	w.Discriminator, d = weights.FindDiscriminator(w.File.Root)
	if _, ok := w.Get(ownD); ok && d != ownD {
		_, err = weights.Find(w.File.Root, ownD) // says what is wrong with it
	}
	return d, err
}

// ownD is where cgan keeps the discriminator's state dict.
const ownD = "discriminator"

// findNetworks settles what the networks are, and gives the state dicts their keys.
func (w *Weights) findNetworks(given *arch.File, d string) (err error) {
	if given == nil {
		given = &arch.File{}
	}
	networks, rules := given, given.Map
	if given.Generator == nil {
		networks = w.ownArch()
		rules = append(networks.Map, rules...)
	}
	if err := w.rename(rules); err != nil {
		return err
	}
	if networks.Generator == nil {
		return w.recognise(d == ownD)
	}
	w.Config, err = ConfigOfArch(&arch.File{Generator: networks.Generator, Discriminator: networks.Discriminator}) // whose keys are the file's no longer
	return err
}

// ArchText is the key in a file's metadata of the networks as an arch file.
const ArchText = "arch"

// ownArch is what the file's metadata says of its networks; empty for nothing. Another program's entry of that name is none.
func (w *Weights) ownArch() *arch.File {
	text, ok := w.File.Metadata[ArchText]
	if !ok {
		return &arch.File{}
	}
	f, err := arch.Read([]byte(text))
	if err != nil {
		w.File.Notices = append(w.File.Notices, fmt.Sprintf("its metadata has an entry %q that is no arch file (%v)", ArchText, err))
		return &arch.File{}
	}
	return f
}

// rename gives all networks the keys that rules give.
func (w *Weights) rename(rules []arch.Rename) error {
	if len(rules) == 0 {
		return nil
	}
	all, err := arch.RenamedAll([]weights.StateDict{w.Generator, w.Average, w.Discriminator}, rules)
	if err != nil {
		return err
	}
	for i, state := range []*weights.StateDict{&w.Generator, &w.Average, &w.Discriminator} {
		if *state != nil {
			*state = all[i]
		}
	}
	return nil
}

// recognise reads the networks off the shapes: the article's, or one that they suggest. A discriminator that is not the
// article's is left out, unless it is the file's own.
func (w *Weights) recognise(own bool) (err error) {
	w.Config, err = ConfigOf(w.Generator, w.Discriminator, len(w.Classes))
	if err == nil {
		if err = fitsArticle(w.Generator, w.Config); err == nil || w.guess(err) != nil { // loading says what does not fit
			return nil
		}
		w.Discriminator = nil // its classes and channels were the article's
		return nil
	}
	if w.Discriminator != nil {
		var alone error
		if w.Config, alone = ConfigOf(w.Generator, nil, len(w.Classes)); alone == nil && own {
			return err
		} else if alone == nil {
			w.Discriminator = nil
			return nil
		}
	}
	return w.guess(err)
}

// fitsArticle says what the article's generator of these sizes lacks of a state dict.
func fitsArticle(state weights.StateDict, c Config) error {
	known := map[string]bool{}
	err := torch.Do("walk the networks", func() error {
		g, d := Config{Noise: 1, NgF: 1, NdF: 1, Channels: 1, Classes: 1, Size: c.Size}.skeleton() // keys depend on the size alone
		defer g.Free()
		defer d.Free()
		for _, n := range g.StateDict() {
			known[n.Name] = true
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, e := range state {
		if !known[e.Key] {
			return fmt.Errorf("it has no %s", weights.Quote(e.Key))
		}
	}
	return nil
}

// guess takes what the generator's keys and shapes suggest. Why it is not the article's is err.
func (w *Weights) guess(err error) error {
	candidates, failure := arch.CandidatesOf(w.Generator, arch.Known{})
	var guessed Config
	if failure == nil {
		guessed, failure = ConfigOfArch(&arch.File{Generator: byStatistics(candidates, w.Generator)})
	}
	if failure != nil {
		return fmt.Errorf("it is not the article's network (%w), and its layers can't be told from keys and shapes: %w", err, failure)
	}
	w.Config = guessed
	w.Assumed = assumptions(w.Config.Arch)
	return nil
}

// assumptions are the parts of a guess that keys and shapes do not tell, with what else they may be, as the arch file has them.
func assumptions(f *arch.File) (all []string) {
	for line := range strings.Lines(string(arch.Write(f))) {
		part, doubt, ok := strings.Cut(strings.TrimSpace(line), " # ? ")
		if text := strings.TrimPrefix(part, "- ") + " (" + doubt + ")"; ok && !slices.Contains(all, text) {
			all = append(all, text)
		}
	}
	if len(all) == 0 {
		all = []string{"the usual values of what these do not tell"}
	}
	return all
}

// OpenFile reads a weights file of any content, or the last checkpoint of a run folder. Where that one is damaged it takes
// the one before, and a notice says so. A name of pretrained.Names is that generator; a folder of that name is ./name.
func OpenFile(runOrFile string) (*formats.File, error) {
	if pretrained.Has(runOrFile) {
		return pretrained.Open(runOrFile)
	}
	paths, err := weightsFiles(runOrFile)
	if err != nil {
		return nil, err
	}
	var damaged []string
	for _, path := range paths {
		file, failure := formats.Open(path)
		if failure == nil {
			file.Notices = append(damaged, file.Notices...)
			return file, nil
		}
		if content := (*weights.FormatError)(nil); !errors.As(failure, &content) { // it may be whole
			return nil, failure
		}
		err = cmp.Or(err, failure)
		damaged = append(damaged, fmt.Sprintf("%v: the checkpoint before it is taken", failure))
	}
	return nil, err
}

// Fail is err as an error of the file.
func (w *Weights) Fail(err error) error {
	return &weights.FormatError{File: w.File.Path, Reason: err.Error()}
}

// Get gives what the file's outermost dict holds under key.
func (w *Weights) Get(key string) (weights.Value, bool) {
	if root, ok := w.File.Root.(*weights.Dict); ok {
		return root.Get(key)
	}
	return nil, false
}

// LoadGenerator makes the generator to draw with: with the average of its weights, where there is one and it was not taken
// out of w. It runs outside of torch.Do; the error names the file.
func (w *Weights) LoadGenerator() (*Net, error) {
	g, err := LoadGenerator(w.drawn(), w.Config)
	if err != nil {
		return nil, w.Fail(err)
	}
	return g, nil
}

// drawn is the state dict to draw with.
func (w *Weights) drawn() weights.StateDict {
	if w.Average != nil {
		return w.Average
	}
	return w.Generator
}

// LoadDiscriminator makes the discriminator, as LoadGenerator does.
func (w *Weights) LoadDiscriminator() (*Net, error) {
	if w.Discriminator == nil {
		return nil, w.Fail(errors.New("it holds no discriminator"))
	}
	d, err := LoadDiscriminator(w.Discriminator, w.Config)
	if err != nil {
		return nil, w.Fail(fmt.Errorf("discriminator: %w", err))
	}
	return d, nil
}

// weightsFiles is path itself, or the checkpoints of a run folder, that of the highest step first.
func weightsFiles(path string) ([]string, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		reason := "there is no such file or run folder"
		if runs := runsOf(filepath.Dir(path)); runs != "" {
			reason += ": there are " + runs
		}
		reason += "; " + strings.Join(pretrained.Names(), " and ") + " ship with cgan"
		return nil, &weights.FormatError{File: path, Reason: reason}
	} else if err != nil {
		return nil, &weights.FormatError{File: path, Reason: err.Error()}
	}
	if !info.IsDir() {
		return []string{path}, nil
	}
	checkpoints, err := Checkpoints(path)
	if err != nil {
		return nil, &weights.FormatError{File: path, Reason: err.Error()}
	}
	if len(checkpoints) == 0 {
		if err := IsFolderOfRuns(path); err != nil {
			return nil, err
		}
		var names []string
		entries, _ := os.ReadDir(path)
		for _, e := range entries {
			names = append(names, e.Name())
		}
		return nil, &weights.FormatError{File: path, Reason: "the folder holds no checkpoint-*.pt: " + formats.FolderAdvice(names)}
	}
	return checkpoints, nil
}

// maxNamed bounds the names in a message.
const maxNamed = 8

// IsFolderOfRuns is the error of a folder that holds run folders where one of these is to be named, the newest first; of
// another folder it is nil.
func IsFolderOfRuns(dir string) error {
	if runs := runsOf(dir); runs != "" {
		return &weights.FormatError{File: dir, Reason: "it is a folder of runs: name one of these: " + runs}
	}
	return nil
}

// runsOf names the run folders in a folder that have checkpoints, the newest first; "" for none.
func runsOf(dir string) string {
	var runs []string
	entries, _ := os.ReadDir(dir)
	for _, e := range slices.Backward(entries) {
		run := filepath.Join(dir, e.Name())
		if checkpoints, err := Checkpoints(run); err == nil && len(checkpoints) > 0 {
			runs = append(runs, run)
		}
	}
	named, more := runs[:min(len(runs), maxNamed)], ""
	if len(runs) > maxNamed {
		more = fmt.Sprintf(", and %d older ones", len(runs)-maxNamed)
	}
	return strings.Join(named, ", ") + more
}

// checkpointName is a name that a training gives: a copy under a name of its own is its owner's.
var checkpointName = regexp.MustCompile(`^checkpoint-[0-9]{6,}\.pt$`)

// Checkpoints are the checkpoints of a run folder, that of the highest step first.
func Checkpoints(dir string) (checkpoints []string, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if checkpointName.MatchString(e.Name()) {
			checkpoints = append(checkpoints, filepath.Join(dir, e.Name()))
		}
	}
	slices.SortFunc(checkpoints, func(a, b string) int { // by number: past six digits the names grow
		return cmp.Or(cmp.Compare(len(b), len(a)), strings.Compare(b, a))
	})
	return checkpoints, nil
}
