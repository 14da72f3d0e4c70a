package benchmark

import (
	"context"
	"math"
	"testing"

	"cgan/bindings/fused"
	"cgan/bindings/kernels"
	"cgan/train"
	"cgan/train/internal/noiseset"
)

func TestWorkIsByStepAndThread(t *testing.T) {
	var then, now []fused.WorkTime
	for i, name := range []string{"pack", "product", "fold"} {
		then = append(then, fused.WorkTime{Name: name, Passed: 1e6, Busy: 2e6})
		now = append(now, fused.WorkTime{Name: name, Passed: then[i].Passed, Busy: then[i].Busy})
	}
	now[0].Passed, now[0].Busy = 9e6, 14e6 // 8 and 12 ms more
	now[1].Passed, now[1].Busy = 5e6, 10e6 // 4 and 8
	got := workBetween(then, now, 4, 2)
	want := []Work{{"pack", 2, 0.5}, {"product", 1, 0}}
	if len(got) != len(want) || got[0] != want[0] || got[1] != want[1] {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestBenchTellsWorkThatFitsIntoTheStep(t *testing.T) {
	c := train.Default()
	c.Data, c.Device = noiseset.Write(t, 40), "cpu"
	c.Noise, c.NgF, c.NdF, c.Batch = 6, 4, 4, 16
	c.Steps, c.Kernels = 2, kernels.Reference
	for _, exact := range []bool{false, true} {
		c.Exact = exact
		s, err := Run(context.Background(), c, "train")
		if err != nil {
			t.Fatal(err)
		}
		sum := 0.0
		for _, w := range s.Work {
			sum += w.Ms
		}
		if sum > s.StepMsMean || math.IsNaN(sum) || exact != (sum == 0) {
			t.Errorf("exact %v: %v in a step of %.2f ms", exact, s.Work, s.StepMsMean)
		}
	}
}
