package train

import (
	"os"
	"os/exec"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"

	"cgan/bindings/hugepages"
	"cgan/bindings/torch"
	"cgan/bindings/torch/torchtest"
)

// TestMemoryStaysFlat compares the resident memory half-way with that at the end, of a run that saves and draws all
// the time: `make memory` goes on to 2,000 steps, or to MEMORY_STEPS, by CGAN_MEMORY_STEPS; without it the way is
// shorter. What a run keeps to show itself, 400 points of its curves, grows until it has them. It trains in a process of its own: what other tests left behind in the heap of this one is five times a run's
// memory, and comes and goes.
func TestMemoryStaysFlat(t *testing.T) {
	steps := 400
	if text := os.Getenv("CGAN_MEMORY_STEPS"); text != "" {
		var err error
		if steps, err = strconv.Atoi(text); err != nil || steps < 20 {
			t.Fatalf("CGAN_MEMORY_STEPS is %q: it must be a number of 20 or more", text)
		}
	}
	first := steps / 2
	const alone = "CGAN_MEMORY_ALONE"
	if os.Getenv(alone) == "" {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.v", "-test.run=^"+t.Name()+"$")
		cmd.Env = append(os.Environ(), alone+"=1")
		output, err := cmd.CombinedOutput()
		if t.Logf("in its own process:\n%s", output); err != nil {
			t.Error(err)
		}
		return
	}
	if err := hugepages.Use(); err != nil { // as cmd/cgan does
		t.Fatal(err)
	}
	torchtest.Do(t, func() { torch.SetNumThreads(1) })
	showShare = 0 // at each save: both measurements are behind it, however fast the machine is
	c := smallConfig(t)
	// Epochs of 40 steps: a run keeps up to 60 frames of its grids for samples.gif, and shall not be on its way to them all the time
	c.Batch = 1
	c.Steps, c.SaveEvery, c.SampleEvery = steps, Every{Steps: steps / 40}, Every{Steps: 50} // beside the ends of epochs
	if device := os.Getenv("CGAN_MEMORY_DEVICE"); device != "" {
		c.Device = device
	}
	var rss, live [2]int
	l := forgetful(func(s Stats) {
		if s.Step%(steps/10) == 0 {
			t.Logf("after %d steps %.1f MB", s.Step, float64(residentKB(t))/1024)
		}
		switch s.Step {
		case first:
			rss[0], live[0] = residentKB(t), torch.Live()
		case steps:
			rss[1], live[1] = residentKB(t), torch.Live()
		}
	})
	if _, err := Run(t.Context(), c, l); err != nil {
		t.Fatal(err)
	}
	growth := 100 * float64(rss[1]-rss[0]) / float64(rss[0])
	t.Logf("resident after %d steps %.1f MB, after %d steps %.1f MB (%+.2f %%); live tensors %d and %d",
		first, float64(rss[0])/1024, steps, float64(rss[1])/1024, growth, live[0], live[1])
	if growth > 2 {
		t.Errorf("resident memory grew by %.2f %%, at most 2 %% is allowed", growth)
	}
	if live[0] != live[1] {
		t.Errorf("live tensors went from %d to %d", live[0], live[1])
	}
}

// forgetful is a reporter that keeps nothing, and calls itself after each step.
type forgetful func(Stats)

func (forgetful) Begin(Begin)     {}
func (f forgetful) Step(s Stats)  { f(s) }
func (forgetful) Saved(...string) {}
func (forgetful) Say(string)      {}

// residentKB is the memory of this process without what Go has freed and keeps for later, which comes and goes.
func residentKB(t *testing.T) int {
	t.Helper()
	debug.FreeOSMemory()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Skip("no /proc/self/status here: ", err)
	}
	_, rest, found := strings.Cut(string(status), "VmRSS:")
	if !found {
		t.Skip("/proc/self/status names no VmRSS")
	}
	kb, err := strconv.Atoi(strings.Fields(rest)[0])
	if err != nil {
		t.Fatal(err)
	}
	return kb
}
