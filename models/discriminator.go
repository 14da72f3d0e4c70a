package models

import (
	"fmt"
	"slices"

	"cgan/bindings/nn"
	"cgan/bindings/torch"
)

// Discriminator judges an image with its label planes [B, nch, size, size]: the probability [B] that it is real, or
// a score of any size where it ends without the Sigmoid. It has the generator's windows from the last to the first.
// It mirrors Discriminator of cgan.py.
type Discriminator struct {
	nn.Base
	layer1 *nn.Sequential
	layers []nn.Module // from layer2 on
}

// NewDiscriminator makes a discriminator of nch input channels (image and label planes) of size x size pixels and
// nch_d base channels, initialised from the default random number generator as PyTorch does. The Sigmoid at its end has no
// weights: with and without it the state dicts have the same keys.
func NewDiscriminator(nch, nchD, size int64, sigmoid bool) *Discriminator {
	d, verdict := &Discriminator{}, nn.Module(nn.NewIdentity())
	if sigmoid {
		verdict = nn.NewSigmoid()
	}
	all := windows(size)
	slices.Reverse(all)
	first, hidden, last := all[0], all[1:len(all)-1], all[len(all)-1]
	d.layer1 = nn.NewSequential(
		nn.NewConv2d(nch, nchD, first.kernel, first.stride, first.padding),
		nn.NewLeakyReLU(0.2),
	)
	d.Register("layer1", d.layer1)
	width := nchD
	for i, w := range hidden {
		layer := nn.NewSequential(
			nn.NewConv2d(width, width*2, w.kernel, w.stride, w.padding),
			nn.NewBatchNorm2d(width*2),
			nn.NewLeakyReLU(0.2),
		)
		d.layers = append(d.layers, d.Register(fmt.Sprintf("layer%d", i+2), layer))
		width *= 2 // d, 2d, 4d, ...
	}
	layer := nn.NewSequential(
		nn.NewConv2d(width, 1, last.kernel, last.stride, last.padding),
		verdict,
	)
	d.layers = append(d.layers, d.Register(fmt.Sprintf("layer%d", len(hidden)+2), layer))
	return d
}

// Forward takes [B, nch, size, size] to [B].
func (d *Discriminator) Forward(x *torch.Tensor) *torch.Tensor { // [B, nch, 28, 28]
	x = d.layer1.Forward(x) // [B, d, 14, 14]
	return d.afterLayer1(x)
}

func (d *Discriminator) afterLayer1(x *torch.Tensor) *torch.Tensor { // [B, d, 14, 14]
	for _, layer := range d.layers {
		x = layer.Forward(x) // [B, 2d, 7, 7], [B, 4d, 3, 3], [B, 1, 1, 1]
	}
	return x.View(-1) // [B]
}

// ForwardLabels is Forward of image [B, nch-nClass, size, size] with the planes of its label [B], which it does
// not make where layer1 runs on kernels that need none.
func (d *Discriminator) ForwardLabels(image, label *torch.Tensor, nClass int64) *torch.Tensor {
	if x, ok := d.layer1.ForwardLabels(image, label); ok {
		return d.afterLayer1(x)
	}
	return d.Forward(CreateOnehotImage(image, label, image.Device(), nClass))
}

// SpectralNorm puts spectral normalisation on all convolutions. It adds tensors to the state dict, and renames the weights.
func (d *Discriminator) SpectralNorm() {
	for _, leaf := range d.Leaves() {
		if c, ok := leaf.Module.(*nn.Conv2d); ok {
			nn.SpectralNorm(c)
		}
	}
}
