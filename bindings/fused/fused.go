package fused

// #include <stdlib.h>
// #include "fused.h"
import "C"

import (
	"errors"
	"fmt"
	"time"
	"unsafe"

	"cgan/bindings/kernels"
	"cgan/bindings/libtorch"
	"cgan/bindings/torch"
)

// Conv is how a convolution goes: Conv2d, or ConvTranspose2d, followed by LeakyReLU.
//
// Its ops take float32 on the CPU, and bfloat16 where the kernels multiply it, and give the same; weight and bias are
// float32. Images go in and out in the memory order H, W, B, C, which is fastest for weight too: see LayOutPixelwise.
// What the backward pass needs of it is kept with the result.
type Conv struct {
	Kernels         *kernels.Set
	Stride, Padding int64
	Transposed      bool
	NegativeSlope   float64 // of the LeakyReLU, where 1 is none and 0 a ReLU
}

func (c Conv) native() C.cgan_conv_settings {
	s := C.cgan_conv_settings{stride: C.int64_t(c.Stride), padding: C.int64_t(c.Padding), transposed: flag(c.Transposed), slope: C.double(c.NegativeSlope)}
	if c.Kernels != nil {
		s.kernels = c.Kernels.Native()
	}
	return s
}

// Forward takes input [B, in, H, W] to [B, out, H', W'].
func (c Conv) Forward(input, weight, bias *torch.Tensor) *torch.Tensor {
	settings := c.native()
	return torch.Native("conv", []*torch.Tensor{input, weight, bias}, func(out *libtorch.Handle, in []libtorch.Handle) error {
		return libtorch.Check(unsafe.Pointer(C.cgan_conv(&settings, tensor(in[0]), tensor(in[1]), tensor(in[2]), result(out))))
	})
}

// BatchNorm is a batch normalisation: float32 tensors [C] and torch.nn's settings. In training it moves the
// running statistics.
type BatchNorm struct {
	Weight, Bias, RunningMean, RunningVar *torch.Tensor
	Training                              bool
	Momentum, Eps                         float64
}

// ForwardNorm is Forward with a batch normalisation before the LeakyReLU. In training the gradient of bias is 0:
// normalising takes the bias out again. In evaluation there is no history.
func (c Conv) ForwardNorm(input, weight, bias *torch.Tensor, norm BatchNorm) *torch.Tensor {
	settings := c.native()
	all := []*torch.Tensor{input, weight, bias, norm.Weight, norm.Bias, norm.RunningMean, norm.RunningVar}
	return torch.Native("conv and batch norm", all, func(out *libtorch.Handle, in []libtorch.Handle) error {
		n := C.cgan_batch_norm{weight: tensor(in[3]), bias: tensor(in[4]), running_mean: tensor(in[5]), running_var: tensor(in[6]),
			training: flag(norm.Training), momentum: C.double(norm.Momentum), eps: C.double(norm.Eps)}
		return libtorch.Check(unsafe.Pointer(C.cgan_conv_norm(&settings, tensor(in[0]), tensor(in[1]), tensor(in[2]), &n, result(out))))
	})
}

// ForwardLabels is Forward of image [B, C, H, W] with the one-hot planes of label [B], int64, after its channels,
// without making them. There is no transposed form of it.
func (c Conv) ForwardLabels(image, label, weight, bias *torch.Tensor) *torch.Tensor {
	settings := c.native()
	return torch.Native("label conv", []*torch.Tensor{image, label, weight, bias}, func(out *libtorch.Handle, in []libtorch.Handle) error {
		return libtorch.Check(unsafe.Pointer(C.cgan_label_conv(&settings, tensor(in[0]), tensor(in[1]), tensor(in[2]), tensor(in[3]), result(out))))
	})
}

// LayOutPixelwise puts the values of t [A, B, H, W] into the memory order H, W, A, B, in place.
func LayOutPixelwise(t *torch.Tensor) {
	torch.NativeUpdate("lay out pixelwise", []*torch.Tensor{t}, func(in []libtorch.Handle) error {
		return libtorch.Check(unsafe.Pointer(C.cgan_lay_out_pixelwise(tensor(in[0]))))
	})
}

// Adam is the settings of torch.optim.Adam, without weight decay.
type Adam struct {
	Kernels               *kernels.Set
	LR, Beta1, Beta2, Eps float64
}

// Step moves params by their gradients, all at once; steps counts this step too. All are float32 on the CPU.
func (a Adam) Step(params, expAvgs, expAvgSqs []*torch.Tensor, steps []int64) {
	n := len(params)
	torch.NativeUpdate("adam", append(append(append([]*torch.Tensor{}, params...), expAvgs...), expAvgSqs...), func(in []libtorch.Handle) error {
		if len(expAvgs) != n || len(expAvgSqs) != n || len(steps) != n {
			return fmt.Errorf("%d parameters, %d and %d means, %d steps", n, len(expAvgs), len(expAvgSqs), len(steps))
		}
		if n == 0 {
			return nil
		}
		if a.Kernels == nil {
			return errors.New("fused Adam needs a kernel set: this machine has none, or none is given")
		}
		settings := C.cgan_adam_settings{lr: C.double(a.LR), beta1: C.double(a.Beta1), beta2: C.double(a.Beta2), eps: C.double(a.Eps)}
		return libtorch.Check(unsafe.Pointer(C.cgan_adam(a.Kernels.Native(), &settings, C.int(n), tensors(in[:n]), tensors(in[n:2*n]), tensors(in[2*n:]),
			(*C.int64_t)(unsafe.SliceData(steps)))))
	})
}

// WorkTime is what one kind of work of these ops took.
type WorkTime struct {
	Name         string
	Passed, Busy time.Duration // until it was done; on all threads together
}

// WorkTimes are those of each kind since the program began, in all of its threads.
func WorkTimes() (all []WorkTime) {
	for {
		var name *C.char
		var passed, busy C.int64_t
		err := libtorch.Check(unsafe.Pointer(C.cgan_work_time(C.size_t(len(all)), &name, &passed, &busy)))
		if err != nil || name == nil { // it fails only without memory
			return all
		}
		all = append(all, WorkTime{C.GoString(name), time.Duration(passed), time.Duration(busy)})
		C.free(unsafe.Pointer(name))
	}
}

func tensor(h libtorch.Handle) C.cgan_tensor { return C.cgan_tensor(h) }

func tensors(h []libtorch.Handle) *C.cgan_tensor { return (*C.cgan_tensor)(unsafe.SliceData(h)) }

func result(out *libtorch.Handle) *C.cgan_tensor { return (*C.cgan_tensor)(out) }

func flag(b bool) C.int {
	if b {
		return 1
	}
	return 0
}
