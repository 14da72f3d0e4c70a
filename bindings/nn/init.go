package nn

import (
	"math"

	"cgan/bindings/torch"
)

// kaimingUniform sets w as torch.nn.init.kaiming_uniform_(w, a=math.sqrt(5)) does: uniform within
// sqrt(3) * gain / sqrt(fanIn) of 0.
func kaimingUniform(w *torch.Tensor, fanIn int64) {
	a := math.Sqrt(5)
	gain := math.Sqrt(2.0 / (1 + torch.Pow(a, 2)))
	std := gain / math.Sqrt(float64(fanIn))
	bound := math.Sqrt(3.0) * std
	torch.NoGrad(func() { w.Uniform_(-bound, bound) })
}

// biasUniform sets b as the layers of torch.nn do: uniform within 1 / sqrt(fanIn) of 0.
func biasUniform(b *torch.Tensor, fanIn int64) {
	bound := 1 / math.Sqrt(float64(fanIn))
	torch.NoGrad(func() { b.Uniform_(-bound, bound) })
}
