package nn

import (
	"strconv"

	"cgan/bindings/torch"
)

// Sequential is torch.nn.Sequential: modules one behind the other, with keys 0, 1, 2, ...
type Sequential struct{ Base }

// NewSequential makes a Sequential.
func NewSequential(modules ...Module) *Sequential {
	s := &Sequential{}
	for i, m := range modules {
		s.Register(strconv.Itoa(i), m)
	}
	return s
}

// Forward runs x through all modules. What lies between them is freed at once, as Python frees it; a
// history that needs the values keeps them.
func (s *Sequential) Forward(x *torch.Tensor) *torch.Tensor { return s.from(0, x) }

// from runs x through the modules from number first on.
func (s *Sequential) from(first int, x *torch.Tensor) *torch.Tensor {
	for i := first; i < len(s.modules); {
		y, taken := s.step(i, x)
		if i > first && y != x {
			x.Free()
		}
		x, i = y, i+taken
	}
	return x
}

// step runs x through module i, and with it through the activation behind it where the two are one op. It
// gives the number of modules that it took.
func (s *Sequential) step(i int, x *torch.Tensor) (y *torch.Tensor, taken int) {
	if i+1 < len(s.modules) {
		layer, fuses := s.modules[i].module.(fusing)
		activation, leaks := s.modules[i+1].module.(leaky)
		if fuses && leaks && layer.fuses(x) {
			return layer.forwardLeaky(x, activation.slope()), 2
		}
	}
	return s.modules[i].module.Forward(x), 1
}

// ForwardLabels is Forward of the image [B, C, H, W] with the planes of label [B] behind its channels. Where
// the first module is a fast convolution, it makes no planes; else it says no.
func (s *Sequential) ForwardLabels(image, label *torch.Tensor) (y *torch.Tensor, ok bool) {
	c, ok := s.modules[0].module.(*Conv2d)
	if !ok || !c.fuses(image) {
		return nil, false
	}
	slope, next := 1.0, 1
	if activation, leaks := s.modules[1].module.(leaky); leaks {
		slope, next = activation.slope(), 2
	}
	return s.from(next, c.forwardLabels(image, label, slope)), true
}
