package nn

import (
	"fmt"

	"cgan/bindings/torch"
)

// ConvOptions are the arguments of torch.nn.Conv2d and ConvTranspose2d, under the names of their attributes. Pairs are of
// height and width. There are no defaults: kernel, stride, dilation and groups are 1 or more.
type ConvOptions struct {
	InChannels, OutChannels                              int64
	KernelSize, Stride, Padding, OutputPadding, Dilation [2]int64 // OutputPadding is for ConvTranspose2d alone
	Groups                                               int64
	Bias                                                 bool
	PaddingMode                                          string // zeros; for Conv2d also reflect, replicate or circular
}

// square are options with the defaults of torch.nn.
func square(in, out, kernel, stride, padding int64) ConvOptions {
	both := func(n int64) [2]int64 { return [2]int64{n, n} }
	return ConvOptions{
		InChannels: in, OutChannels: out, KernelSize: both(kernel), Stride: both(stride), Padding: both(padding),
		Dilation: both(1), Groups: 1, Bias: true, PaddingMode: "zeros",
	}
}

// check panics with a *torch.Error on options that make no layer.
func (o *ConvOptions) check(op string) {
	if o.Groups < 1 || o.InChannels%o.Groups != 0 || o.OutChannels%o.Groups != 0 {
		panic(&torch.Error{Op: op, Reason: fmt.Sprintf("%d groups do not divide %d channels that go in and %d that come out", o.Groups, o.InChannels, o.OutChannels)})
	}
}

// conv is what both convolutions share.
type conv struct {
	weighted
	ConvOptions
}

// Conv2d is torch.nn.Conv2d.
type Conv2d struct{ conv }

// NewConv2d makes a convolution from in to out channels with a kernel x kernel window and a bias.
func NewConv2d(in, out, kernel, stride, padding int64) *Conv2d {
	return NewConv2dWith(square(in, out, kernel, stride, padding))
}

// NewConv2dWith makes any convolution.
func NewConv2dWith(o ConvOptions) *Conv2d {
	o.check("conv2d")
	size := []int64{o.OutChannels, o.InChannels / o.Groups, o.KernelSize[0], o.KernelSize[1]}
	return &Conv2d{conv{newWeighted(size, o.OutChannels, o.Bias), o}}
}

// Forward takes [B, in, H, W] to [B, out, H', W'].
func (c *Conv2d) Forward(x *torch.Tensor) *torch.Tensor {
	if c.OnKernels(x) {
		return c.forwardLeaky(x, 1)
	}
	padding := c.Padding
	if c.PaddingMode != "zeros" {
		x, padding = c.pad(x), [2]int64{}
	}
	x, weight, bias := c.operands(x)
	return torch.Conv2d(x, weight, bias, c.Stride, padding, c.Dilation, c.Groups)
}

// pad is x with the padding of PaddingMode around it, in the type in which torch.autocast pads.
func (c *Conv2d) pad(x *torch.Tensor) *torch.Tensor {
	if x.Device() == torch.CPU && c.PaddingMode != "circular" {
		x = cast(x, torch.Float32)
	}
	return torch.Pad(x, c.Padding, c.PaddingMode)
}

// ConvTranspose2d is torch.nn.ConvTranspose2d.
type ConvTranspose2d struct{ conv }

// NewConvTranspose2d makes a transposed convolution from in to out channels with a kernel x kernel window and a bias.
func NewConvTranspose2d(in, out, kernel, stride, padding int64) *ConvTranspose2d {
	return NewConvTranspose2dWith(square(in, out, kernel, stride, padding))
}

// NewConvTranspose2dWith makes any transposed convolution.
func NewConvTranspose2dWith(o ConvOptions) *ConvTranspose2d {
	o.check("conv_transpose2d")
	if o.PaddingMode != "zeros" {
		panic(&torch.Error{Op: "conv_transpose2d", Reason: fmt.Sprintf("padding mode %q: a transposed convolution has zeros alone", o.PaddingMode)})
	}
	size := []int64{o.InChannels, o.OutChannels / o.Groups, o.KernelSize[0], o.KernelSize[1]}
	c := &ConvTranspose2d{conv{newWeighted(size, o.OutChannels, o.Bias), o}}
	c.transposed = true
	return c
}

// Forward takes [B, in, H, W] to [B, out, H', W'].
func (c *ConvTranspose2d) Forward(x *torch.Tensor) *torch.Tensor {
	if c.OnKernels(x) {
		return c.forwardLeaky(x, 1)
	}
	x, weight, bias := c.operands(x)
	return torch.ConvTranspose2d(x, weight, bias, c.Stride, c.Padding, c.OutputPadding, c.Groups, c.Dilation)
}
