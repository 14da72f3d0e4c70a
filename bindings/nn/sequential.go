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
func (s *Sequential) Forward(x *torch.Tensor) *torch.Tensor {
	for i, c := range s.modules {
		input := x
		if x = c.module.Forward(input); i > 0 && x != input {
			input.Free()
		}
	}
	return x
}
