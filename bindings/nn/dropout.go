package nn

import "cgan/bindings/torch"

// Dropout is torch.nn.Dropout.
type Dropout struct {
	Base
	P float64
}

// NewDropout makes a Dropout of values with probability p.
func NewDropout(p float64) *Dropout { return &Dropout{P: p} }

// Forward keeps the shape. In training it draws from the default random number generator; in evaluation it is x.
func (d *Dropout) Forward(x *torch.Tensor) *torch.Tensor {
	return torch.Dropout(x, d.P, d.Training())
}

// Dropout2d is torch.nn.Dropout2d.
type Dropout2d struct {
	Base
	P float64
}

// NewDropout2d makes a Dropout of whole channels with probability p.
func NewDropout2d(p float64) *Dropout2d { return &Dropout2d{P: p} }

// Forward keeps the shape [B, C, H, W]. In training it draws from the default random number generator; in evaluation it is x.
func (d *Dropout2d) Forward(x *torch.Tensor) *torch.Tensor {
	return torch.FeatureDropout(x, d.P, d.Training())
}
