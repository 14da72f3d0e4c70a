package nn

import "cgan/bindings/torch"

// conv is what both convolutions share.
type conv struct {
	Base
	InChannels, OutChannels, KernelSize, Stride, Padding int64 // as torch.nn's attributes; kernels are square

	weight, bias *torch.Tensor
	transposed   bool
	spectral     *spectral // nil without SpectralNorm
}

// newConv makes weight and bias and initialises them as reset_parameters of torch.nn's _ConvNd does;
// PyTorch counts the fan-in of both kinds on the weight's second dimension.
func newConv(in, out, kernel, stride, padding int64, transposed bool) conv {
	c := conv{InChannels: in, OutChannels: out, KernelSize: kernel, Stride: stride, Padding: padding, transposed: transposed}
	weightSize := []int64{out, in, kernel, kernel}
	if transposed {
		weightSize = []int64{in, out, kernel, kernel}
	}
	fanIn := weightSize[1] * weightSize[2] * weightSize[3]
	c.weight = c.RegisterParameter("weight", torch.Empty(weightSize, torch.Float32, torch.CPU))
	c.bias = c.RegisterParameter("bias", torch.Empty([]int64{out}, torch.Float32, torch.CPU))
	kaimingUniform(c.weight, fanIn)
	biasUniform(c.bias, fanIn)
	return c
}

// operands gives input and parameters in the type to multiply in.
func (c *conv) operands(x *torch.Tensor) (input, weight, bias *torch.Tensor) {
	if weight = c.forwardWeight(); !c.fast.BFloat16 {
		return x, weight, c.bias
	}
	return cast(x, torch.BFloat16), weight.Type(torch.BFloat16), c.bias.Type(torch.BFloat16)
}

// Conv2d is torch.nn.Conv2d.
type Conv2d struct{ conv }

// NewConv2d makes a convolution from in to out channels with a kernel x kernel window.
func NewConv2d(in, out, kernel, stride, padding int64) *Conv2d {
	return &Conv2d{newConv(in, out, kernel, stride, padding, false)}
}

// Forward takes [B, in, H, W] to [B, out, H', W'].
func (c *Conv2d) Forward(x *torch.Tensor) *torch.Tensor {
	if c.fuses(x) {
		return c.forwardLeaky(x, 1)
	}
	x, weight, bias := c.operands(x)
	return torch.Conv2d(x, weight, bias, c.Stride, c.Padding)
}

// ConvTranspose2d is torch.nn.ConvTranspose2d.
type ConvTranspose2d struct{ conv }

// NewConvTranspose2d makes a transposed convolution from in to out channels with a kernel x kernel window.
func NewConvTranspose2d(in, out, kernel, stride, padding int64) *ConvTranspose2d {
	return &ConvTranspose2d{newConv(in, out, kernel, stride, padding, true)}
}

// Forward takes [B, in, H, W] to [B, out, H', W'].
func (c *ConvTranspose2d) Forward(x *torch.Tensor) *torch.Tensor {
	if c.fuses(x) {
		return c.forwardLeaky(x, 1)
	}
	x, weight, bias := c.operands(x)
	return torch.ConvTranspose2d(x, weight, bias, c.Stride, c.Padding)
}
