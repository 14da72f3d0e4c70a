package train

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cgan/bindings/torch"
	"cgan/bindings/torch/torchtest"
	"cgan/models"
	"cgan/train/checkpoint"
	"cgan/train/runfolder"
	"cgan/weights/atomicfile"
	"cgan/weights/atomicfile/disktest"
)

// savingSteps is how often a run saves in these tests.
const savingSteps = 3

// saving is a run that saves after each step, and keeps one checkpoint. Its steps train nothing.
type saving struct {
	*run
	said *listener
}

// saveOn takes all of a run's calls on a disk: settings, statistics, checkpoints, the oldest away. The error is of a run that
// could not begin.
func saveOn(t *testing.T, trainer *Trainer, dir string, disk atomicfile.Disk) (s saving, begun error) {
	t.Helper()
	s = saving{&run{config: trainer.config, trainer: trainer, disk: disk, result: Result{Dir: dir}}, &listener{}}
	s.report = s.said
	var err error
	if s.lock, err = runfolder.Take(dir); err != nil {
		t.Fatal(err)
	}
	defer s.lock.Release()
	if s.stats, err = runfolder.OpenLog(disk, dir); err != nil {
		return s, err
	}
	if err := s.saveConfig(); err != nil {
		s.stats.Close()
		return s, err
	}
	for step := 1; step <= savingSteps; step++ {
		s.at = checkpoint.Progress{Step: step, Epoch: 1, EpochStep: step, EpochRNG: []byte{1, 2, 3}, Batch: 16, Images: 100}
		s.sayLog(s.stats.Write(Stats{Step: step}))
		if err := s.save(); err != nil {
			t.Fatal(err)
		}
	}
	s.stats.Close()
	return s, nil
}

// reported is the step of the last checkpoint that the run said it had saved.
func (s saving) reported() (step int) {
	if n := len(s.said.saved); n > 0 {
		fmt.Sscanf(filepath.Base(s.said.saved[n-1]), "checkpoint-%d.pt", &step)
	}
	return step
}

// Whichever call of a save fails, writes short or writes something else, and wherever the power goes: what was said to be
// saved is there, whole, with the statistics up to it and the settings, and nothing stays that is half-written.
func TestSavesOnADiskThatBreaks(t *testing.T) {
	c := smallConfig(t)
	c.Noise, c.NgF, c.NdF, c.Keep = 2, 1, 1, 1
	random := rand.New(rand.NewPCG(2, 2))
	torchtest.Do(t, func() {
		trainer, err := NewTrainer(c, torch.CPU)
		if err != nil {
			t.Fatal(err)
		}
		defer trainer.Free()
		whole := wholeSaves(t, trainer)
		for _, fault := range []disktest.Fault{disktest.Fails, disktest.Short, disktest.Changed, disktest.Crash} {
			calls := 0
			for saveBroken(t, trainer, whole, random, fault, calls+1) {
				calls++
			}
			t.Logf("a disk that %s: at each of %d calls", fault, calls)
			if calls < 2*savingSteps {
				t.Errorf("a run makes only %d calls that can meet a disk that %s", calls, fault)
			}
		}
	})
}

// wholeSaves are the checkpoints by step, as a sound disk has them.
func wholeSaves(t *testing.T, trainer *Trainer) (whole [savingSteps + 1][]byte) {
	t.Helper()
	dir := t.TempDir()
	trainer.config.Keep = 0
	defer func() { trainer.config.Keep = 1 }()
	if s, err := saveOn(t, trainer, dir, atomicfile.System()); err != nil || s.reported() != savingSteps {
		t.Fatal(err, s.said.said)
	}
	for step := 1; step <= savingSteps; step++ {
		var err error
		if whole[step], err = os.ReadFile(filepath.Join(dir, fmt.Sprintf("checkpoint-%06d.pt", step))); err != nil {
			t.Fatal(err)
		}
	}
	return whole
}

// saveBroken saves on a disk that breaks at the call, and says whether it broke.
func saveBroken(t *testing.T, trainer *Trainer, whole [savingSteps + 1][]byte, random *rand.Rand, fault disktest.Fault, call int) bool {
	t.Helper()
	folder := disktest.New(t, t.TempDir(), fault, call)
	s, begun := saveOn(t, trainer, folder.Path, folder.Disk())
	what := fmt.Sprintf("the disk %s at call %d, %s", fault, call, folder.Broke())
	after := s.reported()
	if last := s.lastSave(); begun == nil && (last == nil) != (after == savingSteps) {
		t.Errorf("%s: %v, but step %d was saved last", what, last, after)
	}
	if fault != disktest.Crash {
		checkSaved(t, what, folder.Path, whole, after)
	}
	for _, state := range folder.States(t, random, 8) {
		checkSaved(t, what+", and the power goes", state, whole, after)
	}
	return folder.Broke() != ""
}

// checkSaved does what the next start does, and wants the checkpoint of the step or a later one, its statistics and settings.
func checkSaved(t *testing.T, what, dir string, whole [savingSteps + 1][]byte, atLeast int) {
	t.Helper()
	runfolder.Sweep(dir)
	if litter, _ := filepath.Glob(filepath.Join(dir, ".*")); len(litter) > 0 {
		t.Errorf("%s: %v stays", what, litter)
	}
	if paths, _ := models.Checkpoints(dir); len(paths) == 0 && atLeast == 0 {
		return
	}
	w, err := models.Open(dir, "")
	if err != nil {
		t.Errorf("%s: step %d was saved, and now: %v", what, atLeast, err)
		return
	}
	value, _ := w.Get("step")
	step := int(value.(int64))
	text, err := os.ReadFile(w.File.Path)
	if step < atLeast || err != nil || !bytes.Equal(text, whole[step]) || len(w.File.Notices) > 0 {
		t.Errorf("%s: step %d was saved, and step %d is opened, %v, %v", what, atLeast, step, err, w.File.Notices)
	}
	if _, err := ResumeConfig(dir); err != nil {
		t.Errorf("%s: %v", what, err)
	}
	_, err = runfolder.CutLog(atomicfile.System(), dir, step)
	if lines := statsOf(t, dir); err != nil || len(lines) != step || lines[step-1].Step != step {
		t.Errorf("%s: beside the checkpoint of step %d the statistics are %+v, %v", what, step, lines, err)
	}
}

// A run whose disk fails or loses its power at a random call goes on, and is the run that had no fault.
func TestARunGoesOnAfterADiskBroke(t *testing.T) {
	c := smallConfig(t)
	c.Steps = 4
	sound, _ := mustRun(t, c)
	want := left(t, sound)
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	c.Steps, c.SaveEvery, c.Keep = 3, Every{Steps: 1}, 1
	for i := range 10 {
		c.Out = t.TempDir()
		fault := []disktest.Fault{disktest.Fails, disktest.Crash}[i%2]
		folder := disktest.New(t, filepath.Join(c.Out, filepath.Base(sound.Dir)), fault, 1+random.IntN(70))
		_, _ = newRun(c, &listener{}, folder.Disk()).train(context.Background()) // the test above looks at what it says
		for _, dir := range folder.States(t, random, 4)[2:] {
			if paths, _ := models.Checkpoints(dir); len(paths) == 0 {
				continue // it broke before the first save
			}
			next, err := ResumeConfig(dir)
			if err != nil {
				t.Fatal(err)
			}
			next.Steps = 4
			if result, _ := mustRun(t, next); left(t, result) != want {
				t.Errorf("the disk %s at %s, and the run that goes on is another", fault, folder.Broke())
			}
		}
	}
}

// A step that finds no memory ends the run with the sizes that were asked for, and the checkpoint before it stands.
func TestNoMemoryForAStep(t *testing.T) {
	c := smallConfig(t)
	c.Steps, c.SaveEvery = 4, Every{Steps: 2}
	l := &listener{}
	r := newRun(c, l, atomicfile.System())
	l.step = func(s Stats) {
		if s.Step == 3 {
			r.trainer.generator.Arch().Source[0].Arguments["size"] = []int64{1 << 45, 1, 1} // more than any machine has for the next step's noise
		}
	}
	result, err := r.train(context.Background())
	var field *models.FieldError
	if !errors.As(err, &field) || field.Field != "batch" {
		t.Fatal(err)
	}
	for _, want := range []string{"is 16, which with ngf 4 and ndf 4 takes more memory", "checkpoint-000003.pt is from before and stands", "(train step 4: randn", "bytes"} {
		if !strings.Contains(field.Problem, want) {
			t.Errorf("%s does not say %q", field.Problem, want)
		}
	}
	if w, err := models.Open(result.Dir, ""); err != nil || w.File.Path != result.Checkpoint || filepath.Base(result.Checkpoint) != "checkpoint-000003.pt" {
		t.Errorf("%+v, %v", result, err)
	}
}
