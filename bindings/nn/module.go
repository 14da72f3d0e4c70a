// Package nn is layers and losses with the names of Python's torch.nn.
package nn

import (
	"cgan/bindings/torch"
)

// Module is a layer, or a net of layers, that embeds Base.
type Module interface {
	Forward(x *torch.Tensor) *torch.Tensor
	Parameters() []*torch.Tensor
	base() *Base
}

// Named is a parameter or buffer under its state_dict key, such as layer1.0.weight.
type Named struct {
	Name   string
	Tensor *torch.Tensor
}

// Base holds what every module has: submodules, parameters, buffers and the training mode.
type Base struct {
	modules    []child
	parameters []Named
	buffers    []Named
	eval       bool
	fast       Fast
	sync       Sync
}

type child struct {
	name   string
	module Module
}

func (b *Base) base() *Base { return b }

// Register adds a submodule under a name, as assigning to an attribute does in Python, and returns it.
func (b *Base) Register(name string, module Module) Module {
	b.modules = append(b.modules, child{name, module})
	return module
}

// RegisterParameter keeps t and adds it under a name as a tensor that training changes. It returns t.
func (b *Base) RegisterParameter(name string, t *torch.Tensor) *torch.Tensor {
	t.RequiresGrad_(true).Keep()
	b.parameters = append(b.parameters, Named{name, t})
	return t
}

// RegisterBuffer keeps t and adds it under a name as state that is not trained. It returns t.
func (b *Base) RegisterBuffer(name string, t *torch.Tensor) *torch.Tensor {
	b.buffers = append(b.buffers, Named{name, t.Keep()})
	return t
}

// each visits this module and all below it, with their key prefixes, in order of registration.
func (b *Base) each(prefix string, visit func(prefix string, b *Base)) {
	visit(prefix, b)
	for _, c := range b.modules {
		c.module.base().each(prefix+c.name+".", visit)
	}
}

// NamedParameters lists the parameters with their keys, in PyTorch's order.
func (b *Base) NamedParameters() (named []Named) {
	b.each("", func(prefix string, b *Base) { named = appendPrefixed(named, prefix, b.parameters) })
	return named
}

// Parameters lists the parameters in PyTorch's order.
func (b *Base) Parameters() (parameters []*torch.Tensor) {
	for _, p := range b.NamedParameters() {
		parameters = append(parameters, p.Tensor)
	}
	return parameters
}

// Buffers lists the buffers in PyTorch's order.
func (b *Base) Buffers() (buffers []*torch.Tensor) {
	b.each("", func(_ string, b *Base) {
		for _, n := range b.buffers {
			buffers = append(buffers, n.Tensor)
		}
	})
	return buffers
}

// StateDict lists parameters and buffers with their keys, in the order of PyTorch's state_dict.
func (b *Base) StateDict() (named []Named) {
	b.each("", func(prefix string, b *Base) {
		named = appendPrefixed(named, prefix, b.parameters)
		named = appendPrefixed(named, prefix, b.buffers)
	})
	return named
}

func appendPrefixed(to []Named, prefix string, from []Named) []Named {
	for _, n := range from {
		to = append(to, Named{prefix + n.Name, n.Tensor})
	}
	return to
}

// Train switches the module and all below it to training (true) or evaluation (false).
func (b *Base) Train(mode bool) {
	b.each("", func(_ string, b *Base) { b.eval = !mode })
}

// Eval is Train(false).
func (b *Base) Eval() { b.Train(false) }

// Training says whether the module is in training mode, as a new one is.
func (b *Base) Training() bool { return !b.eval }

// ZeroGrad drops the gradients of all parameters.
func (b *Base) ZeroGrad() {
	for _, p := range b.Parameters() {
		p.ZeroGrad()
	}
}

// RequiresGrad_ says whether the parameters take part in Backward.
func (b *Base) RequiresGrad_(requires bool) {
	for _, p := range b.Parameters() {
		p.RequiresGrad_(requires)
	}
}

// To moves parameters and buffers to device, in place.
func (b *Base) To(device torch.Device) {
	for _, n := range b.StateDict() {
		torch.NoGrad(func() { n.Tensor.SetData(n.Tensor.To(device)) })
	}
}

// Leaf is a module without submodules, such as one convolution.
type Leaf struct {
	Name   string // its key prefix, such as layer1.0
	Module Module
}

// Leaves lists the modules without submodules in order of registration.
func (b *Base) Leaves() (leaves []Leaf) {
	for _, c := range b.modules {
		below := c.module.base().Leaves()
		for _, leaf := range below {
			leaves = append(leaves, Leaf{c.name + "." + leaf.Name, leaf.Module})
		}
		if len(below) == 0 {
			leaves = append(leaves, Leaf{c.name, c.module})
		}
	}
	return leaves
}

// Free ends all parameters and buffers; the module can't be used afterwards.
func (b *Base) Free() {
	for _, n := range b.StateDict() {
		n.Tensor.Free()
	}
}
