package libtorch

// #include <stdlib.h>
// #include "shim.h"
import "C"

import (
	"fmt"
	"unsafe"
)

// ChooseKernels picks the best instruction set for the ops of this file and gives its name: the tile
// unit and 512-bit vectors only where asked for. The name is empty where the machine has none of them.
func ChooseKernels(tiles, wide bool) (string, error) {
	return text(func(out **C.char) *C.char { return C.cgan_choose_kernels(flag(tiles), flag(wide), out) })
}

// WorkTime is one kind of work that the ops of this file share out over threads, and its nanoseconds since the program
// began: that passed until it was done, and that all threads together were busy. Behind the last kind the name is empty.
func WorkTime(work int) (name string, passed, busy int64, err error) {
	name, err = text(func(out **C.char) *C.char {
		return C.cgan_work_time(C.size_t(work), out, (*C.int64_t)(&passed), (*C.int64_t)(&busy))
	})
	return name, passed, busy, err
}

// Conv is a convolution, transposed or not, with bias and LeakyReLU behind it; a slope of 1 is none.
func Conv(input, weight, bias Handle, stride, padding int64, transposed bool, slope float64, out *Handle) error {
	return check(C.cgan_conv(C.cgan_tensor(input), C.cgan_tensor(weight), C.cgan_tensor(bias), C.int64_t(stride), C.int64_t(padding),
		flag(transposed), C.double(slope), (*C.cgan_tensor)(out)))
}

// ConvNorm is Conv with a batch normalisation before LeakyReLU: its weight, bias, running mean and running variance.
func ConvNorm(input, weight, bias Handle, stride, padding int64, transposed bool, norm [4]Handle, training bool, momentum, eps, slope float64, out *Handle) error {
	return check(C.cgan_conv_norm(C.cgan_tensor(input), C.cgan_tensor(weight), C.cgan_tensor(bias), C.int64_t(stride), C.int64_t(padding),
		flag(transposed), (*C.cgan_tensor)(unsafe.SliceData(norm[:])), flag(training), C.double(momentum), C.double(eps), C.double(slope), (*C.cgan_tensor)(out)))
}

// LabelConv is Conv on an image with the label's one-hot planes behind it.
func LabelConv(image, label, weight, bias Handle, stride, padding int64, slope float64, out *Handle) error {
	return check(C.cgan_label_conv(C.cgan_tensor(image), C.cgan_tensor(label), C.cgan_tensor(weight), C.cgan_tensor(bias),
		C.int64_t(stride), C.int64_t(padding), C.double(slope), (*C.cgan_tensor)(out)))
}

// LayOutPixelwise puts t's values [A, B, H, W] into the memory order H, W, A, B.
func LayOutPixelwise(t Handle) error { return check(C.cgan_lay_out_pixelwise(C.cgan_tensor(t))) }

// Adam moves params by their gradients; steps counts this step too.
func Adam(params, expAvgs, expAvgSqs []Handle, steps []int64, lr, beta1, beta2, eps float64) error {
	if len(params) == 0 {
		return nil
	}
	if n := len(params); len(expAvgs) != n || len(expAvgSqs) != n || len(steps) != n {
		return fmt.Errorf("%d parameters, %d and %d means, %d steps", n, len(expAvgs), len(expAvgSqs), len(steps))
	}
	handles := func(h []Handle) *C.cgan_tensor { return (*C.cgan_tensor)(unsafe.SliceData(h)) }
	return check(C.cgan_adam(C.int(len(params)), handles(params), handles(expAvgs), handles(expAvgSqs),
		(*C.int64_t)(unsafe.SliceData(steps)), C.double(lr), C.double(beta1), C.double(beta2), C.double(eps)))
}

func flag(b bool) C.int {
	if b {
		return 1
	}
	return 0
}
