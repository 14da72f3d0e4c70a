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

// step runs x through module i, and with it through what stands behind it where all is one op. It gives the
// number of modules that it took.
func (s *Sequential) step(i int, x *torch.Tensor) (y *torch.Tensor, taken int) {
	layer, fuses := s.at(i).(fusing)
	if !fuses || !layer.fuses(x) {
		return s.at(i).Forward(x), 1
	}
	norm, normed := s.at(i + 1).(*BatchNorm2d)
	if normed && norm.fast.Norm && (norm.Training() || !torch.GradEnabled()) {
		slope, taken := s.slopeAt(i + 2)
		return layer.forwardNorm(x, norm, slope), 2 + taken
	}
	slope, taken := s.slopeAt(i + 1)
	return layer.forwardLeaky(x, slope), 1 + taken
}

// at is module i, or nil behind the last.
func (s *Sequential) at(i int) Module {
	if i >= len(s.modules) {
		return nil
	}
	return s.modules[i].module
}

// slopeAt is the slope of module i, one module taken, or none where it is no LeakyReLU.
func (s *Sequential) slopeAt(i int) (slope float64, taken int) {
	if activation, ok := s.at(i).(leaky); ok {
		return activation.slope(), 1
	}
	return 1, 0
}

// ForwardLabels is Forward of the image [B, C, H, W] with the planes of label [B] behind its channels. Where
// the first module is a fast convolution, it makes no planes; else it says no.
func (s *Sequential) ForwardLabels(image, label *torch.Tensor) (y *torch.Tensor, ok bool) {
	c, ok := s.at(0).(*Conv2d)
	if !ok || !c.fuses(image) {
		return nil, false
	}
	slope, taken := s.slopeAt(1)
	return s.from(1+taken, c.forwardLabels(image, label, slope)), true
}
