package nn

import (
	"strconv"

	"cgan/bindings/torch"
)

// Sequential is torch.nn.Sequential: modules one after the other, with keys 0, 1, 2, ...
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
		y, consumed := s.step(i, x)
		if i > first && y != x {
			x.Free()
		}
		x, i = y, i+consumed
	}
	return x
}

// at is module i, or nil after the last.
func (s *Sequential) at(i int) Module {
	if i >= len(s.modules) {
		return nil
	}
	return s.modules[i].module
}
