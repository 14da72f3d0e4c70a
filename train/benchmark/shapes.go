package benchmark

import (
	"context"
	"fmt"
	"slices"
	"time"

	"cgan/bindings/fused"
	"cgan/bindings/nn"
	"cgan/bindings/torch"
	"cgan/models"
)

// Shape is one convolution: its layer, what goes in, and how it is used.
type Shape struct {
	Transposed                   bool
	Batch, In, Out, Size         int64 // of the images that go in, Size x Size
	Kernel, Stride, Padding      int64
	Training                     bool    // forward and back, else forward without gradients
	Taken                        bool    // by the kernels, else left to libtorch
	KernelsMs, LibtorchMs, Ratio float64 // the least of some runs in turn; Ratio is libtorch's time beside the kernels'
}

// String is the layer as PyTorch writes it, and what goes in.
func (s Shape) String() string {
	layer, use := "Conv2d", "drawing"
	if s.Transposed {
		layer = "ConvTranspose2d"
	}
	if s.Training {
		use = "training"
	}
	return fmt.Sprintf("%s(%d, %d, %d, stride=%d, padding=%d) of [%d, %d, %d, %d], %s", layer, s.In, s.Out, s.Kernel, s.Stride, s.Padding, s.Batch, s.In, s.Size, s.Size, use)
}

// shapes are those of networks of 28 to 128 pixels, grey and RGB, few and odd channels, small and large batches.
func shapes() (all []Shape) {
	layers := []Shape{
		{In: 1, Out: 64, Size: 28, Kernel: 4, Stride: 2, Padding: 1},
		{In: 3, Out: 64, Size: 64, Kernel: 4, Stride: 2, Padding: 1},
		{In: 3, Out: 64, Size: 128, Kernel: 4, Stride: 2, Padding: 1},
		{In: 64, Out: 128, Size: 14, Kernel: 4, Stride: 2, Padding: 1},
		{In: 64, Out: 128, Size: 64, Kernel: 4, Stride: 2, Padding: 1},
		{In: 128, Out: 256, Size: 7, Kernel: 3, Stride: 1, Padding: 1},
		{In: 17, Out: 33, Size: 15, Kernel: 3, Stride: 1, Padding: 1},
		{In: 5, Out: 7, Size: 9, Kernel: 5, Stride: 1, Padding: 2},
		{In: 256, Out: 1, Size: 4, Kernel: 4, Stride: 1},
		{In: 512, Out: 1, Size: 4, Kernel: 4, Stride: 1},
		{In: 32, Out: 32, Size: 28, Kernel: 3, Stride: 1, Padding: 1},
		{In: 64, Out: 64, Size: 14, Kernel: 1, Stride: 1},
		{Transposed: true, In: 110, Out: 512, Size: 1, Kernel: 4, Stride: 1},
		{Transposed: true, In: 1100, Out: 512, Size: 1, Kernel: 4, Stride: 1},
		{Transposed: true, In: 512, Out: 256, Size: 4, Kernel: 3, Stride: 2, Padding: 1},
		{Transposed: true, In: 256, Out: 128, Size: 7, Kernel: 4, Stride: 2, Padding: 1},
		{Transposed: true, In: 128, Out: 64, Size: 32, Kernel: 4, Stride: 2, Padding: 1},
		{Transposed: true, In: 128, Out: 1, Size: 14, Kernel: 4, Stride: 2, Padding: 1},
		{Transposed: true, In: 64, Out: 3, Size: 32, Kernel: 4, Stride: 2, Padding: 1},
		{Transposed: true, In: 64, Out: 3, Size: 64, Kernel: 4, Stride: 2, Padding: 1},
		{Transposed: true, In: 13, Out: 21, Size: 11, Kernel: 3, Stride: 2, Padding: 1},
	}
	for _, batch := range []int64{1, 2, 8, 32, 128, 512} {
		for _, s := range layers {
			if batch*s.Size*s.Size*max(s.In, s.Out) > 1<<25 { // 128 MB
				continue
			}
			for _, training := range []bool{false, true} {
				s.Batch, s.Training = batch, training
				all = append(all, s)
			}
		}
	}
	return all
}

// Shapes times convolutions of many shapes on the kernels and on libtorch's own ops, in turn, the worst for the kernels
// first. progress is told of each.
func Shapes(ctx context.Context, c models.Compute, progress func(Shape)) (all []Shape, err error) {
	err = torch.Do("", func() error {
		for _, s := range shapes() {
			if err := ctx.Err(); err != nil {
				return err
			}
			torch.Scope(func() { s.time(c) })
			progress(s)
			all = append(all, s)
		}
		return nil
	})
	slices.SortFunc(all, func(a, b Shape) int {
		if a.Ratio < b.Ratio {
			return -1
		}
		return 1
	})
	return all, err
}

// time runs the layer both ways in turn: at least 5 times, and as often as 50 ms allow.
func (s *Shape) time(c models.Compute) {
	plain := c
	plain.Without = append(slices.Clone(c.Without), models.Kernels)
	quick, slow := s.runner(c), s.runner(plain)
	for begin, n := time.Now(), 0; n < 5 || time.Since(begin) < 100*time.Millisecond; n++ {
		a, b := quick(), slow()
		if n == 1 || n > 1 && a < s.KernelsMs {
			s.KernelsMs = a
		}
		if n == 1 || n > 1 && b < s.LibtorchMs {
			s.LibtorchMs = b
		}
	}
	s.Ratio = s.LibtorchMs / s.KernelsMs
}

// runner gives a function that runs the layer once and says how many milliseconds it took.
func (s *Shape) runner(c models.Compute) func() float64 {
	var layer nn.Module
	if s.Transposed {
		layer = nn.NewConvTranspose2d(s.In, s.Out, s.Kernel, s.Stride, s.Padding)
	} else {
		layer = nn.NewConv2d(s.In, s.Out, s.Kernel, s.Stride, s.Padding)
	}
	net := nn.NewSequential(layer, nn.NewLeakyReLU(0.2))
	net.SetFast(c.Fast())
	x := torch.Randn([]int64{s.Batch, s.In, s.Size, s.Size}, torch.CPU)
	if c.KernelSet() != nil { // as the layer before would give it
		fused.LayOutPixelwise(x)
	}
	if s.Training {
		x.RequiresGrad_(true)
	}
	forward := func() { net.Forward(x) }
	if s.Training {
		forward = func() { net.Forward(x).Mean().Backward() }
	}
	return func() float64 {
		begin := time.Now()
		torch.Scope(func() {
			if s.Training {
				forward()
			} else {
				torch.NoGrad(forward)
			}
		})
		return time.Since(begin).Seconds() * 1e3
	}
}
