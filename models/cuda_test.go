package models

import (
	"math"
	"testing"

	"cgan/bindings/torch"
	"cgan/bindings/torch/torchtest"
)

// On CUDA a generator draws what it draws on the CPU, but for the rounding of TF32 in convolutions.
func TestCUDADrawsTheCPUsImages(t *testing.T) {
	device := torchtest.CUDA(t)
	var g *Net
	torchtest.Do(t, func() { g = Default().NewGenerator() })
	defer g.Free()
	for _, how := range []struct {
		Compute
		most float64
	}{{Compute{Exact: true}, 0.01}, {Compute{}, 0.01}, {Compute{Precision: BF16}, 0.1}} {
		if err := g.Use(how.Compute); err != nil {
			t.Fatal(err)
		}
		draw := func(on torch.Device) []float32 {
			torchtest.Do(t, func() { g.To(on) })
			images, err := g.Draw(Default(), 2, []int64{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, 1)
			if err != nil {
				t.Fatal(err)
			}
			return images.Pixels
		}
		cpu, cuda := draw(torch.CPU), draw(device)
		var largest, spread float64
		for i := range cpu {
			largest = max(largest, math.Abs(float64(cpu[i]-cuda[i])))
			spread = max(spread, math.Abs(float64(cpu[i])))
		}
		t.Logf("%+v: largest difference %.4g of values up to %.3g", how.Compute, largest, spread)
		if largest > how.most {
			t.Errorf("%+v: a value differs by %v, at most %v is allowed", how.Compute, largest, how.most)
		}
	}
}
