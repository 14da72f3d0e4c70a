package nn

import (
	"strconv"

	"cgan/bindings/torch"
)

// Chain is modules that run one after the other. They are registered elsewhere: a Chain is no Module.
type Chain []Module

// NewChain makes a Chain.
func NewChain(modules ...Module) Chain { return modules }

// Forward runs x through all modules. What lies between them is freed at once, as Python frees it; a
// history that needs the values keeps them.
func (c Chain) Forward(x *torch.Tensor) *torch.Tensor { return c.from(0, x) }

// from runs x through the modules from number first on.
func (c Chain) from(first int, x *torch.Tensor) *torch.Tensor {
	for i := first; i < len(c); {
		y, consumed := c.step(i, x)
		if i > first && y != x {
			x.Free()
		}
		x, i = y, i+consumed
	}
	return x
}

// at is module i, or nil after the last.
func (c Chain) at(i int) Module {
	if i >= len(c) {
		return nil
	}
	return c[i]
}

// Sequential is torch.nn.Sequential: a Chain with keys 0, 1, 2, ...
type Sequential struct {
	Base
	Chain
}

// NewSequential makes a Sequential.
func NewSequential(modules ...Module) *Sequential {
	s := &Sequential{Chain: modules}
	for i, m := range modules {
		s.Register(strconv.Itoa(i), m)
	}
	return s
}
