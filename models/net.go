package models

import (
	"fmt"

	"cgan/bindings/nn"
	"cgan/bindings/torch"
	"cgan/models/arch"
)

// Network is what the article's Generator and Discriminator and a Column do, each in its own way. A generator takes noise,
// a discriminator an image, with its label [B] int64.
type Network interface {
	// Condition puts the label, one of nClass classes, to the noise or image x, for Forward. Without classes label is nil.
	Condition(x, label *torch.Tensor, nClass int64) *torch.Tensor
	// Forward takes what Condition gives to images, or to verdicts.
	Forward(z *torch.Tensor) *torch.Tensor
	// ForwardLabels is Forward of what Condition gives, which it does not make where there is a shorter way.
	ForwardLabels(x, label *torch.Tensor, nClass int64) *torch.Tensor
}

// Net is a Network with its tensors, and as data. Draw and Use do the same for all kinds.
type Net struct {
	*nn.Base
	Network
	arch   *arch.Network
	image  []int64 // shape of what it gives
	atOnce int     // images that are drawn at once
}

func newNet(base *nn.Base, network Network, a *arch.Network) *Net {
	return &Net{base, network, a, a.Output(), drawnAtOnce(a)}
}

// Arch is the network as data, for who walks its layers.
func (n *Net) Arch() *arch.Network { return n.arch }

// Device is where the network's tensors are.
func (n *Net) Device() torch.Device {
	if tensors := n.Parameters(); len(tensors) > 0 {
		return tensors[0].Device()
	}
	return torch.CPU
}

// Use makes the network run as c says from now on. No other goroutine may draw from it meanwhile.
func (n *Net) Use(c Compute) error {
	if err := c.Validate(); err != nil {
		return err
	}
	return torch.Do("prepare the network", func() error {
		n.SetFast(c.Fast())
		return nil
	})
}

// Condition is ConcatNoiseLabel.
func (g *Generator) Condition(noise, label *torch.Tensor, nClass int64) *torch.Tensor {
	return ConcatNoiseLabel(noise, label, noise.Device(), nClass)
}

// Condition is CreateOnehotImage.
func (d *Discriminator) Condition(image, label *torch.Tensor, nClass int64) *torch.Tensor {
	return CreateOnehotImage(image, label, image.Device(), nClass)
}

// net is the article's network with what it begins with. Its layers stand in package models as code alone: their data is read
// off them.
func (c Config) net(base *nn.Base, network Network, source arch.Layer) *Net {
	a := &arch.Network{Source: arch.Column{source}, Label: arch.Column{arch.New("", "one_hot", c.Classes)}, Values: [2]float64{-1, 1}}
	for _, leaf := range base.Leaves() {
		a.Layers = append(a.Layers, layerOf(leaf))
	}
	return newNet(base, network, a)
}

// layerOf is a layer of the article's networks as data.
func layerOf(leaf nn.Leaf) arch.Layer {
	window := func(op string, o nn.ConvOptions) arch.Layer {
		return arch.New(leaf.Name, op, o.InChannels, o.OutChannels, o.KernelSize[:], o.Stride[:], o.Padding[:])
	}
	switch l := leaf.Module.(type) {
	case *nn.ConvTranspose2d:
		return window("ConvTranspose2d", l.ConvOptions)
	case *nn.Conv2d:
		return window("Conv2d", l.ConvOptions)
	case *nn.BatchNorm2d:
		return arch.New(leaf.Name, "BatchNorm2d", l.NumFeatures, l.Eps, l.Momentum)
	case *nn.LeakyReLU:
		return arch.New("", "LeakyReLU", l.NegativeSlope)
	case *nn.ReLU:
		return arch.New("", "ReLU")
	case *nn.Tanh:
		return arch.New("", "Tanh")
	case *nn.Sigmoid:
		return arch.New("", "Sigmoid")
	case *nn.Identity:
		return arch.New("", "Identity")
	}
	panic(fmt.Sprintf("the layer %s is a %T, which the article's networks have not", leaf.Name, leaf.Module))
}
