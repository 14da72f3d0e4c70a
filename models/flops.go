package models

import (
	"cgan/bindings/nn"
	"cgan/bindings/torch"
)

// FLOPs are the floating-point operations that the convolutions of a net need for one image, layer by layer. Taps
// on padding count, as in torch.utils.flop_counter; label planes, which are constant, do not.
type FLOPs struct{ Generator, Discriminator []float64 }

// CountFLOPs walks the layers of both networks of these sizes.
func CountFLOPs(c Config) (f FLOPs, err error) {
	err = torch.Do("count operations", func() error {
		g, d := c.skeleton()
		defer g.Free()
		defer d.Free()
		if f.Generator, err = convFLOPs(g.Leaves(), []int64{int64(c.Noise + c.Classes), 1, 1}); err != nil {
			return err
		}
		f.Discriminator, err = convFLOPs(d.Leaves(), []int64{int64(c.Channels), int64(c.Size), int64(c.Size)})
		return err
	})
	return f, err
}

// convFLOPs are those of each convolution on an image of shape in, [C, H, W]. A convolution multiplies its window
// at each pixel of the smaller side: of what comes out, or of what goes in where it is transposed.
func convFLOPs(leaves []nn.Leaf, in []int64) (all []float64, err error) {
	for _, leaf := range leaves {
		out, err := nn.OutputShape(leaf.Module, in)
		if err != nil {
			return nil, err
		}
		switch l := leaf.Module.(type) {
		case *nn.Conv2d:
			all = append(all, 2*float64(in[0]*l.OutChannels*l.KernelSize[0]*l.KernelSize[1]*out[1]*out[2]))
		case *nn.ConvTranspose2d:
			all = append(all, 2*float64(in[0]*l.OutChannels*l.KernelSize[0]*l.KernelSize[1]*in[1]*in[2]))
		}
		in = out
	}
	return all, nil
}

// Draw is what one image needs to be drawn.
func (f FLOPs) Draw() float64 { return sum(f.Generator) }

// TrainStep is what one image of a batch needs in a training step: not what the original computes and throws
// away. G goes forward and gives the gradients of weights and inputs, but none of the noise. D goes forward on the real
// image, the drawn one and in G's step; it gives the weights' gradients on the first two, and its inputs'
// gradients in all three, those of the image in G's step alone.
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
