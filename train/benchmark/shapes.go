package benchmark

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"cgan/bindings/fused"
	"cgan/bindings/nn"
	"cgan/bindings/torch"
	"cgan/models"
)

// Shape is what one convolution takes on the kernels and on libtorch's own ops: the least of some runs of each, in turn.
type Shape struct {
	Name       string  `json:"name"` // as PyTorch writes the layer, what goes in, and what for
	KernelsMs  float64 `json:"kernels_ms"`
	LibtorchMs float64 `json:"libtorch_ms"`
	Ratio      float64 `json:"x"` // how many times faster the kernels are
}

// convolution is a layer and what goes in: images [batch, in, size, size].
type convolution struct {
	transposed              bool
	batch, in, out, size    int64
	kernel, stride, padding int64
	training                bool // forward and back, else forward without gradients
}

func (l convolution) String() string {
	layer, use := "Conv2d", "drawing"
	if l.transposed {
		layer = "ConvTranspose2d"
	}
	if l.training {
		use = "training"
	}
	return fmt.Sprintf("%s(%d, %d, %d, stride=%d, padding=%d) of [%d, %d, %d, %d], %s", layer, l.in, l.out, l.kernel, l.stride, l.padding, l.batch, l.in, l.size, l.size, use)
}

// convolutions are those of networks of 28 to 128 pixels, grey and RGB, few and odd channels, small and large batches.
func convolutions() (all []convolution) {
	layers := []convolution{
		{in: 1, out: 64, size: 28, kernel: 4, stride: 2, padding: 1},
		{in: 3, out: 64, size: 64, kernel: 4, stride: 2, padding: 1},
		{in: 3, out: 64, size: 128, kernel: 4, stride: 2, padding: 1},
		{in: 64, out: 128, size: 14, kernel: 4, stride: 2, padding: 1},
		{in: 64, out: 128, size: 64, kernel: 4, stride: 2, padding: 1},
		{in: 128, out: 256, size: 7, kernel: 3, stride: 1, padding: 1},
		{in: 17, out: 33, size: 15, kernel: 3, stride: 1, padding: 1},
		{in: 5, out: 7, size: 9, kernel: 5, stride: 1, padding: 2},
		{in: 256, out: 1, size: 4, kernel: 4, stride: 1},
		{in: 512, out: 1, size: 4, kernel: 4, stride: 1},
		{in: 32, out: 32, size: 28, kernel: 3, stride: 1, padding: 1},
		{in: 64, out: 64, size: 14, kernel: 1, stride: 1},
		{transposed: true, in: 110, out: 512, size: 1, kernel: 4, stride: 1},
		{transposed: true, in: 1100, out: 512, size: 1, kernel: 4, stride: 1},
		{transposed: true, in: 512, out: 256, size: 4, kernel: 3, stride: 2, padding: 1},
		{transposed: true, in: 256, out: 128, size: 7, kernel: 4, stride: 2, padding: 1},
		{transposed: true, in: 128, out: 64, size: 32, kernel: 4, stride: 2, padding: 1},
		{transposed: true, in: 128, out: 1, size: 14, kernel: 4, stride: 2, padding: 1},
		{transposed: true, in: 64, out: 3, size: 32, kernel: 4, stride: 2, padding: 1},
		{transposed: true, in: 64, out: 3, size: 64, kernel: 4, stride: 2, padding: 1},
		{transposed: true, in: 13, out: 21, size: 11, kernel: 3, stride: 2, padding: 1},
	}
	for _, batch := range []int64{1, 2, 8, 32, 128, 512} {
		for _, s := range layers {
			if batch*s.size*s.size*max(s.in, s.out) > 1<<24 { // 64 MB
				continue
			}
			for _, training := range []bool{false, true} {
				s.batch, s.training = batch, training
				all = append(all, s)
			}
		}
	}
	return all
}

// Shapes times convolutions of many sizes, one after the other, the worst for the kernels of c first.
func Shapes(ctx context.Context, c models.Compute) (all []Shape, err error) {
	err = torch.Do("", func() error {
		for _, l := range convolutions() {
			if err := ctx.Err(); err != nil {
				return err
			}
			torch.Scope(func() { all = append(all, l.time(c)) })
		}
		return nil
	})
	slices.SortFunc(all, func(a, b Shape) int { return cmp.Compare(a.Ratio, b.Ratio) })
	return all, err
}

// time runs the layer both ways: at least 5 times after one of warm-up, and as often as a tenth of a second allows.
func (l convolution) time(c models.Compute) Shape {
	plain := c
	plain.Without = append(slices.Clone(c.Without), models.Kernels)
	kernels, freeKernels := l.runner(c)
	defer freeKernels()
	libtorch, freeLibtorch := l.runner(plain)
	defer freeLibtorch()
	s := Shape{Name: l.String(), KernelsMs: math.Inf(1), LibtorchMs: math.Inf(1)}
	kernels()
	libtorch()
	for begin, n := time.Now(), 0; n < 5 || time.Since(begin) < 100*time.Millisecond; n++ {
		s.KernelsMs, s.LibtorchMs = min(s.KernelsMs, kernels()), min(s.LibtorchMs, libtorch())
	}
	s.Ratio = s.LibtorchMs / s.KernelsMs
	return s
}

// runner gives a function that runs the layer once and says how many milliseconds it took, and one that frees the layer.
func (l convolution) runner(c models.Compute) (run func() float64, free func()) {
	var layer interface {
		nn.Module
		OnKernels(x *torch.Tensor) bool
	}
	if l.transposed {
		layer = nn.NewConvTranspose2d(l.in, l.out, l.kernel, l.stride, l.padding)
	} else {
		layer = nn.NewConv2d(l.in, l.out, l.kernel, l.stride, l.padding)
	}
	net := nn.NewSequential(layer, nn.NewLeakyReLU(0.2))
	net.SetFast(c.Fast())
	use := torch.NoGrad
	if l.training {
		use = func(fn func()) { fn() }
	}
	beside := func(shape []int64) *torch.Tensor { // as the layers before and after would give it
		t := torch.Randn(shape, torch.CPU).Type(c.Precision.DType())
		use(func() {
			if layer.OnKernels(t) {
				fused.LayOutPixelwise(t)
			}
		})
		return t
	}
	x := beside([]int64{l.batch, l.in, l.size, l.size})
	once := func() { use(func() { net.Forward(x) }) }
	if l.training {
		g := beside(net.Forward(x).Shape())
		x.RequiresGrad_(true)
		once = func() { net.Forward(x).BackwardFrom(g) }
	}
	return func() float64 {
		net.ZeroGrad()
		x.ZeroGrad()
		begin := time.Now()
		torch.Scope(once)
		return time.Since(begin).Seconds() * 1e3
	}, net.Free
}
