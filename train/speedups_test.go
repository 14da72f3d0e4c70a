package train

import (
	"slices"
	"testing"

	"cgan/bindings/fused"
	"cgan/bindings/kernels"
	"cgan/models"
)

// traces is what a training step leaves of the speed-ups that it used.
type traces struct {
	work  map[string]bool // kinds of work that the fused ops did
	grads []float32       // a gradient of D's after G's step
}

// step trains one step on the reference kernels, which every machine has.
func step(t *testing.T, without ...models.SpeedUp) traces {
	t.Helper()
	c := smallConfig(t)
	c.Kernels, c.Without = kernels.Reference, without
	before := fused.WorkTimes()
	_, grads := gradients(t, c, 3)
	found := traces{map[string]bool{}, grads["D.layer1.0.weight"]}
	for i, w := range fused.WorkTimes() {
		found.work[w.Name] = w.Passed > before[i].Passed
	}
	return found
}

// Each speed-up leaves something in a step that is gone without it, and without it alone.
func TestEachSpeedUpIsSwitchedOff(t *testing.T) {
	all := step(t)
	marks := map[models.SpeedUp]string{models.Labels: "label", models.Norm: "norm", models.Adam: "adam", models.Kernels: "product"}
	for speedUp, mark := range marks {
		if !all.work[mark] {
			t.Errorf("with all speed-ups there is no work %q", mark)
		}
		without := step(t, speedUp).work
		for other, mark := range marks {
			gone := other == speedUp || speedUp == models.Kernels && other != models.Adam // the others stand on the kernels
			if without[mark] == gone {
				t.Errorf("without %s: work %q is %v, want %v", speedUp, mark, without[mark], !gone)
			}
		}
	}
	if slices.Equal(step(t, models.Grads).grads, all.grads) {
		t.Error("without grads the gradients of D's parameters are the same: G's step adds nothing to them")
	}
}
