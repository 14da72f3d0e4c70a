package nn

import "cgan/bindings/torch"

// ReLU is torch.nn.ReLU.
type ReLU struct{ Base }

// NewReLU makes a ReLU.
func NewReLU() *ReLU { return &ReLU{} }

// Forward keeps the shape.
func (*ReLU) Forward(x *torch.Tensor) *torch.Tensor { return torch.Relu(x) }

// LeakyReLU is torch.nn.LeakyReLU.
type LeakyReLU struct {
	Base
	NegativeSlope float64
}

// NewLeakyReLU makes a LeakyReLU.
func NewLeakyReLU(negativeSlope float64) *LeakyReLU { return &LeakyReLU{NegativeSlope: negativeSlope} }

// Forward keeps the shape.
func (l *LeakyReLU) Forward(x *torch.Tensor) *torch.Tensor {
	return torch.LeakyRelu(x, l.NegativeSlope)
}

// ELU is torch.nn.ELU.
type ELU struct {
	Base
	Alpha float64
}

// NewELU makes an ELU.
func NewELU(alpha float64) *ELU { return &ELU{Alpha: alpha} }

// Forward keeps the shape.
func (e *ELU) Forward(x *torch.Tensor) *torch.Tensor { return torch.Elu(x, e.Alpha) }

// SiLU is torch.nn.SiLU.
type SiLU struct{ Base }

// NewSiLU makes a SiLU.
func NewSiLU() *SiLU { return &SiLU{} }

// Forward keeps the shape.
func (*SiLU) Forward(x *torch.Tensor) *torch.Tensor { return torch.Silu(x) }

// GELU is torch.nn.GELU.
type GELU struct {
	Base
	Approximate string
}

// NewGELU makes a GELU; approximate is none or tanh.
func NewGELU(approximate string) *GELU { return &GELU{Approximate: approximate} }

// Forward keeps the shape.
func (g *GELU) Forward(x *torch.Tensor) *torch.Tensor { return torch.Gelu(x, g.Approximate) }

// Tanh is torch.nn.Tanh.
type Tanh struct{ Base }

// NewTanh makes a Tanh.
func NewTanh() *Tanh { return &Tanh{} }

// Forward keeps the shape. It is float32 for bfloat16 too.
func (*Tanh) Forward(x *torch.Tensor) *torch.Tensor { return torch.Tanh(cast(x, torch.Float32)) }

// Sigmoid is torch.nn.Sigmoid.
type Sigmoid struct{ Base }

// NewSigmoid makes a Sigmoid.
func NewSigmoid() *Sigmoid { return &Sigmoid{} }

// Forward keeps the shape. It is float32 for bfloat16 too, whose 8 bits would make probabilities of 1.
func (*Sigmoid) Forward(x *torch.Tensor) *torch.Tensor { return torch.Sigmoid(cast(x, torch.Float32)) }

// Identity is torch.nn.Identity.
type Identity struct{ Base }

// NewIdentity makes an Identity.
func NewIdentity() *Identity { return &Identity{} }

// Forward is x. It is float32 for bfloat16 too, as those of the activations that can stand in its place.
func (*Identity) Forward(x *torch.Tensor) *torch.Tensor { return cast(x, torch.Float32) }
