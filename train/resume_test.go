package train

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cgan/models"
	"cgan/train/internal/noiseset"
	"cgan/train/runfolder"
	"cgan/weights/formats"
)

// runOf is what a run of 8 steps leaves. It stops at the given steps and goes on in its folder.
func runOf(t *testing.T, c Config, stops ...int) string {
	t.Helper()
	c.Out = t.TempDir()
	for i, stop := range append(stops, 8) {
		c.Steps = stop
		result, _ := mustRun(t, c)
		if stop == 8 {
			return left(t, result)
		}
		next, err := ResumeConfig(result.Dir)
		if err != nil {
			t.Fatal(i, err)
		}
		c = next
	}
	panic("unreachable")
}

// left is what a run leaves: every line of its statistics but the times, and the sha256 of its last checkpoint, which holds
// the weights, Adam's moments, the random numbers and where the run stands.
func left(t *testing.T, result Result) string {
	t.Helper()
	var all strings.Builder
	text, err := os.ReadFile(filepath.Join(result.Dir, "stats.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(strings.TrimSpace(string(text)), "\n") {
		var record map[string]any
		if err := json.Unmarshal([]byte(line), &record); err != nil {
			t.Fatal(err)
		}
		delete(record, "time")
		delete(record, "images_per_s")
		fmt.Fprintln(&all, record)
	}
	if text, err = os.ReadFile(result.Checkpoint); err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(&all, "%s %x\n", filepath.Base(result.Checkpoint), sha256.Sum256(text))
	return all.String()
}

// computes are the ways to compute that a run may have.
var computes = map[string]models.Compute{"exact": {Exact: true, Precision: models.F32}, "fast": {Precision: models.F32}, "bf16": {Precision: models.BF16}}

func TestAResumedRunIsTheRunWithoutAStop(t *testing.T) {
	for name, how := range computes {
		c := smallConfig(t)
		c.Compute, c.Seed = how, 4
		want := runOf(t, c)
		for _, stops := range [][]int{{4}, {3}, {1, 6, 7}} { // half-way, at an epoch's end, several times
			if got := runOf(t, c, stops...); got != want {
				t.Errorf("%s: by way of %v the run is another", name, stops)
			}
		}
	}
}

// A run of ten epochs of three steps that is interrupted at random steps, 20 times in the three ways to compute, is the run
// that was not.
func TestTwentyInterruptionsChangeNothing(t *testing.T) {
	const steps = 30
	seed := rand.Uint64()
	for name, count := range map[string]int{"exact": 7, "fast": 7, "bf16": 6} {
		random := rand.New(rand.NewPCG(seed, 0))
		c := smallConfig(t)
		c.Compute, c.Seed, c.Epochs = computes[name], 5, steps/3
		sound, _ := mustRun(t, c)
		var stops []int
		for _, before := range random.Perm(steps - 1)[:count] {
			stops = append(stops, before+1)
		}
		slices.Sort(stops)
		c.Out = t.TempDir()
		for _, stop := range stops {
			result := interruptedAfter(t, c, stop)
			var err error
			if c, err = ResumeConfig(result.Dir); err != nil {
				t.Fatal(err)
			}
		}
		result, _ := mustRun(t, c)
		t.Logf("%s, seed %d: interrupted after steps %v", name, seed, stops)
		if left(t, result) != left(t, sound) {
			t.Errorf("%s: the run that was interrupted is another", name)
		}
	}
}

// interruptedAfter trains to the step, where the context ends.
func interruptedAfter(t *testing.T, c Config, step int) Result {
	t.Helper()
	ctx, interrupt := context.WithCancel(context.Background())
	defer interrupt()
	result, err := Run(ctx, c, &listener{step: func(s Stats) {
		if s.Step == step {
			interrupt()
		}
	}})
	if err != nil || !result.Interrupted || result.Steps != step {
		t.Fatalf("interrupted after step %d: %+v, %v", step, result, err)
	}
	return result
}

// A killed run has statistics of steps that no checkpoint has, half a line, and perhaps half a checkpoint.
func TestAKilledRunIsResumed(t *testing.T) {
	c := smallConfig(t)
	c.Steps = 8
	whole, _ := mustRun(t, c)
	c.Out = t.TempDir()
	killed, _ := mustRun(t, c)
	for _, name := range []string{"checkpoint-000008.pt", "samples-000008.png"} {
		if err := os.Remove(filepath.Join(killed.Dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	stats := filepath.Join(killed.Dir, "stats.jsonl")
	if err := os.Truncate(stats, size(t, stats)-10); err != nil {
		t.Fatal(err)
	}
	newest := filepath.Join(killed.Dir, "checkpoint-000006.pt")
	if err := os.Truncate(newest, size(t, newest)/2); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(killed.Dir, ".checkpoint-000008.pt.x.tmp"), []byte("half"), 0o644); err != nil {
		t.Fatal(err)
	}
	w, err := models.Open(killed.Dir, "")
	if err != nil || filepath.Base(w.File.Path) != "checkpoint-000003.pt" || !strings.Contains(strings.Join(w.File.Notices, ""), "checkpoint-000006.pt") {
		t.Fatalf("%+v, %v", w, err)
	}
	c, err = ResumeConfig(killed.Dir)
	if err != nil {
		t.Fatal(err)
	}
	result, said := mustRun(t, c)
	if left(t, result) != left(t, whole) {
		t.Error("the killed run that went on is another")
	}
	if said.stats[0].Step != 4 {
		t.Errorf("it went on with step %d", said.stats[0].Step)
	}
	if litter, _ := filepath.Glob(filepath.Join(killed.Dir, ".*.tmp")); len(litter) != 0 {
		t.Errorf("%v stays", litter)
	}
}

// A damaged checkpoint takes no whole one's place, and goes with the first save.
func TestADamagedCheckpointCountsForNone(t *testing.T) {
	c := smallConfig(t)
	c.Steps, c.SaveEvery, c.Keep = 5, Every{Steps: 1}, 2
	result, _ := mustRun(t, c)
	if err := os.Truncate(result.Checkpoint, size(t, result.Checkpoint)/2); err != nil {
		t.Fatal(err)
	}
	next, err := ResumeConfig(result.Dir)
	if err != nil {
		t.Fatal(err)
	}
	next.Steps, next.SaveEvery = 8, Every{Steps: 3}
	l := &listener{}
	l.step = func(s Stats) {
		if got := strings.Join(names(t, result.Dir+"/checkpoint-*"), " "); s.Step == 5 && got != "checkpoint-000004.pt checkpoint-000005.pt" ||
			s.Step == 7 && got != "checkpoint-000004.pt checkpoint-000006.pt" {
			t.Errorf("at step %d the folder keeps %s", s.Step, got)
		}
	}
	if _, err := Run(context.Background(), next, l); err != nil {
		t.Fatal(err)
	}
}

// Statistics that lack lines before the checkpoint are said to.
func TestStatisticsThatLackLines(t *testing.T) {
	c := smallConfig(t)
	c.Steps = 3
	result, _ := mustRun(t, c)
	stats := filepath.Join(result.Dir, "stats.jsonl")
	if err := os.Truncate(stats, size(t, stats)-10); err != nil {
		t.Fatal(err)
	}
	next, err := ResumeConfig(result.Dir)
	if err != nil {
		t.Fatal(err)
	}
	next.Steps = 4
	if _, said := mustRun(t, next); !strings.Contains(strings.Join(said.said, "\n"), "no lines of the steps 3 to 3") {
		t.Errorf("said %q", said.said)
	}
}

func size(t *testing.T, path string) int64 {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

func TestResumeRefuses(t *testing.T) {
	c := smallConfig(t)
	c.Steps = 4
	result, _ := mustRun(t, c)
	refused := func(want string, change func(*Config)) {
		t.Helper()
		next, err := ResumeConfig(result.Dir)
		if err != nil {
			t.Fatal(err)
		}
		next.Steps = 6
		change(&next)
		if _, err = Run(context.Background(), next, &listener{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not say %q", err, want)
		}
	}
	refused("is at step 4 of", func(c *Config) { c.Steps = 4 })
	refused("other images or labels", func(c *Config) { c.Data = noiseset.Write(t, 41) })
	refused("it is of 40 images in batches of 16", func(c *Config) { c.Batch = 8 })
	lock, err := runfolder.Take(result.Dir)
	if err != nil {
		t.Fatal(err)
	}
	refused("another process trains there", func(*Config) {})
	lock.Release()
	if _, err := ResumeConfig(t.TempDir()); err == nil {
		t.Error("an empty folder is resumed")
	}
	for _, step := range []string{"000003", "000004"} {
		if err := os.Truncate(filepath.Join(result.Dir, "checkpoint-"+step+".pt"), 100); err != nil {
			t.Fatal(err)
		}
	}
	_, err = formats.Open(filepath.Join(result.Dir, "checkpoint-000004.pt"))
	refused(err.Error(), func(*Config) {})
	if errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}
