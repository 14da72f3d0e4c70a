package models

import (
	"slices"

	"cgan/bindings/torch"
	"cgan/models/arch"
)

// FLOPs are the floating-point operations that the convolutions and matrix products of a net need for one image, layer by
// layer. Taps on padding count, as in torch.utils.flop_counter; label planes, which are constant, do not. A net that there
// is none of has none.
type FLOPs struct{ Generator, Discriminator []float64 }

// CountFLOPs walks the layers of both networks of these sizes.
func CountFLOPs(c Config) (f FLOPs, err error) {
	err = c.walkBoth("count operations", func(g, d *arch.Network) {
		f.Generator = productFLOPs(g)
		if d != nil {
			f.Discriminator = productFLOPs(d)
		}
	})
	return f, err
}

// walkBoth gives fn both networks as data, nil for a discriminator that there is none of.
func (c Config) walkBoth(what string, fn func(g, d *arch.Network)) error {
	if c.Arch != nil {
		fn(c.Arch.Generator, c.Arch.Discriminator)
		return nil
	}
	return torch.Do(what, func() error {
		g, d := c.skeleton()
		defer g.Free()
		defer d.Free()
		fn(g.arch, d.arch)
		return nil
	})
}

// productFLOPs are those of each layer that multiplies by a weight.
func productFLOPs(n *arch.Network) (all []float64) {
	steps := n.Steps()
	if n.Source[0].Op == "image" && len(n.Label) == 1 && n.Label[0].Op == "one_hot" { // the first convolution after them sees the label's planes
		first := &steps[len(n.Source)+len(n.Label)]
		first.In = slices.Clone(first.In)
		first.In[0] -= n.Classes()
	}
	for _, s := range steps {
		if flops := layerFLOPs(s); flops > 0 {
			all = append(all, flops)
		}
	}
	return all
}

// layerFLOPs is two for each multiplication. A convolution multiplies its window at each pixel of the smaller side: of what comes
// out, or of what goes in where it is transposed.
func layerFLOPs(s arch.Step) float64 {
	switch s.Op {
	case "Linear":
		return 2 * float64(product(s.In)*s.Int("out_features"))
	case "Conv2d":
		return 2 * float64(s.In[0]*s.Int("out_channels")/s.Int("groups")*taps(s.Layer)*s.Out[1]*s.Out[2])
	case "ConvTranspose2d":
		return 2 * float64(s.In[0]*s.Int("out_channels")/s.Int("groups")*taps(s.Layer)*s.In[1]*s.In[2])
	}
	return 0
}

// taps are the pixels under a convolution's kernel.
func taps(l arch.Layer) int64 {
	kernel := l.Pair("kernel_size")
	return kernel[0] * kernel[1]
}

// Draw is what one image needs to be drawn.
func (f FLOPs) Draw() float64 { return sum(f.Generator) }

// TrainStep is what one image of a batch needs in a training step: not what the original computes and throws
// away. G goes forward and gives the gradients of weights and inputs, but none of the noise. D goes forward on the real
// image, the drawn one and in G's step; it gives the weights' gradients on the first two, and its inputs'
// gradients in all three, those of the image in G's step alone. Both nets have layers that count.
func (f FLOPs) TrainStep() float64 {
	g, d := sum(f.Generator), sum(f.Discriminator)
	return 3*g - f.Generator[0] + 3*d + 2*d + 3*d - 2*f.Discriminator[0]
}

func sum(values []float64) (total float64) {
	for _, v := range values {
		total += v
	}
	return total
}
