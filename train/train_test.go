package train

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cgan/bindings/torch"
	"cgan/models"
	"cgan/train/internal/noiseset"
	"cgan/weights"
	"cgan/weights/atomicfile"
	"cgan/weights/formats"
	"cgan/weights/pt"
)

// smallConfig trains small networks on 40 images of noise, three batches an epoch.
func smallConfig(t *testing.T) Config {
	t.Helper()
	c := Default()
	c.Data, c.Out, c.Device, c.Channels = noiseset.Write(t, 40), t.TempDir(), "cpu", 1
	c.Noise, c.NgF, c.NdF, c.Batch, c.Epochs = 6, 4, 4, 16, 2
	return c
}

// listener notes what a run reports, and calls step after each step.
type listener struct {
	begin Begin
	stats []Stats
	saved []string
	said  []string
	step  func(Stats)
}

func (l *listener) Begin(b Begin) { l.begin = b }
func (l *listener) Step(s Stats) {
	l.stats = append(l.stats, s)
	if l.step != nil {
		l.step(s)
	}
}
func (l *listener) Saved(paths ...string) { l.saved = append(l.saved, paths...) }
func (l *listener) Say(text string)       { l.said = append(l.said, text) }

func mustRun(t *testing.T, c Config) (Result, *listener) {
	t.Helper()
	l := &listener{}
	result, err := Run(context.Background(), c, l)
	if err != nil {
		t.Fatal(err)
	}
	return result, l
}

func TestRunFillsItsFolder(t *testing.T) {
	before := torch.Live()
	c := smallConfig(t)
	result, l := mustRun(t, c)
	if result.Steps != 6 || l.begin.StepsPerEpoch != 3 || result.Interrupted {
		t.Errorf("result %+v, begin %+v", result, l.begin)
	}
	entries, err := os.ReadDir(result.Dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	want := []string{
		"README.md", "checkpoint-000003.pt", "checkpoint-000006.pt", "config.json", "events.out.tfevents.cgan", "lock", "losses.png",
		"samples-000003.png", "samples-000006.png", "samples.gif", "stats.jsonl", "status.json",
	}
	if !slices.Equal(names, want) {
		t.Errorf("the folder holds %v", names)
	}
	if lines := statsOf(t, result.Dir); len(lines) != 6 || lines[5].Step != 6 || lines[5].Epoch != 2 || lines[0].LossD == 0 {
		t.Errorf("stats %+v", lines)
	}
	var saved Config
	text, err := os.ReadFile(filepath.Join(result.Dir, "config.json"))
	if err != nil || json.Unmarshal(text, &saved) != nil {
		t.Fatal(err, string(text))
	}
	if saved.Batch != 16 || saved.Threads < 1 || saved.Noise != 6 || saved.Data != c.Data {
		t.Errorf("config %s", text)
	}
	if leaked := torch.Live() - before; leaked != 0 {
		t.Errorf("%d tensors leaked", leaked)
	}
}

func statsOf(t *testing.T, dir string) (lines []Stats) {
	t.Helper()
	file, err := os.Open(filepath.Join(dir, "stats.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for scanner := bufio.NewScanner(file); scanner.Scan(); {
		var s Stats
		if err := json.Unmarshal(scanner.Bytes(), &s); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, s)
	}
	return lines
}

func TestCheckpointHoldsWhatPythonNeeds(t *testing.T) {
	c := smallConfig(t)
	c.Steps = 2
	result, _ := mustRun(t, c)
	file, err := formats.Open(result.Checkpoint)
	if err != nil {
		t.Fatal(err)
	}
	root := file.Root.(*weights.Dict)
	step, _ := root.Get("step")
	adam, _ := root.Get("optimizerD")
	state, _ := adam.(*weights.Dict).Get("state")
	if step != int64(2) || state.(*weights.Dict).Len() != 12 { // D has four convolutions and two norms, of two parameters each
		t.Errorf("step %v, %d states", step, state.(*weights.Dict).Len())
	}
	w, err := models.Open(result.Dir, "")
	if err != nil {
		t.Fatal(err)
	}
	if w.Config != c.Config {
		t.Errorf("sizes %+v", w.Config)
	}
}

func TestInterruptFinishesTheStepAndSaves(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	l := &listener{step: func(s Stats) {
		if s.Step == 4 {
			cancel()
		}
	}}
	result, err := Run(ctx, smallConfig(t), l)
	if err != nil {
		t.Fatal(err)
	}
	if !result.Interrupted || result.Steps != 4 || filepath.Base(result.Checkpoint) != "checkpoint-000004.pt" {
		t.Errorf("result %+v", result)
	}
	if _, err := os.Stat(result.Checkpoint); err != nil {
		t.Error(err)
	}
	if len(statsOf(t, result.Dir)) != 4 {
		t.Error("the statistics do not end at step 4")
	}
}

func traceOf(t *testing.T, change func(*Config)) []byte {
	t.Helper()
	c := smallConfig(t)
	c.Exact, c.Trace = true, filepath.Join(t.TempDir(), "trace.json")
	change(&c)
	mustRun(t, c)
	text, err := os.ReadFile(c.Trace)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestSameSeedSameBits(t *testing.T) {
	first := traceOf(t, func(*Config) {})
	if !bytes.Equal(first, traceOf(t, func(*Config) {})) {
		t.Error("the same seed gave another trace")
	}
	if bytes.Equal(first, traceOf(t, func(c *Config) { c.Seed = 1 })) {
		t.Error("another seed gave the same trace")
	}
	fast := traceOf(t, func(c *Config) { c.Exact = false })
	if !bytes.Equal(fast, traceOf(t, func(c *Config) { c.Exact = false })) {
		t.Error("in fast mode the same seed gave another trace")
	}
	var parsed struct {
		Losses    [][2]string       `json:"losses"`
		Generator map[string]string `json:"generator"`
	}
	if err := json.Unmarshal(first, &parsed); err != nil || len(parsed.Losses) != 6 || len(parsed.Generator) != 23 {
		t.Errorf("%v: %s", err, first)
	}
}

// >>> [x.hex() for x in (1.0, -0.1, 0.0, 1e-300, float("inf"))]
func TestHexFloatIsPythons(t *testing.T) {
	inf := math.Inf(1)
	for x, want := range map[float64]string{
		1: "0x1.0000000000000p+0", -0.1: "-0x1.999999999999ap-4", 0: "0x0.0p+0",
		1e-300: "0x1.56e1fc2f8f359p-997", 1024: "0x1.0000000000000p+10", inf: "inf", -inf: "-inf",
	} {
		if got := hexFloat(x); got != want {
			t.Errorf("%v: got %s, want %s", x, got, want)
		}
	}
}

// digestsAfter8 trains 8 steps, over two ends of epochs, by way of checkpoints at the given steps.
func digestsAfter8(t *testing.T, stops ...int) string {
	t.Helper()
	c := smallConfig(t)
	c.Exact, c.Seed = true, 4
	for _, stop := range append(stops, 8) {
		c.Steps, c.Trace = stop, filepath.Join(t.TempDir(), "trace.json")
		result, _ := mustRun(t, c)
		next, err := InitConfig(result.Dir, "", nil)
		if err != nil {
			t.Fatal(err)
		}
		if next.Config != c.Config || next.Seed != c.Seed || next.Batch != c.Batch || next.LR != c.LR {
			t.Errorf("the checkpoint says %+v, the run was %+v", next, c)
		}
		next.Data, next.Out, next.Device, next.Exact = c.Data, c.Out, c.Device, true
		next.Seed, next.Trace = 99, c.Trace // what the checkpoint holds comes after the seed
		c = next
	}
	text, err := os.ReadFile(c.Trace)
	if err != nil {
		t.Fatal(err)
	}
	_, digests, _ := strings.Cut(string(text), `"generator"`)
	return digests
}

func TestARunGoesOnWhereItsCheckpointStood(t *testing.T) {
	want := digestsAfter8(t)
	for _, stops := range [][]int{{4}, {3}, {1, 6, 7}} { // half-way, at an epoch's end, several times
		if got := digestsAfter8(t, stops...); got != want {
			t.Errorf("by way of %v the networks are others", stops)
		}
	}
}

func TestInitFromAGeneratorAlone(t *testing.T) {
	c := smallConfig(t)
	c.Steps = 1
	result, _ := mustRun(t, c)
	file, err := formats.Open(result.Checkpoint)
	if err != nil {
		t.Fatal(err)
	}
	state, err := weights.Find(file.Root, "generator")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "generator.pt")
	if err := atomicfile.Write(path, false, func(w io.Writer) error { return pt.Write(w, "generator.pt", state, nil) }); err != nil {
		t.Fatal(err)
	}
	next, err := InitConfig(path, "", nil)
	if err != nil || next.NgF != c.NgF {
		t.Fatal(err, next)
	}
	next.Data, next.Out, next.Device, next.NdF, next.Steps = c.Data, c.Out, c.Device, 4, 2
	if result, _ := mustRun(t, next); result.Steps != 2 {
		t.Errorf("%+v", result)
	}
}

func TestARunThatIsDoneSaysSo(t *testing.T) {
	c := smallConfig(t)
	c.Steps = 2
	result, _ := mustRun(t, c)
	c.Init = result.Dir
	if _, err := Run(context.Background(), c, &listener{}); err == nil || !strings.Contains(err.Error(), "is at step 2 of") {
		t.Errorf("got %v", err)
	}
}

// Epochs that were had count as had, whatever the batch was.
func TestEpochsCountAcrossBatchSizes(t *testing.T) {
	c := smallConfig(t)
	first, _ := mustRun(t, c) // 2 epochs of 3 steps
	next, err := InitConfig(first.Dir, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	next.Data, next.Out, next.Device, next.Batch, next.Epochs = c.Data, c.Out, c.Device, 8, 4
	result, l := mustRun(t, next)
	if want := 6 + 2*5; result.Steps != want { // 2 more epochs of 5 steps
		t.Errorf("ended after %d steps, want %d", result.Steps, want)
	}
	lines := statsOf(t, result.Dir)
	if lines[0].Epoch != 3 || lines[len(lines)-1].Epoch != 4 || l.begin.Epochs != 4 {
		t.Errorf("epochs %d to %d of %d, want 3 to 4 of 4", lines[0].Epoch, lines[len(lines)-1].Epoch, l.begin.Epochs)
	}
	next.Epochs = 2
	if _, err := Run(context.Background(), next, &listener{}); err == nil || !strings.Contains(err.Error(), "is at step 6 of epoch 2") {
		t.Errorf("got %v", err)
	}
}

// An epoch that was left half-way is not had: with another batch size it begins again.
func TestHalfAnEpochIsNotHad(t *testing.T) {
	c := smallConfig(t)
	c.Steps = 4 // an epoch and a third
	first, _ := mustRun(t, c)
	c.Init, c.Steps, c.Batch, c.Epochs = first.Checkpoint, 0, 8, 3
	result, l := mustRun(t, c)
	lines := statsOf(t, result.Dir)
	if result.Steps != 4+2*5 || lines[0].Epoch != 2 || l.begin.Epochs != 3 {
		t.Errorf("ended after %d steps, began with epoch %d of %d: want 14, 2 and 3", result.Steps, lines[0].Epoch, l.begin.Epochs)
	}
	c.Batch = 16 // the same: the epoch goes on
	if result, _ := mustRun(t, c); result.Steps != 9 {
		t.Errorf("ended after %d steps, want 9", result.Steps)
	}
}

// A last step that leaves no numbers makes no checkpoint.
func TestAnUpdateThatDivergesIsNotSaved(t *testing.T) {
	c := smallConfig(t)
	c.Steps = 3
	first, _ := mustRun(t, c)
	c.Init, c.Steps, c.Exact = first.Checkpoint, 4, true
	r := newRun(c, &listener{}, atomicfile.System())
	err := torch.Do("", func() error {
		defer r.close()
		if err := r.open(context.Background()); err != nil {
			return err
		}
		if err := errors.Join(r.shuffle(), r.step(context.Background())); err != nil {
			return err
		}
		r.trainer.generator.Parameters()[0].Detach().Mul_(math.Inf(1))
		return r.save()
	})
	if err == nil || !strings.Contains(err.Error(), "train step 4: training has diverged: the generator's layer1.0.weight") {
		t.Errorf("got %v", err)
	}
	if files, _ := filepath.Glob(filepath.Join(r.result.Dir, "[sc]*-*")); len(files) > 0 {
		t.Errorf("%v was written", files)
	}
	if _, err := formats.Open(filepath.Join(r.result.Dir, "diverged-000004.pt")); err != nil {
		t.Error(err)
	}
}

// A NaN in a weight is told as what it is: where, at which step, and what stands.
func TestDivergedTrainingSaysWhere(t *testing.T) {
	c := smallConfig(t)
	c.Steps = 1
	first, _ := mustRun(t, c)
	for net, key := range map[string]string{"generator": "layer2.0.weight", "discriminator": "layer3.0.bias"} {
		file, err := formats.Open(first.Checkpoint)
		if err != nil {
			t.Fatal(err)
		}
		value, _ := file.Root.(*weights.Dict).Get(net)
		tensor, _ := value.(*weights.Dict).Get(key)
		copy(tensor.(*weights.Tensor).Data, []byte{0, 0, 0xc0, 0x7f}) // a NaN
		path := filepath.Join(t.TempDir(), "nan.pt")
		if err := atomicfile.Write(path, false, func(w io.Writer) error { return pt.Write(w, "nan.pt", file.Root, nil) }); err != nil {
			t.Fatal(err)
		}
		for _, exact := range []bool{false, true} {
			next := c
			next.Init, next.Steps, next.Exact = path, 3, exact
			_, err = Run(context.Background(), next, &listener{})
			if err == nil || !strings.Contains(err.Error(), "train step 2: training has diverged: the ") || !strings.Contains(err.Error(), "no checkpoint of this run") {
				t.Errorf("%s, exact %v: %v", net, exact, err)
			}
		}
	}
}
