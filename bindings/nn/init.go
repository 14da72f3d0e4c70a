package nn

import (
	"math"
	"runtime"
	"sync"

	"cgan/bindings/libtorch"
	"cgan/bindings/torch"
)

// skipping has the threads that run SkipInit.
var skipping sync.Map

// SkipInit runs fn, in which new layers draw no random numbers and leave their weights as the memory was: for
// layers that get their weights from a file. It is torch.nn.utils.skip_init.
func SkipInit(fn func()) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	thread := libtorch.Thread()
	if _, nested := skipping.LoadOrStore(thread, nil); !nested {
		defer skipping.Delete(thread)
	}
	fn()
}

// uniform draws t within bound of 0.
func uniform(t *torch.Tensor, bound float64) {
	if _, skip := skipping.Load(libtorch.Thread()); !skip {
		torch.NoGrad(func() { t.Uniform_(-bound, bound) })
	}
}

// normal draws t from the standard normal distribution.
func normal(t *torch.Tensor) {
	if _, skip := skipping.Load(libtorch.Thread()); !skip {
		torch.NoGrad(func() { t.Normal_() })
	}
}

// kaimingUniform sets w as torch.nn.init.kaiming_uniform_(w, a=math.sqrt(5)) does: uniform within
// sqrt(3) * gain / sqrt(fanIn) of 0.
func kaimingUniform(w *torch.Tensor, fanIn int64) {
	a := math.Sqrt(5)
	gain := math.Sqrt(2.0 / (1 + torch.Pow(a, 2)))
	std := gain / math.Sqrt(float64(fanIn))
	bound := math.Sqrt(3.0) * std
	uniform(w, bound)
}

// biasUniform sets b as the layers of torch.nn do: uniform within 1 / sqrt(fanIn) of 0.
func biasUniform(b *torch.Tensor, fanIn int64) {
	bound := 1 / math.Sqrt(float64(fanIn))
	uniform(b, bound)
}
