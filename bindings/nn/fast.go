package nn

import "cgan/bindings/torch"

// Fast says where forward passes on the CPU leave PyTorch's ops for faster ones. Its zero value is
// PyTorch's own way.
type Fast struct {
	Kernels  bool // convolutions of torch.FastConv, where this machine has kernels for them
	Norm     bool // BatchNorm2d behind such convolutions in one op with them
	BFloat16 bool // convolutions multiply bfloat16, as under torch.autocast; parameters and losses stay float32
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

// dtype is what convolutions multiply.
func (f Fast) dtype() torch.DType {
	if f.BFloat16 {
		return torch.BFloat16
	}
	return torch.Float32
}

// kernels says whether x goes through kernels of torch.FastConv.
func (f Fast) kernels(x *torch.Tensor) bool {
	return f.Kernels && torch.KernelsFor(f.dtype()) && x.Device() == torch.CPU
}

// leaky is an activation that a layer before it can take over: x where x > 0 and slope*x elsewhere.
type leaky interface{ slope() float64 }

func (*ReLU) slope() float64        { return 0 }
func (l *LeakyReLU) slope() float64 { return l.negativeSlope }

// fusing is a layer that can take over what is behind it, on this input: an activation, or a BatchNorm2d and its activation.
type fusing interface {
	fuses(x *torch.Tensor) bool
	forwardLeaky(x *torch.Tensor, slope float64) *torch.Tensor
	forwardNorm(x *torch.Tensor, norm *BatchNorm2d, slope float64) *torch.Tensor
}

// as is x with values of dtype: x itself where it has them.
func as(x *torch.Tensor, dtype torch.DType) *torch.Tensor {
	if x.DType() == dtype {
		return x
	}
	return x.Type(dtype)
}
