package torch

import (
	"sync/atomic"

	"cgan/bindings/libtorch"
)

// Info says which libtorch this program runs on.
type Info struct {
	Library    string `json:"library"`    // the libtorch_cpu.so that is loaded
	Found      string `json:"found"`      // how it was found
	Version    string `json:"version"`    // with the build's suffix, such as 2.15.0+cu132
	ABI        int    `json:"abi"`        // _GLIBCXX_USE_CXX11_ABI
	Capability string `json:"capability"` // vector instructions that its kernels use here
	Config     string `json:"config"`     // libtorch's own account of its build
	Threads    int    `json:"threads"`    // threads that one op may use
}

// Runtime asks libtorch about itself.
func Runtime() (info Info, err error) {
	err = Do("ask libtorch", func() error {
		info = Info{Found: libtorch.Found, Version: libtorch.FullVersion, ABI: libtorch.ABI}
		info.Library, err = libtorch.LibraryPath()
		must("library path", err)
		info.Capability = CPUCapability()
		info.Config, err = libtorch.ShowConfig()
		must("show_config", err)
		info.Threads = NumThreads()
		return nil
	})
	return info, err
}

// CPUCapability is Info.Capability. It may be asked before CUDA is.
func CPUCapability() string {
	capability, err := libtorch.CPUCapability()
	must("get_cpu_capability", err)
	return capability
}

// Version is libtorch's version without suffix, such as 2.15.0.
func Version() string { return libtorch.Version }

// FullVersion is libtorch's version with the build's suffix, as torch.__version__ gives it.
func FullVersion() string { return libtorch.FullVersion }

// wantedThreads is what SetNumThreads set, or 0.
var wantedThreads atomic.Int64

// SetNumThreads sets the threads that one op may use, for the whole process. Scopes that other goroutines have
// open keep what they had.
func SetNumThreads(n int) {
	must("set_num_threads", libtorch.SetThreads(n))
	wantedThreads.Store(int64(n))
}

// takeThreads brings this OS thread to what SetNumThreads set on another one: OpenMP keeps a number for each.
func takeThreads() {
	if n := int(wantedThreads.Load()); n > 0 && NumThreads() != n {
		must("set_num_threads", libtorch.SetThreads(n))
	}
}

// NumThreads is the number of threads that one op may use.
func NumThreads() int {
	n, err := libtorch.Threads()
	must("get_num_threads", err)
	return n
}
