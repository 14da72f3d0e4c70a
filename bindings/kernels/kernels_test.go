package kernels

import (
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
