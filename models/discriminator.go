package models

import (
	"cgan/bindings/nn"
	"cgan/bindings/torch"
)

// Discriminator judges an image with its label planes [B, nch, 28, 28]: the probability [B] that it
// is real, or a score of any size where it ends without the Sigmoid. It mirrors Discriminator of cgan.py.
type Discriminator struct {
	nn.Base
	layer1                 *nn.Sequential
	layer2, layer3, layer4 nn.Module
}

// NewDiscriminator makes a discriminator of nch input channels (image and label planes) and nch_d base
// channels, initialised from the default random number generator as PyTorch does. The Sigmoid at its end has no
// weights: with and without it the state dicts have the same keys.
func NewDiscriminator(nch, nchD int64, sigmoid bool) *Discriminator {
	d, verdict := &Discriminator{}, nn.Module(nn.NewIdentity())
	if sigmoid {
		verdict = nn.NewSigmoid()
	}
	d.layer1 = nn.NewSequential(
		nn.NewConv2d(nch, nchD, 4, 2, 1),
		nn.NewLeakyReLU(0.2),
	)
	d.Register("layer1", d.layer1)
	d.layer2 = d.Register("layer2", nn.NewSequential(
		nn.NewConv2d(nchD, nchD*2, 4, 2, 1),
		nn.NewBatchNorm2d(nchD*2),
		nn.NewLeakyReLU(0.2),
	))
	d.layer3 = d.Register("layer3", nn.NewSequential(
		nn.NewConv2d(nchD*2, nchD*4, 3, 2, 0),
		nn.NewBatchNorm2d(nchD*4),
		nn.NewLeakyReLU(0.2),
	))
	d.layer4 = d.Register("layer4", nn.NewSequential(
		nn.NewConv2d(nchD*4, 1, 3, 1, 0),
		verdict,
	))
	return d
}

// Forward takes [B, nch, 28, 28] to [B].
func (d *Discriminator) Forward(x *torch.Tensor) *torch.Tensor { // [B, nch, 28, 28]
	x = d.layer1.Forward(x) // [B, d, 14, 14]
	return d.afterLayer1(x)
}

func (d *Discriminator) afterLayer1(x *torch.Tensor) *torch.Tensor { // [B, d, 14, 14]
	x = d.layer2.Forward(x) // [B, 2d, 7, 7]
	x = d.layer3.Forward(x) // [B, 4d, 3, 3]
	x = d.layer4.Forward(x) // [B, 1, 1, 1]
	return x.View(-1)       // [B]
}

// ForwardLabels is Forward of image [B, nch-nClass, 28, 28] with the planes of its label [B], which it does
// not make where layer1 runs on kernels that need none.
func (d *Discriminator) ForwardLabels(image, label *torch.Tensor, nClass int64) *torch.Tensor {
	if x, ok := nn.ForwardLabels(d.layer1, image, label); ok {
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
