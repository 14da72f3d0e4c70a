package kernels

import (
	"runtime"
	"slices"
	"strings"
	"testing"
)

func TestFind(t *testing.T) {
	if _, err := Find("mmx"); err == nil || !strings.Contains(err.Error(), "there are") || !strings.Contains(err.Error(), Reference) {
		t.Errorf("an unknown name gave %v, want the names that there are", err)
	}
	for _, e := range All() {
		set, err := Find(e.Name)
		if e.Set == nil {
			if err == nil || e.Lacks == "" || !strings.Contains(err.Error(), e.Lacks) {
				t.Errorf("%s can't run here: got %v, want %q in it", e.Name, err, e.Lacks)
			}
		} else if err != nil || set != e.Set || set.Name() != e.Name {
			t.Errorf("%s: got %v, %v", e.Name, set.Name(), err)
		}
	}
}

// A processor multiplies at least a few values in a nanosecond, and bfloat16 at no less than half the rate of float32: beside
// other work two measurements differ by so much.
func TestPeak(t *testing.T) {
	for _, e := range All() {
		if e.Set == nil {
			continue
		}
		f32, bf16 := e.Set.Peak(false, 1), e.Set.Peak(true, 1)
		t.Logf("%s: float32 %.0f, bfloat16 %.0f GFLOP/s", e.Name, f32, bf16)
		if f32 < 0.1 || bf16 < f32/2 {
			t.Errorf("%s: float32 %.2f, bfloat16 %.2f GFLOP/s", e.Name, f32, bf16)
		}
	}
}

// Each set of this processor's architecture goes through the driver.
func TestEverySetIsTested(t *testing.T) {
	var names []string
	for _, e := range All() {
		names = append(names, e.Name)
	}
	if tested := append(slices.Clone(setsOf[runtime.GOARCH]), Reference); !slices.Equal(names, tested) {
		t.Errorf("there are %v, and the driver tests %v", names, tested)
	}
}

func TestBestIsTheFirstThatIsNotLeftOut(t *testing.T) {
	var without []string
	for _, e := range All() {
		if e.Set == nil {
			continue
		}
		got := Best(without...)
		if e.Name == Reference && got != nil || e.Name != Reference && got != e.Set {
			t.Errorf("without %v the best is %q", without, got.Name())
		}
		without = append(without, e.Name)
	}
	if !slices.Contains(without, Reference) {
		t.Error("the reference can't run here")
	}
}
