package nn

import (
	"math"
	"runtime"
	"sync"

	"cgan/bindings/libtorch"
	"cgan/bindings/torch"
)

// threads has those that run a function in which new layers are made in another way.
type threads struct{ sync.Map }

var skipping, outlining threads

// SkipInit runs fn, in which new layers draw no random numbers and leave their weights as the memory was: for
// layers that get their weights from a file. It is torch.nn.utils.skip_init.
func SkipInit(fn func()) { skipping.during(fn) }

// Outline runs fn, in which the tensors of new layers have their shapes, and no memory: for who looks at a network, or has to
// know whether a file fits it. It is what torch.device("meta") is for. Nothing may be computed with them, or written into them.
func Outline(fn func()) { SkipInit(func() { outlining.during(fn) }) }

func (t *threads) during(fn func()) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	thread := libtorch.Thread()
	if _, nested := t.LoadOrStore(thread, nil); !nested {
		defer t.Delete(thread)
	}
	fn()
}

// has reports whether this thread is one of them.
func (t *threads) has() bool {
	_, ok := t.Load(libtorch.Thread())
	return ok
}

// empty makes a tensor of float32 for values that come later.
func empty(size ...int64) *torch.Tensor {
	if outlining.has() {
		return torch.Empty([]int64{1}, torch.Float32, torch.CPU).Expand(size...) // one value, seen at every place
	}
	return torch.Empty(size, torch.Float32, torch.CPU)
}

// full makes a tensor of one value.
func full(value float64, size ...int64) *torch.Tensor {
	if outlining.has() {
		return empty(size...)
	}
	return torch.Full(size, value, torch.CPU)
}

// uniform draws t within bound of 0.
func uniform(t *torch.Tensor, bound float64) {
	if !skipping.has() {
		torch.NoGrad(func() { t.Uniform_(-bound, bound) })
	}
}

// normal draws t from the standard normal distribution.
func normal(t *torch.Tensor) {
	if !skipping.has() {
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
