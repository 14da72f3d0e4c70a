package train

import (
	"context"
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cgan/bindings/torch"
	"cgan/train/record"
	"cgan/train/runfolder"
	"cgan/weights/atomicfile"
)

// shownFiles are what a run folder shows itself by.
var shownFiles = []string{record.CurvesName, record.GIFName, record.ReadmeName, record.EventsName}

// records counts the records of an event file.
func records(t *testing.T, dir string) (n int) {
	t.Helper()
	file, err := os.ReadFile(filepath.Join(dir, record.EventsName))
	if err != nil {
		t.Fatal(err)
	}
	for ; len(file) > 0; n++ {
		file = file[16+binary.LittleEndian.Uint64(file):]
	}
	return n
}

// At its end, or where it is interrupted, a run shows all of its steps, and how it stands. One that goes on shows what the run
// without a stop would.
func TestARunFolderShowsItsRun(t *testing.T) {
	c := smallConfig(t)
	c.Steps, c.SaveEvery = 7, Every{Steps: 1}
	c.HowTo = func(_ Config, dir string) string { return "here: " + dir }
	ctx, stop := context.WithCancel(context.Background())
	l := &listener{}
	l.step = func(s Stats) {
		if s.Step == 4 {
			stop()
		}
		if s := runfolder.ReadStatus(l.begin.Dir); s.State != runfolder.Running || s.Steps != 7 || s.Epochs != 3 {
			t.Errorf("while it runs: %+v", s)
		}
	}
	result, err := Run(ctx, c, l)
	if err != nil {
		t.Fatal(err)
	}
	want := func(state runfolder.State, step string, events int) {
		t.Helper()
		if s := runfolder.ReadStatus(result.Dir); s.State != state {
			t.Errorf("%+v, want %s", s, state)
		}
		for _, name := range shownFiles {
			if _, err := os.Stat(filepath.Join(result.Dir, name)); err != nil {
				t.Error(err)
			}
		}
		text, _ := os.ReadFile(filepath.Join(result.Dir, record.ReadmeName))
		for _, part := range []string{"step " + step + ": ", "samples-00000" + step + ".png", "here: " + result.Dir, `"batch": 16`} {
			if !strings.Contains(string(text), part) {
				t.Errorf("README.md does not say %q:\n%s", part, text)
			}
		}
		if n := records(t, result.Dir); n != events {
			t.Errorf("%d records of events, want %d", n, events)
		}
	}
	want(runfolder.Interrupted, "4", 1+4+2) // the grids of steps 3 and 4
	next, err := ResumeConfig(result.Dir)
	if err != nil {
		t.Fatal(err)
	}
	next.HowTo = c.HowTo
	result, _ = mustRun(t, next)
	want(runfolder.Finished, "7", 1+7+4)
}

// What can't be shown is told once and ends nothing.
func TestShowingEndsNoTraining(t *testing.T) {
	c := smallConfig(t)
	c.Steps = 9
	l := &listener{}
	l.step = func(s Stats) {
		if err := os.Mkdir(filepath.Join(l.begin.Dir, record.CurvesName), 0o755); err != nil && s.Step == 1 {
			t.Fatal(err)
		}
	}
	result, err := Run(context.Background(), c, l)
	if err != nil || result.Steps != 9 {
		t.Fatalf("%+v, %v", result, err)
	}
	if said := strings.Join(l.said, "\n"); strings.Count(said, record.CurvesName) != 1 || !strings.Contains(said, "training goes on") {
		t.Errorf("said %q", said)
	}
	if _, err := os.Stat(filepath.Join(result.Dir, record.ReadmeName)); err != nil {
		t.Error("for the sake of one file the others are missing")
	}
}

func TestADivergedRunSaysSo(t *testing.T) {
	c := smallConfig(t)
	r := newRun(c, nil, atomicfile.System())
	r.report = &listener{step: func(s Stats) {
		if s.Step == 4 {
			r.trainer.generator.Parameters()[0].Detach().Mul_(math.Inf(1))
		}
	}}
	err := torch.Do("", func() error {
		defer r.close()
		if err := r.open(context.Background()); err != nil {
			return err
		}
		return r.loop(context.Background())
	})
	if s := runfolder.ReadStatus(r.result.Dir); err == nil || s.State != runfolder.Diverged {
		t.Errorf("%+v, %v", s, err)
	}
	if records(t, r.result.Dir) != 1+4+1 {
		t.Error("what it was until then is not shown")
	}
}
