package optim

import (
	"math"
	"testing"

	"cgan/bindings/torch"
	"cgan/bindings/torch/torchtest"
)

// The first step of Adam moves a parameter by lr against the sign of its gradient, whatever its size;
// the second follows from the definition, here in float64.
func TestAdamFollowsItsDefinition(t *testing.T) {
	const lr, beta1, beta2, eps = 0.1, 0.5, 0.999, 1e-8
	before := torch.Live()
	err := torch.Do(t.Name(), func() error {
		p := torch.Full([]int64{1}, 4, torch.CPU).RequiresGrad_(true).Keep()
		idle := torch.Full([]int64{1}, 7, torch.CPU).RequiresGrad_(true).Keep()
		adam := NewAdam([]*torch.Tensor{p, idle}, lr, beta1, beta2)
		x, mean, variance := 4.0, 0.0, 0.0
		for step := 1.0; step <= 3; step++ {
			gradient := 0.5 / math.Sqrt(x) // of sqrt
			p.ZeroGrad()
			p.Sqrt().Backward()
			adam.Step()
			mean = beta1*mean + (1-beta1)*gradient
			variance = beta2*variance + (1-beta2)*gradient*gradient
			x -= lr * (mean / (1 - math.Pow(beta1, step))) / (math.Sqrt(variance/(1-math.Pow(beta2, step))) + eps)
			if got := p.Item(); math.Abs(got-x) > 1e-5 {
				t.Errorf("step %v gives %v, want %v", step, got, x)
			}
		}
		if idle.Item() != 7 || adam.States()[1].ExpAvg != nil {
			t.Error("a parameter without gradient moved or got a state")
		}
		adam.Free()
		p.Free()
		idle.Free()
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if leaked := torch.Live() - before; leaked != 0 {
		t.Errorf("%d tensors leaked", leaked)
	}
}

// With a rate of 0 nothing moves, whether the rate was so from the beginning or is set between steps.
func TestSetLR(t *testing.T) {
	devices := map[string]torch.Device{"CPU": torch.CPU}
	if device, err := torch.CUDA(); err == nil {
		devices["CUDA"] = device
	}
	for name, device := range devices {
		torchtest.Do(t, func() {
			p := torch.Full([]int64{3}, 4, device).RequiresGrad_(true)
			adam := NewAdam([]*torch.Tensor{p}, 0.1, 0.5, 0.999)
			adam.Fused = true
			defer adam.Free()
			var seen []float64
			for _, lr := range []float64{0.1, 0, 0.1} {
				adam.SetLR(lr)
				p.ZeroGrad()
				p.Sqrt().Sum().Backward()
				adam.Step()
				seen = append(seen, p.Mean().Item())
			}
			if seen[0] == 4 || seen[1] != seen[0] || seen[2] == seen[1] {
				t.Errorf("%s: values %v after rates of 0.1, 0 and 0.1", name, seen)
			}
		})
	}
}
