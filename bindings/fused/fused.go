package torch

import (
	"sync/atomic"
	"time"

	"cgan/bindings/libtorch"
)

// Kernels is the instruction set that the ops of this file run on, such as "AMX"; empty where the
// machine has none, and then they can't be called.
func Kernels() string {
	if name := kernels.Load(); name != nil {
		return *name
	}
	return ""
}

// KernelsFor says whether the ops of this file take tensors of dtype. Only the tile unit multiplies bfloat16.
func KernelsFor(dtype DType) bool {
	name := Kernels()
	return name != "" && (dtype == Float32 || dtype == BFloat16 && name == "AMX")
}

var kernels atomic.Pointer[string]

// ChooseKernels picks the best instruction set: the tile unit and 512-bit vectors only where asked for.
// It holds for the whole process.
func ChooseKernels(tiles, wide bool) {
	name, err := libtorch.ChooseKernels(tiles, wide)
	must("choose kernels", err)
	kernels.Store(&name)
}

// WorkTime is what one kind of work of the ops of this file took.
type WorkTime struct {
	Name         string
	Passed, Busy time.Duration // until it was done; on all threads together
}

// WorkTimes are those of each kind since the program began.
func WorkTimes() (all []WorkTime) {
	for {
		name, passed, busy, err := libtorch.WorkTime(len(all))
		must("work time", err)
		if name == "" {
			return all
		}
		all = append(all, WorkTime{name, time.Duration(passed), time.Duration(busy)})
	}
}

// FastConv is Conv2d, or ConvTranspose2d, with LeakyRelu of slope behind it, where 1 is none. It takes
// float32 or bfloat16 on the CPU and gives the same; weight and bias are float32. Images go in and out in the memory order
// H, W, B, C, which is fastest for weight too: see LayOutPixelwise.
func FastConv(input, weight, bias *Tensor, stride, padding int64, transposed bool, slope float64) *Tensor {
	return shim("conv", []*Tensor{input, weight, bias}, func(out *libtorch.Handle, in []libtorch.Handle) error {
		return libtorch.Conv(in[0], in[1], in[2], stride, padding, transposed, slope, out)
	})
}

// FastConvNorm is FastConv with BatchNorm between it and LeakyRelu. In training the gradient of bias is 0: normalising takes
// the bias out again. In evaluation there is no history.
func FastConvNorm(input, weight, bias *Tensor, stride, padding int64, transposed bool,
	normWeight, normBias, runningMean, runningVar *Tensor, training bool, momentum, eps, slope float64,
) *Tensor {
	in := []*Tensor{input, weight, bias, normWeight, normBias, runningMean, runningVar}
	return shim("conv and batch norm", in, func(out *libtorch.Handle, in []libtorch.Handle) error {
		return libtorch.ConvNorm(in[0], in[1], in[2], stride, padding, transposed, [4]libtorch.Handle(in[3:]), training, momentum, eps, slope, out)
	})
}

// FastLabelConv is FastConv of image [B, C, H, W] with the planes of label [B], int64, behind its channels,
// without making them.
func FastLabelConv(image, label, weight, bias *Tensor, stride, padding int64, slope float64) *Tensor {
	return shim("label conv", []*Tensor{image, label, weight, bias}, func(out *libtorch.Handle, in []libtorch.Handle) error {
		return libtorch.LabelConv(in[0], in[1], in[2], in[3], stride, padding, slope, out)
	})
}

// LayOutPixelwise puts the values of t [A, B, H, W] into the memory order H, W, A, B, in place.
func (t *Tensor) LayOutPixelwise() {
	must("lay out pixelwise", libtorch.LayOutPixelwise(handle("lay out pixelwise", t)), t)
}

// FastAdam moves params by their gradients as torch.optim.Adam does, all at once; steps counts this step
// too. It takes float32 on the CPU.
func FastAdam(params, expAvgs, expAvgSqs []*Tensor, steps []int64, lr, beta1, beta2, eps float64) {
	handles := func(tensors []*Tensor) []libtorch.Handle {
		list := make([]libtorch.Handle, len(tensors))
		for i, t := range tensors {
			list[i] = handle("adam", t)
		}
		return list
	}
	must("adam", libtorch.Adam(handles(params), handles(expAvgs), handles(expAvgSqs), steps, lr, beta1, beta2, eps), params...)
}
