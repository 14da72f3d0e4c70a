package nn

import (
	"cgan/bindings/fused"
	"cgan/bindings/kernels"
	"cgan/bindings/torch"
)

// Fast says where forward passes on the CPU leave PyTorch's ops for faster ones. Its zero value is
// PyTorch's own way.
type Fast struct {
	Kernels      *kernels.Set // convolutions of package fused on this set; nil for PyTorch's
	Norm         bool         // BatchNorm2d after such convolutions in one op with them
	ChannelsLast bool         // on CUDA, convolutions in the memory order torch.channels_last
	BFloat16     bool         // Linear and convolutions multiply bfloat16, as under torch.autocast; parameters and losses stay float32
}

// SetFast tells the module and all below it how to run.
func (b *Base) SetFast(f Fast) {
	b.each("", func(_ string, b *Base) { b.fast = f })
	for _, leaf := range b.Leaves() {
		if c, ok := leaf.Module.(interface{ layOut() }); ok {
			c.layOut()
		}
	}
}

// Fast is what SetFast told the module.
func (b *Base) Fast() Fast { return b.fast }

// Plainly runs fn while the module and all below it compute in float32 on PyTorch's own ops alone, as torch.Grad needs it.
func (b *Base) Plainly(fn func()) {
	fast := map[*Base]Fast{}
	b.each("", func(_ string, b *Base) { fast[b], b.fast = b.fast, Fast{} })
	defer b.each("", func(_ string, b *Base) { b.fast = fast[b] })
	fn()
}

// dtype is what convolutions multiply.
func (f Fast) dtype() torch.DType {
	if f.BFloat16 {
		return torch.BFloat16
	}
	return torch.Float32
}

// fuses says whether x goes through the kernels.
func (f Fast) fuses(x *torch.Tensor) bool { return f.Kernels != nil && x.Device() == torch.CPU }

// activation is what a fused layer before it can take over: x where x > 0 and slope*x elsewhere.
type activation interface{ slope() float64 }

func (*ReLU) slope() float64        { return 0 }
func (l *LeakyReLU) slope() float64 { return l.NegativeSlope }

// fuses says whether a convolution may take it over.
func (b *BatchNorm2d) fuses() bool {
	return b.fast.Norm && !b.syncs() && b.Affine && !b.NoBias && b.TrackRunningStats && (b.Training() || !torch.GradEnabled())
}

// fuser is a layer that can take over what follows it, on this input: an activation, or a BatchNorm2d and its activation.
type fuser interface {
	OnKernels(x *torch.Tensor) bool
	forwardLeaky(x *torch.Tensor, slope float64) *torch.Tensor
	forwardNorm(x *torch.Tensor, norm *BatchNorm2d, slope float64) *torch.Tensor
}

// OnKernels says whether Forward of x runs on the kernels.
func (c *conv) OnKernels(x *torch.Tensor) bool {
	return c.fast.fuses(x) && c.covered() && !(torch.GradEnabled() && c.small())
}

// smallChannels make products too small to fill the kernels' blocks.
const smallChannels = 40

// small says that a convolution which keeps the size of its images has so few channels that libtorch's own op trains it faster: cgan
// bench --mode shapes compares them. Without gradients it stays on the kernels, where an image does not depend on those beside it, and
// bfloat16 stays there where libtorch would emulate it.
func (c *conv) small() bool {
	same := c.Stride[0] == 1 && c.KernelSize[0] > 1 && 2*c.Padding[0] == c.KernelSize[0]-1
	return same && max(c.InChannels, c.OutChannels) <= smallChannels && (!c.fast.BFloat16 || c.fast.Kernels.HasBF16())
}

// covered says whether the kernels have this kind of convolution.
func (c *conv) covered() bool {
	square := square(c.InChannels, c.OutChannels, c.KernelSize[0], c.Stride[0], c.Padding[0])
	square.Bias = c.Bias
	return c.ConvOptions == square
}

func (c *conv) fused(slope float64) fused.Conv {
	return fused.Conv{Kernels: c.fast.Kernels, Stride: c.Stride[0], Padding: c.Padding[0], Transposed: c.transposed, NegativeSlope: slope}
}

// fusedBias is the bias for the kernels, which want one.
func (c *conv) fusedBias() *torch.Tensor {
	if c.bias == nil {
		return torch.Full([]int64{c.OutChannels}, 0, torch.CPU)
	}
	return c.bias
}

func (c *conv) forwardLeaky(x *torch.Tensor, slope float64) *torch.Tensor {
	return c.fused(slope).Forward(cast(x, c.fast.dtype()), c.forwardWeight(), c.fusedBias())
}

func (c *conv) forwardNorm(x *torch.Tensor, b *BatchNorm2d, slope float64) *torch.Tensor {
	b.count()
	norm := fused.BatchNorm{
		Weight: b.weight, Bias: b.bias, RunningMean: b.runningMean, RunningVar: b.runningVar,
		Training: b.Training(), Momentum: b.Momentum, Eps: b.Eps,
	}
	return c.fused(slope).ForwardNorm(cast(x, c.fast.dtype()), c.forwardWeight(), c.fusedBias(), norm)
}

// layOut gives the weight the kernels' memory order where they run.
func (c *conv) layOut() {
	if c.fast.fuses(c.weight) && c.covered() && !c.small() {
		torch.NoGrad(func() { fused.LayOutPixelwise(c.weight) })
	}
	if c.fast.ChannelsLast && c.weight.Device() != torch.CPU {
		c.weight.ChannelsLast()
	}
}

// step runs x through module i, and with it through those after it that it fuses with. It gives the number of
// modules that it consumed.
func (c Chain) step(i int, x *torch.Tensor) (y *torch.Tensor, consumed int) {
	layer, fuses := c.at(i).(fuser)
	if !fuses || !layer.OnKernels(x) {
		return c.at(i).Forward(x), 1
	}
	norm, normed := c.at(i + 1).(*BatchNorm2d)
	if normed && norm.fuses() {
		slope, consumed := c.slopeAt(i + 2)
		return layer.forwardNorm(x, norm, slope), 2 + consumed
	}
	slope, consumed := c.slopeAt(i + 1)
	return layer.forwardLeaky(x, slope), 1 + consumed
}

// slopeAt is the slope of module i, one module consumed, or none where it is no activation of that kind.
func (c Chain) slopeAt(i int) (slope float64, consumed int) {
	if a, ok := c.at(i).(activation); ok && a.slope() >= 0 { // going back, the kernels tell the sign of x from that of y
		return a.slope(), 1
	}
	return 1, 0
}

// wideOnCUDA is x in float32 on CUDA, for ops that torch.autocast has in float32 there, and on the CPU in any type.
func wideOnCUDA(x *torch.Tensor) *torch.Tensor {
	if x.Device() == torch.CPU {
		return x
	}
	return cast(x, torch.Float32)
}

// cast is x with values of dtype: x itself where it has them.
func cast(x *torch.Tensor, dtype torch.DType) *torch.Tensor {
	if x.DType() == dtype {
		return x
	}
	return x.Type(dtype)
}
