package torch

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"

	"cgan/bindings/libtorch"
)

// Device is where a tensor's values are, numbered as gotch does: CPU is -1, CUDA devices count from 0.
type Device int32

// CPU is the main memory; CUDA0 the first CUDA device.
const (
	CPU   Device = -1
	CUDA0 Device = 0
)

// String is the device's name as torch prints it.
func (d Device) String() string {
	if d < 0 {
		return "cpu"
	}
	return fmt.Sprintf("cuda:%d", int32(d))
}

// CUDAError says why CUDA can't be used here and what to do.
type CUDAError struct{ Missing, Remedy string }

// Error gives both on one line.
func (e *CUDAError) Error() string { return "CUDA: " + e.Missing + "; " + e.Remedy }

// cudaLoaded says that libtorch's CUDA part is loaded.
var cudaLoaded atomic.Bool

// CUDA loads the CUDA libraries of the chosen libtorch and gives its first device, or a *CUDAError. libtorch settles early
// whether there is CUDA: ask before the first training, and before Runtime.
func CUDA() (Device, error) {
	loaded, err := libtorch.LibraryPath()
	if err != nil {
		return CPU, err
	}
	library := filepath.Join(filepath.Dir(loaded), "libtorch_cuda.so")
	if _, err := os.Stat(library); err != nil {
		return CPU, &CUDAError{
			Missing: fmt.Sprintf("libtorch %s in %s has no CUDA part (no libtorch_cuda.so)", libtorch.Version, filepath.Dir(loaded)),
			Remedy:  "build with LIBTORCH_USE_PYTORCH=1 beside a CUDA build of PyTorch, or with LIBTORCH=DIR of a CUDA libtorch",
		}
	}
	if err := libtorch.LoadLibrary(library); err != nil {
		return CPU, &CUDAError{
			Missing: "loading " + library + " failed: " + reason(err.Error()),
			Remedy:  "install the NVIDIA libraries that PyTorch's wheel brings (pip install torch)",
		}
	}
	cudaLoaded.Store(true)
	devices, err := libtorch.CUDADevices()
	if err == nil && devices > 0 {
		return CUDA0, nil
	}
	return CPU, &CUDAError{
		Missing: "libtorch's CUDA part is loaded, but " + driverState(),
		Remedy:  "install the NVIDIA driver (`nvidia-smi` must list the GPU), or compute on the device cpu",
	}
}

// driverState says what of the NVIDIA driver is there.
func driverState() string {
	if cards, _ := filepath.Glob("/dev/nvidia[0-9]*"); len(cards) == 0 {
		return "no NVIDIA driver or GPU is on this machine (no /dev/nvidia0)"
	}
	if err := libtorch.LoadLibrary("libcuda.so.1"); err != nil {
		return "the driver's library does not load: " + reason(err.Error())
	}
	return "it finds no usable GPU, or this program has used libtorch before it asked for CUDA"
}

// AutoDevice is CUDA where a driver and a CUDA part are there, else the CPU and the reason.
func AutoDevice() (Device, error) {
	if cards, _ := filepath.Glob("/dev/nvidia[0-9]*"); len(cards) == 0 {
		return CPU, &CUDAError{Missing: "no NVIDIA driver or GPU is on this machine", Remedy: "cgan runs on the CPU"}
	}
	return CUDA()
}

// ParseDevice turns auto, cpu, cuda or a device's own name into a device. With auto it falls back to the CPU silently.
func ParseDevice(name string) (Device, error) {
	switch strings.ToLower(name) {
	case "auto":
		device, _ := AutoDevice()
		return device, nil
	case "cpu":
		return CPU, nil
	case "cuda", CUDA0.String():
		return CUDA()
	}
	return CPU, fmt.Errorf("unknown device %q: use auto, cpu or cuda", name)
}
