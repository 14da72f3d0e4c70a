package train

import "cgan/models"

// FLOP counts the floating-point operations that one image needs in the convolutions of a training step, or
// of being drawn: not what the original computes and throws away, and not the label planes, which are constant.
// Taps on padding count, as in torch.utils.flop_counter.
func FLOP(c models.Config, mode string) float64 {
	conv := func(pixels, kernel, in, out int) float64 { return 2 * float64(pixels*kernel*kernel*in*out) }
	g := []float64{
		conv(1, 3, c.Noise+c.Classes, 4*c.NgF), conv(9, 3, 4*c.NgF, 2*c.NgF),
		conv(49, 4, 2*c.NgF, c.NgF), conv(196, 4, c.NgF, c.Channels),
	}
	d := []float64{
		conv(196, 4, c.Channels, c.NdF), conv(49, 4, c.NdF, 2*c.NdF),
		conv(9, 3, 2*c.NdF, 4*c.NdF), conv(1, 3, 4*c.NdF, 1),
	}
	if mode == "generate" {
		return sum(g)
	}
	// G: forward, weights' and inputs' gradients, but none of the noise. D: on real, on drawn and in G's step
	// forward; weights' gradients on real and drawn; inputs' gradients, of the image in G's step alone.
	return 3*sum(g) - g[0] + 3*sum(d) + 2*sum(d) + 3*sum(d) - 2*d[0]
}

func sum(values []float64) (total float64) {
	for _, v := range values {
		total += v
	}
	return total
}
