package models

import (
	"fmt"

	"cgan/bindings/nn"
	"cgan/bindings/torch"
)

// Generator draws an image [B, nch, size, size] in (-1, 1) from noise and label [B, nz, 1, 1]. For images of 28x28 and
// 32x32 it has layer1 to layer4, of 64x64 layer1 to layer5, of 128x128 layer1 to layer6. It mirrors Generator of cgan.py.
type Generator struct {
	nn.Base
	layers []*nn.Sequential
}

// NewGenerator makes a generator of nz inputs (noise and classes), nch_g base channels and nch image
// channels of size x size pixels, initialised from the default random number generator as PyTorch does.
func NewGenerator(nz, nchG, nch, size int64) *Generator {
	g := &Generator{}
	all := windows(size)
	hidden, last := all[:len(all)-1], all[len(all)-1]
	width := nchG << len(hidden)
	for i, w := range hidden {
		width /= 2 // ..., 4g, 2g, g
		layer := nn.NewSequential(
			nn.NewConvTranspose2d(nz, width, w.kernel, w.stride, w.padding),
			nn.NewBatchNorm2d(width),
			nn.NewReLU(),
		)
		g.Register(fmt.Sprintf("layer%d", i+1), layer)
		g.layers = append(g.layers, layer)
		nz = width
	}
	layer := nn.NewSequential(
		nn.NewConvTranspose2d(nz, nch, last.kernel, last.stride, last.padding),
		nn.NewTanh(),
	)
	g.Register(fmt.Sprintf("layer%d", len(hidden)+1), layer)
	g.layers = append(g.layers, layer)
	return g
}

// Forward takes [B, nz, 1, 1] to [B, nch, size, size].
func (g *Generator) Forward(z *torch.Tensor) *torch.Tensor { // [B, nz, 1, 1]
	return g.afterLayer1(g.layers[0].Forward(z)) // [B, 4g, 3, 3]
}

func (g *Generator) afterLayer1(z *torch.Tensor) *torch.Tensor { // [B, 4g, 3, 3]
	for _, layer := range g.layers[1:] {
		z = layer.Forward(z) // [B, 2g, 7, 7], [B, g, 14, 14], [B, nch, 28, 28]
	}
	return z
}

// ForwardLabels is Forward of noise [B, nz-nClass, 1, 1] with its one-hot label [B], of which it makes no more than the
// batch shows where layer1 runs on kernels.
func (g *Generator) ForwardLabels(noise, label *torch.Tensor, nClass int64) *torch.Tensor {
	if z, ok := g.layers[0].ForwardOnehot(noise, label, nClass); ok {
		return g.afterLayer1(z)
	}
	return g.Forward(ConcatNoiseLabel(noise, label, noise.Device(), nClass))
}
