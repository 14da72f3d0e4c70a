package models

import (
	"slices"

	"cgan/bindings/torch"
	"cgan/models/arch"
)

// FLOPs are the floating-point operations that the convolutions and matrix products of a net need for one image, layer by
// layer. Taps on padding, which torch.utils.flop_counter counts, and label planes, which are constant, do not count. A net that
// there is none of has none.
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

// layerFLOPs is two for each multiplication. A convolution puts its window on what goes in once for each pixel that comes out; one
// that is transposed puts it on what comes out once for each pixel that goes in.
func layerFLOPs(s arch.Step) float64 {
	switch s.Op {
	case "Linear":
		return 2 * float64(product(s.In)*s.Int("out_features"))
	case "Conv2d":
		return 2 * float64(s.In[0]*s.Int("out_channels")/s.Int("groups")*taps(s.Layer, s.Out, s.In))
	case "ConvTranspose2d":
		return 2 * float64(s.In[0]*s.Int("out_channels")/s.Int("groups")*taps(s.Layer, s.In, s.Out))
	}
	return 0
}

// taps are the pixels of an image [C, H, W] under a convolution's window, over all of its places: as many as pixels of [C', H', W'].
func taps(l arch.Layer, places, image []int64) int64 {
	kernel, stride, padding, dilation := l.Pair("kernel_size"), l.Pair("stride"), l.Pair("padding"), l.Pair("dilation")
	all := int64(1)
	for axis := range 2 {
		inside := int64(0)
		for place := range places[1+axis] {
			for tap := range kernel[axis] {
				if at := place*stride[axis] - padding[axis] + tap*dilation[axis]; at >= 0 && at < image[1+axis] {
					inside++
				}
			}
		}
		all *= inside
	}
	return all
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
