package models

import (
	"cgan/bindings/nn"
	"cgan/bindings/torch"
)

// Generator draws an image [B, nch, 28, 28] in (-1, 1) from noise and label [B, nz, 1, 1].
// It mirrors Generator of cgan.py.
type Generator struct {
	nn.Base
	layer1, layer2, layer3, layer4 nn.Module
}

// NewGenerator makes a generator of nz inputs (noise and classes), nch_g base channels and nch image
// channels, initialised from the default random number generator as PyTorch does.
func NewGenerator(nz, nchG, nch int64) *Generator {
	g := &Generator{}
	g.layer1 = g.Register("layer1", nn.NewSequential(
		nn.NewConvTranspose2d(nz, nchG*4, 3, 1, 0),
		nn.NewBatchNorm2d(nchG*4),
		nn.NewReLU(),
	))
	g.layer2 = g.Register("layer2", nn.NewSequential(
		nn.NewConvTranspose2d(nchG*4, nchG*2, 3, 2, 0),
		nn.NewBatchNorm2d(nchG*2),
		nn.NewReLU(),
	))
	g.layer3 = g.Register("layer3", nn.NewSequential(
		nn.NewConvTranspose2d(nchG*2, nchG, 4, 2, 1),
		nn.NewBatchNorm2d(nchG),
		nn.NewReLU(),
	))
	g.layer4 = g.Register("layer4", nn.NewSequential(
		nn.NewConvTranspose2d(nchG, nch, 4, 2, 1),
		nn.NewTanh(),
	))
	return g
}

// Forward takes [B, nz, 1, 1] to [B, nch, 28, 28].
func (g *Generator) Forward(z *torch.Tensor) *torch.Tensor { // [B, nz, 1, 1]
	z = g.layer1.Forward(z) // [B, 4g, 3, 3]
	z = g.layer2.Forward(z) // [B, 2g, 7, 7]
	z = g.layer3.Forward(z) // [B, g, 14, 14]
	z = g.layer4.Forward(z) // [B, nch, 28, 28]
	return z
}
