package optim

import (
	"slices"
	"testing"

	"cgan/bindings/fused"
	"cgan/bindings/kernels"
	"cgan/bindings/torch"
	"cgan/bindings/torch/torchtest"
)

// A drawing after a step of the average has its new weights: packed ones of before are not used again.
func TestADrawingHasTheNewAverage(t *testing.T) {
	set := kernels.Best()
	if set == nil {
		t.Skip("no kernels here")
	}
	torchtest.Do(t, func() {
		average, parameter := torch.Randn([]int64{32, 32, 3, 3}, torch.CPU).RequiresGrad_(true), torch.Randn([]int64{32, 32, 3, 3}, torch.CPU)
		x, bias := torch.Randn([]int64{2, 32, 5, 5}, torch.CPU).Type(torch.BFloat16), torch.Randn([]int64{32}, torch.CPU)
		conv := fused.Conv{Kernels: set, Stride: 1, NegativeSlope: 1}
		torch.NoGrad(func() {
			draw := func(weight *torch.Tensor) []float32 {
				return conv.Forward(x, weight, bias).Type(torch.Float32).Float32s()
			}
			before := draw(average)
			EMA([]*torch.Tensor{average}, []*torch.Tensor{parameter}, 0.5)
			got, want := draw(average), draw(average.MulScalar(1))
			if slices.Equal(got, before) || !slices.Equal(got, want) {
				t.Error("it draws with the weights of before")
			}
		})
	})
}
