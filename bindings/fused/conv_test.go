package torch

import (
	"fmt"
	"math"
	"slices"
	"testing"
)

// Fast mode's ops beside the plain ones in float64, whose own rounding is out of sight.

// onEverySet runs test on every instruction set that this machine has.
func onEverySet(t *testing.T, test func(t *testing.T)) {
	t.Cleanup(func() { ChooseKernels(true, true) })
	seen := map[string]bool{}
	for _, ask := range [][2]bool{{true, true}, {false, true}, {false, false}} {
		ChooseKernels(ask[0], ask[1])
		t.Run(fmt.Sprintf("%s tiles=%v wide=%v", Kernels(), ask[0], ask[1]), func(t *testing.T) {
			if Kernels() == "" || seen[Kernels()] {
				t.Skipf("no instruction set of its own: %q", Kernels())
			}
			seen[Kernels()] = true
			do(t, func() { test(t) })
		})
	}
}

// off is the largest difference beside the largest magnitude of want.
func off(got, want *Tensor) float64 {
	g, w := got.Type(Float32).Float32s(), want.Type(Float32).Float32s()
	var worst, most float64
	for i := range w {
		d := math.Abs(float64(g[i]) - float64(w[i]))
		if math.IsNaN(d) {
			return math.NaN()
		}
		worst, most = max(worst, d), max(most, math.Abs(float64(w[i])))
	}
	return worst / most
}

// near fails where got is off want by more than limit, or has another shape.
func near(t *testing.T, what string, got, want *Tensor, limit float64) {
	t.Helper()
	if !slices.Equal(got.Shape(), want.Shape()) {
		t.Errorf("%s: shape %v, want %v", what, got.Shape(), want.Shape())
	} else if d := off(got, want); !(d <= limit) { // NaN fails too
		t.Errorf("%s is off by %.1e, at most %.1e", what, d, limit)
	}
}

// leaf is random values that gradients go to. bfloat16 holds coarse ones without rounding.
func leaf(coarse bool, size ...int64) *Tensor {
	x := Randn(size, CPU)
	if coarse {
		x = x.Type(BFloat16).Type(Float32)
	}
	return x.Detach().RequiresGrad_(true)
}

// pull gives the gradients of the leaves when that of y is g.
func pull(y, g *Tensor, leaves ...*Tensor) (grads []*Tensor) {
	row, column := y.Type(Float64).Reshape(1, -1), g.Type(Float64).Reshape(-1, 1)
	row.Matmul(column).Backward()
	for _, l := range leaves {
		grads = append(grads, l.Grad())
		l.ZeroGrad()
	}
	return grads
}

// awayFromKinks is a random gradient of y that is 0 where y is within rounding of 0, as a share of its largest value:
// there an activation may rightly take another side, and then its gradient is another.
func awayFromKinks(coarse bool, within float64, y *Tensor) *Tensor {
	values, g := y.Type(Float32).Float32s(), leaf(coarse, y.Shape()...).Float32s()
	var most float64
	for _, v := range values {
		most = max(most, math.Abs(float64(v)))
	}
	for i, v := range values {
		if math.Abs(float64(v)) < within*most {
			g[i] = 0
		}
	}
	return FromFloat32s(g, y.Shape())
}

// convCase is one convolution. With classes, its input has label planes behind the in channels.
type convCase struct {
	batch, in, out, size, kernel, stride, padding int64
	transposed                                    bool
	slope                                         float64
	classes                                       int64
}

func (c convCase) leaves(coarse bool) (x, weight, bias *Tensor) {
	ManualSeed(c.batch)
	sizes := []int64{c.out, c.in + c.classes, c.kernel, c.kernel}
	if c.transposed {
		sizes = []int64{c.in, c.out, c.kernel, c.kernel}
	}
	return leaf(coarse, c.batch, c.in, c.size, c.size), leaf(coarse, sizes...), leaf(false, c.out)
}

// plain is the convolution by the plain ops in float64, without an activation.
func (c convCase) plain(x, weight, bias *Tensor) *Tensor {
	x, weight, bias = x.Type(Float64), weight.Type(Float64), bias.Type(Float64)
	if c.transposed {
		return ConvTranspose2d(x, weight, bias, c.stride, c.padding)
	}
	return Conv2d(x, weight, bias, c.stride, c.padding)
}

// withPlanes is x with a plane for each class behind its channels: ones for the image's own, else zeros.
func (c convCase) withPlanes(x, label *Tensor) *Tensor {
	if c.classes == 0 {
		return x
	}
	planes := Eye(c.classes, CPU).Index(label).View(c.batch, c.classes, 1, 1)
	return Cat([]*Tensor{x, planes.Expand(c.batch, c.classes, c.size, c.size)}, 1)
}

func (c convCase) fast(x, label, weight, bias *Tensor) *Tensor {
	if c.classes > 0 {
		return FastLabelConv(x, label, weight, bias, c.stride, c.padding, c.slope)
	}
	return FastConv(x, weight, bias, c.stride, c.padding, c.transposed, c.slope)
}

// limits are how far images and the parameters' gradients may be off. A sum of n float32 strays by sqrt(n)
// roundings, libtorch's too: 3 times what is seen here. An image of bfloat16 is rounded to 8 bits, up to 2^-8.
func (c convCase) limits(dtype DType, y *Tensor) (image, params float64) {
	if dtype == BFloat16 {
		return 5e-3, 4e-3
	}
	terms := max(c.in, c.out) * c.kernel * c.kernel
	return straying(terms), straying(y.Numel() / c.out)
}

func straying(terms int64) float64 { return 6e-8 * (10 + math.Sqrt(float64(terms))) }

// check compares output and gradients with those of the plain ops.
func (c convCase) check(t *testing.T, dtype DType) {
	coarse := dtype == BFloat16
	x, weight, bias := c.leaves(coarse)
	label := Randint(max(c.classes, 1), []int64{c.batch}, CPU)
	before := c.plain(c.withPlanes(x, label), weight, bias)
	want, g := LeakyRelu(before, c.slope), awayFromKinks(coarse, 1e-4, before)
	wants := pull(want, g, x, weight, bias)
	got := c.fast(x.Type(dtype), label, weight, bias)
	if got.DType() != dtype {
		t.Errorf("%v gave %v", dtype, got.DType())
	}
	image, params := c.limits(dtype, want)
	near(t, "output", got, want, image)
	grads := pull(got, g, x, weight, bias)
	near(t, "gradient of input", grads[0], wants[0], image)
	near(t, "gradient of weight", grads[1], wants[1], params)
	near(t, "gradient of bias", grads[2], wants[2], params)
}

var convCases = map[string]convCase{
	"generator 1":           {batch: 7, in: 110, out: 512, size: 1, kernel: 3, stride: 1, transposed: true, slope: 1},
	"generator 2":           {batch: 2, in: 512, out: 256, size: 3, kernel: 3, stride: 2, transposed: true, slope: 1},
	"generator 3":           {batch: 2, in: 256, out: 128, size: 7, kernel: 4, stride: 2, padding: 1, transposed: true, slope: 0},
	"generator 4":           {batch: 3, in: 128, out: 1, size: 14, kernel: 4, stride: 2, padding: 1, transposed: true, slope: 1},
	"discriminator 1":       {batch: 3, in: 11, out: 64, size: 28, kernel: 4, stride: 2, padding: 1, slope: 0.2},
	"discriminator 2":       {batch: 2, in: 64, out: 128, size: 14, kernel: 4, stride: 2, padding: 1, slope: 1},
	"discriminator 3":       {batch: 7, in: 128, out: 256, size: 7, kernel: 3, stride: 2, slope: 0.2},
	"discriminator 4":       {batch: 33, in: 256, out: 1, size: 3, kernel: 3, stride: 1, slope: 1},
	"discriminator 2, 128":  {batch: 128, in: 64, out: 128, size: 14, kernel: 4, stride: 2, padding: 1, slope: 0.2},
	"whole panels, odd":     {batch: 48, in: 64, out: 48, size: 5, kernel: 3, stride: 2, padding: 1, slope: 0.2},
	"labels":                {batch: 33, in: 1, out: 64, size: 28, kernel: 4, stride: 2, padding: 1, slope: 0.2, classes: 10},
	"labels, 3 and 4":       {batch: 7, in: 3, out: 17, size: 9, kernel: 3, stride: 2, padding: 1, slope: 1, classes: 4},
	"labels, many channels": {batch: 1, in: 17, out: 3, size: 8, kernel: 4, stride: 2, padding: 1, slope: 0, classes: 1},
	"one of all":            {batch: 1, in: 1, out: 1, size: 1, kernel: 1, stride: 1, slope: 1},
	"13 to 17":              {batch: 33, in: 13, out: 17, size: 7, kernel: 3, stride: 2, padding: 1, slope: 0.2},
	"33 to 3":               {batch: 7, in: 33, out: 3, size: 8, kernel: 4, stride: 2, padding: 1, slope: 0},
	"3 from 33":             {batch: 7, in: 33, out: 3, size: 5, kernel: 3, stride: 2, padding: 1, transposed: true, slope: 0.2},
	"33 from 13":            {batch: 1, in: 13, out: 33, size: 4, kernel: 3, stride: 1, padding: 1, transposed: true, slope: 0},
	"three blocks wide":     {batch: 9, in: 20, out: 70, size: 6, kernel: 3, stride: 1, padding: 1, slope: 0.2},
	"steps beyond":          {batch: 7, in: 17, out: 13, size: 5, kernel: 2, stride: 3, transposed: true, slope: 1},
}

// Values whose lower bits are all ones are the hardest to take apart, and of one sign no error takes out another.
func TestFastConvKeepsEveryBit(t *testing.T) {
	onEverySet(t, func(t *testing.T) {
		x := Full([]int64{16, 64, 1, 1}, 2-math.Pow(2, -23), CPU)
		weight := Full([]int64{16, 64, 1, 1}, 1+math.Pow(2, -7)-math.Pow(2, -23), CPU)
		zeros := Zeros([]int64{16}, Float32, CPU)
		want := Conv2d(x.Type(Float64), weight.Type(Float64), zeros.Type(Float64), 1, 0)
		near(t, "a sum of 64 products", FastConv(x, weight, zeros, 1, 0, false, 1), want, 6e-8*(1+math.Sqrt(64)/2))
	})
}

func TestFastConvIsConv(t *testing.T) {
	onEverySet(t, func(t *testing.T) {
		for _, dtype := range []DType{Float32, BFloat16} {
			for name, c := range convCases {
				if KernelsFor(dtype) {
					t.Run(name+" "+dtype.String(), func(t *testing.T) { do(t, func() { c.check(t, dtype) }) })
				}
			}
		}
	})
}
