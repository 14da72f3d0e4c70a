package train

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cgan/models"
	"cgan/weights/atomicfile"
)

func names(t *testing.T, pattern string) (all []string) {
	t.Helper()
	paths, err := filepath.Glob(pattern)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range paths {
		all = append(all, filepath.Base(p))
	}
	return all
}

func TestSaveEveryAndKeep(t *testing.T) {
	c := smallConfig(t)
	c.Steps, c.SaveEvery, c.SampleEvery, c.Keep = 8, Every{Steps: 2}, Every{Steps: 5}, 2
	result, said := mustRun(t, c)
	if got := strings.Join(names(t, result.Dir+"/checkpoint-*"), " "); got != "checkpoint-000006.pt checkpoint-000008.pt" {
		t.Errorf("the folder keeps %s", got)
	}
	saved := ""
	for _, path := range said.saved {
		saved += strings.TrimPrefix(strings.TrimSuffix(filepath.Base(path), filepath.Ext(path)), "checkpoint-") + " "
	}
	// Epochs have 3 steps: their ends are saved besides.
	if want := "000002 samples-000003 000003 000004 samples-000005 000006 samples-000006 000008 samples-000008 "; saved != want {
		t.Errorf("saved %s, want %s", saved, want)
	}
}

func TestTimeLimitSavesAndEnds(t *testing.T) {
	c := smallConfig(t)
	c.TimeLimit = Every{Time: time.Nanosecond}
	result, _ := mustRun(t, c)
	if !result.TimeIsUp || result.Interrupted || result.Steps != 1 || filepath.Base(result.Checkpoint) != "checkpoint-000001.pt" {
		t.Errorf("%+v", result)
	}
	next, err := ResumeConfig(result.Dir)
	if err != nil {
		t.Fatal(err)
	}
	next.TimeLimit = Every{}
	if result, _ = mustRun(t, next); result.Steps != 6 || result.TimeIsUp {
		t.Errorf("%+v", result)
	}
}

// A save that fails is tried again; training goes on meanwhile, and only a last one that fails is an error.
func TestAFailedSaveIsTriedAgain(t *testing.T) {
	for _, back := range []bool{true, false} {
		c := smallConfig(t)
		c.Steps, c.SaveEvery = 6, Every{Steps: 2}
		l := &listener{}
		l.step = func(s Stats) {
			dir, away := l.begin.Dir, l.begin.Dir+"-away"
			if s.Step == 3 {
				if err := os.Rename(dir, away); err != nil {
					t.Fatal(err)
				}
			}
			if s.Step == 6 && back {
				if err := os.Rename(away, dir); err != nil {
					t.Fatal(err)
				}
			}
		}
		result, err := Run(context.Background(), c, l)
		if result.Steps != 6 || !strings.Contains(strings.Join(l.said, "\n"), "the next save tries again") {
			t.Errorf("%+v, said %q", result, l.said)
		}
		if back && (err != nil || filepath.Base(result.Checkpoint) != "checkpoint-000006.pt") {
			t.Errorf("%+v, %v", result, err)
		}
		if !back && (err == nil || !strings.Contains(err.Error(), "the last save failed") || !strings.Contains(err.Error(), "checkpoint-000002.pt, the last one, is gone too")) {
			t.Errorf("%v", err)
		}
	}
}

func TestEvery(t *testing.T) {
	for text, want := range map[string]Every{"0": {}, "500": {Steps: 500}, "10m": {Time: 10 * time.Minute}, "1h30m": {Time: 90 * time.Minute}} {
		var e Every
		if err := e.Set(text); err != nil || e != want {
			t.Errorf("%s: %+v, %v", text, e, err)
		}
		var again Every
		if coded, err := json.Marshal(e); err != nil || json.Unmarshal(coded, &again) != nil || again != e {
			t.Errorf("%s becomes %s, %+v", text, coded, again)
		}
	}
	for _, text := range []string{"-1", "often", "1.5", "-2m", "99999999999", ""} {
		if err := new(Every).Set(text); err == nil || !strings.Contains(err.Error(), "such as 10m") {
			t.Errorf("%q: %v", text, err)
		}
	}
	c := Default()
	c.TimeLimit = Every{Steps: 3}
	if _, ok := c.Validate().(*models.FieldError); !ok {
		t.Error("a time limit in steps is taken")
	}
}

// hearer is a listener that acts on what is said.
type hearer struct {
	listener
	hear func(string)
}

func (h *hearer) Say(text string) {
	h.listener.Say(text)
	h.hear(text)
}

// An end that comes while an epoch's save fails does not begin the next epoch.
func TestAnInterruptBehindAFailedSaveIsTheEpochsEnd(t *testing.T) {
	c := smallConfig(t) // 3 steps an epoch
	whole, _ := mustRun(t, c)
	c.Out = t.TempDir()
	ctx, interrupt := context.WithCancel(context.Background())
	h := &hearer{}
	h.step = func(s Stats) {
		if s.Step == 3 {
			if err := os.Rename(h.begin.Dir, h.begin.Dir+"-away"); err != nil {
				t.Error(err)
			}
		}
	}
	h.hear = func(text string) {
		if strings.Contains(text, "next save tries again") && os.Rename(h.begin.Dir+"-away", h.begin.Dir) == nil {
			interrupt()
		}
	}
	result, err := Run(ctx, c, h)
	if err != nil || !result.Interrupted || filepath.Base(result.Checkpoint) != "checkpoint-000003.pt" {
		t.Fatalf("%+v, %v, said %q", result, err, h.said)
	}
	next, err := ResumeConfig(result.Dir)
	if err != nil {
		t.Fatal(err)
	}
	result, _ = mustRun(t, next)
	if left(t, result) != left(t, whole) {
		t.Error("the run that went on is another")
	}
}

// A batch that can't be read ends the run with all of its steps saved.
func TestABatchThatCannotBeReadLosesNothing(t *testing.T) {
	c := smallConfig(t)
	l := &listener{}
	var r *run
	l.step = func(s Stats) {
		if s.Step == 2 {
			r.set.Images.Pixels = nil // and there is no file
			r.loader.Wait()
		}
	}
	r = newRun(c, l, atomicfile.System())
	result, err := r.train(context.Background())
	if err == nil || !strings.Contains(err.Error(), "from the cache") {
		t.Fatal(err)
	}
	if got := names(t, result.Dir+"/checkpoint-*"); len(got) != 1 || got[0] != "checkpoint-000002.pt" {
		t.Errorf("the folder keeps %v", got)
	}
}
