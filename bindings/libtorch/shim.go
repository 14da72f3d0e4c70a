package libtorch

// #include <math.h>
// #include <stdlib.h>
// #include "shim.h"
import "C"

import (
	"errors"
	"fmt"
	"math"
	"unsafe"
)

// Handle is a native tensor: a pointer to an at::Tensor on the C++ heap, as in gotch.
type Handle = unsafe.Pointer

// Generator is a native random number generator.
type Generator = unsafe.Pointer

func check(text *C.char) error { return Check(unsafe.Pointer(text)) }

// Check turns what a function of the contract of shim.h returned, NULL or an error text, into a Go error, and
// frees the text. Packages with native functions of their own call it.
func Check(text unsafe.Pointer) error {
	if text == nil {
		return nil
	}
	defer C.free(text)
	return errors.New(C.GoString((*C.char)(text)))
}

func text(get func(out **C.char) *C.char) (string, error) {
	var out *C.char
	if err := check(get(&out)); err != nil {
		return "", err
	}
	defer C.free(unsafe.Pointer(out))
	return C.GoString(out), nil
}

// TakeError turns an error text that native code allocated into a Go string and frees it.
func TakeError(native unsafe.Pointer) string {
	defer C.free(native)
	return C.GoString((*C.char)(native))
}

// Read copies the values of t, row-major, into bytes, which must have the tensor's exact size.
func Read(t Handle, bytes []byte) error {
	return check(C.cgan_read(C.cgan_tensor(t), unsafe.Pointer(unsafe.SliceData(bytes)), C.size_t(len(bytes))))
}

// Write sets the values of t from row-major bytes of the tensor's exact size.
func Write(t Handle, bytes []byte) error {
	return check(C.cgan_write(C.cgan_tensor(t), unsafe.Pointer(unsafe.SliceData(bytes)), C.size_t(len(bytes))))
}

// Bytes is the size of t's values in bytes.
func Bytes(t Handle) (int, error) {
	var size C.size_t
	err := check(C.cgan_nbytes(C.cgan_tensor(t), &size))
	return int(size), err
}

// ChannelsLast puts the values of t [A, B, H, W] into torch.channels_last's memory order, in place.
func ChannelsLast(t Handle) error { return check(C.cgan_channels_last(C.cgan_tensor(t))) }

// ZeroGrad drops t's gradient, as zero_grad(set_to_none=True) does.
func ZeroGrad(t Handle) error { return check(C.cgan_zero_grad(C.cgan_tensor(t))) }

// Backward adds to the gradients of all leaves that t comes from, where gradient is that of t.
func Backward(t, gradient Handle) error {
	return check(C.cgan_backward(C.cgan_tensor(t), C.cgan_tensor(gradient)))
}

// SetData gives t the values, type and device of other.
func SetData(t, other Handle) error {
	return check(C.cgan_set_data(C.cgan_tensor(t), C.cgan_tensor(other)))
}

// LeakyRelu is x where x > 0 and slope*x elsewhere.
func LeakyRelu(t Handle, slope float64, out *Handle) error {
	return check(C.cgan_leaky_relu(C.cgan_tensor(t), C.double(slope), (*C.cgan_tensor)(out)))
}

// Elu is x where x > 0 and alpha*(exp(x) - 1) elsewhere.
func Elu(t Handle, alpha float64, out *Handle) error {
	return check(C.cgan_elu(C.cgan_tensor(t), C.double(alpha), (*C.cgan_tensor)(out)))
}

// Addcmul adds value * t1 * t2 to t in place.
func Addcmul(t, t1, t2 Handle, value float64) error {
	return check(C.cgan_addcmul_(C.cgan_tensor(t), C.cgan_tensor(t1), C.cgan_tensor(t2), C.double(value)))
}

// Addcdiv adds value * t1 / t2 to t in place.
func Addcdiv(t, t1, t2 Handle, value float64) error {
	return check(C.cgan_addcdiv_(C.cgan_tensor(t), C.cgan_tensor(t1), C.cgan_tensor(t2), C.double(value)))
}

// FusedAdam moves params on CUDA by their gradients as torch.optim.Adam(fused=True) does. All lists are as long; steps
// holds one float32 for each parameter, which it counts up, and lr one float32 on the same device.
func FusedAdam(params, expAvgs, expAvgSqs, steps []Handle, lr Handle, beta1, beta2, eps float64) error {
	n := len(params)
	if len(expAvgs) != n || len(expAvgSqs) != n || len(steps) != n {
		return fmt.Errorf("%d parameters, %d and %d means, %d steps", n, len(expAvgs), len(expAvgSqs), len(steps))
	}
	return check(C.cgan_fused_adam_(C.size_t(n), tensors(params), tensors(expAvgs), tensors(expAvgSqs), tensors(steps),
		C.cgan_tensor(lr), C.double(beta1), C.double(beta2), C.double(eps)))
}

// ForeachAdam moves params by their gradients as the multi-tensor form of torch.optim.Adam does. All lists are as long.
func ForeachAdam(params, expAvgs, expAvgSqs []Handle, stepSizes, biasCorrections2Sqrt []float64, beta1, beta2, eps float64) error {
	n := len(params)
	if len(expAvgs) != n || len(expAvgSqs) != n || len(stepSizes) != n || len(biasCorrections2Sqrt) != n {
		return fmt.Errorf("%d parameters, %d and %d means, %d and %d corrections", n, len(expAvgs), len(expAvgSqs), len(stepSizes), len(biasCorrections2Sqrt))
	}
	return check(C.cgan_foreach_adam_(C.size_t(n), tensors(params), tensors(expAvgs), tensors(expAvgSqs),
		(*C.double)(unsafe.SliceData(stepSizes)), (*C.double)(unsafe.SliceData(biasCorrections2Sqrt)), C.double(beta1), C.double(beta2), C.double(eps)))
}

// ForeachLerp moves each of self by weight of the way to the one of end that has its shape.
func ForeachLerp(self, end []Handle, weight float64) error {
	if len(self) != len(end) {
		return fmt.Errorf("%d tensors to move to %d", len(self), len(end))
	}
	return check(C.cgan_foreach_lerp_(C.size_t(len(self)), tensors(self), tensors(end), C.double(weight)))
}

func tensors(h []Handle) *C.cgan_tensor { return (*C.cgan_tensor)(unsafe.SliceData(h)) }

// ManualSeed seeds the CPU's default generator, and CUDA's where its part is loaded.
func ManualSeed(seed int64, cuda bool) error {
	return check(C.cgan_manual_seed(C.int64_t(seed), flag(cuda)))
}

// RNGState is the state of the default generator of the CPU, -1, or of a CUDA device, uint8.
func RNGState(device int, out *Handle) error {
	return check(C.cgan_get_rng_state(C.int(device), (*C.cgan_tensor)(out)))
}

// SetRNGState puts the default generator of a device into a state of RNGState.
func SetRNGState(device int, state Handle) error {
	return check(C.cgan_set_rng_state(C.int(device), C.cgan_tensor(state)))
}

// NewGenerator makes a CPU generator with its own seed; FreeGenerator ends it.
func NewGenerator(seed int64) (Generator, error) {
	var g C.cgan_generator
	err := check(C.cgan_generator_new(C.int64_t(seed), &g))
	return Generator(g), err
}

// FreeGenerator ends a generator of NewGenerator.
func FreeGenerator(g Generator) error { return check(C.cgan_generator_free(C.cgan_generator(g))) }

// Randn draws standard normal values of the given size from g.
func Randn(size []int64, g Generator, out *Handle) error {
	return check(C.cgan_randn((*C.int64_t)(unsafe.SliceData(size)), C.int(len(size)), C.cgan_generator(g), (*C.cgan_tensor)(out)))
}

// Rand draws values from 0 to below 1, likewise.
func Rand(size []int64, g Generator, out *Handle) error {
	return check(C.cgan_rand((*C.int64_t)(unsafe.SliceData(size)), C.int(len(size)), C.cgan_generator(g), (*C.cgan_tensor)(out)))
}

// Randperm draws a permutation of 0..n-1 from g.
func Randperm(n int64, g Generator, out *Handle) error {
	return check(C.cgan_randperm(C.int64_t(n), C.cgan_generator(g), (*C.cgan_tensor)(out)))
}

// SetThreads sets the threads that one op may use.
func SetThreads(n int) error {
	if n < 1 || n > math.MaxInt32 {
		return errors.New("the number of threads must be at least 1")
	}
	return check(C.cgan_set_num_threads(C.int(n)))
}

// Threads is the number of threads that one op may use.
func Threads() (int, error) {
	var n C.int
	err := check(C.cgan_get_num_threads(&n))
	return int(n), err
}

// ShowConfig is libtorch's own account of how it was built.
func ShowConfig() (string, error) {
	return text(func(out **C.char) *C.char { return C.cgan_show_config(out) })
}

// CPUCapability is the vector instruction set that libtorch's kernels use here, such as "AVX512".
func CPUCapability() (string, error) {
	return text(func(out **C.char) *C.char { return C.cgan_cpu_capability(out) })
}

// Thread is a number that no other OS thread has as long as this one lives.
func Thread() uintptr { return uintptr(C.cgan_thread()) }

// GradEnabled says whether ops on this OS thread record a history.
func GradEnabled() (bool, error) {
	var on C.int
	err := check(C.cgan_grad_enabled(&on))
	return on != 0, err
}

// SetCuDNN says whether cuDNN keeps to algorithms that give the same bits each time, and whether it tries them out
// for the fastest: torch.backends.cudnn.deterministic and benchmark.
func SetCuDNN(deterministic, benchmark bool) error {
	return check(C.cgan_set_cudnn(flag(deterministic), flag(benchmark)))
}

func flag(b bool) C.int {
	if b {
		return 1
	}
	return 0
}

// Graph is a native CUDA graph.
type Graph = unsafe.Pointer

// BeginGraph captures what this OS thread launches on a CUDA device from now on, until EndGraph, instead of running it.
func BeginGraph(device int) (Graph, error) {
	var g C.cgan_graph
	err := check(C.cgan_graph_begin(C.int(device), &g))
	return Graph(g), err
}

// EndGraph ends the capture.
func EndGraph(g Graph) error { return check(C.cgan_graph_end(C.cgan_graph(g))) }

// ReplayGraph runs what was captured.
func ReplayGraph(g Graph) error { return check(C.cgan_graph_replay(C.cgan_graph(g))) }

// FreeGraph ends a graph and gives its memory back.
func FreeGraph(g Graph) error { return check(C.cgan_graph_free(C.cgan_graph(g))) }

// LibraryPath is the path of the libtorch_cpu.so that this process runs on.
func LibraryPath() (string, error) {
	return text(func(out **C.char) *C.char { return C.cgan_library_path(out) })
}

// LoadLibrary loads a shared library and runs its static initialisers.
func LoadLibrary(path string) error {
	cpath := C.CString(path)
	defer C.free(unsafe.Pointer(cpath))
	return check(C.cgan_load_library(cpath))
}

// CUDADevices is the number of CUDA devices that libtorch can use; 0 until libtorch_cuda is loaded.
func CUDADevices() (int, error) {
	var n C.int
	err := check(C.cgan_cuda_device_count(&n))
	return int(n), err
}

// Pow is the C library's pow, which Python's ** calls; Go's math.Pow differs from it in last bits.
func Pow(x, y float64) float64 { return float64(C.pow(C.double(x), C.double(y))) }

// Cos is the C library's cos, which Python's math.cos calls.
func Cos(x float64) float64 { return float64(C.cos(C.double(x))) }
