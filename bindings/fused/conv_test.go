package fused

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"cgan/bindings/kernels"
	"cgan/bindings/torch"
	"cgan/bindings/torch/torchtest"
)

// Fused ops beside the plain ones in float64, whose own rounding is out of sight.

// onEverySet runs test on every kernel set that this machine can run, the reference with them.
func onEverySet(t *testing.T, test func(t *testing.T, set *kernels.Set)) {
	for _, e := range kernels.All() {
		t.Run(e.Name, func(t *testing.T) {
			if e.Set == nil {
				t.Skipf("not run here: %s", e.Lacks)
			}
			torchtest.Do(t, func() { test(t, e.Set) })
		})
	}
}

// relError is the largest difference beside the largest magnitude of want.
func relError(got, want *torch.Tensor) float64 {
	g, w := got.Type(torch.Float32).Float32s(), want.Type(torch.Float32).Float32s()
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

// assertClose fails where got differs from want by more than limit, or has another shape.
func assertClose(t *testing.T, what string, got, want *torch.Tensor, limit float64) {
	t.Helper()
	if !slices.Equal(got.Shape(), want.Shape()) {
		t.Errorf("%s: shape %v, want %v", what, got.Shape(), want.Shape())
	} else if d := relError(got, want); !(d <= limit) { // NaN fails too
		t.Errorf("%s differs by %.1e, at most %.1e", what, d, limit)
	}
}

// param is random values that gradients go to. bfloat16 holds coarse ones without rounding.
func param(coarse bool, size ...int64) *torch.Tensor {
	x := torch.Randn(size, torch.CPU)
	if coarse {
		x = x.Type(torch.BFloat16).Type(torch.Float32)
	}
	return x.Detach().RequiresGrad_(true)
}

// gradients gives the gradients of the leaves when that of y is g.
func gradients(y, g *torch.Tensor, leaves ...*torch.Tensor) (grads []*torch.Tensor) {
	row, column := y.Type(torch.Float64).Reshape(1, -1), g.Type(torch.Float64).Reshape(-1, 1)
	row.Matmul(column).Backward()
	for _, l := range leaves {
		grads = append(grads, l.Grad())
		l.ZeroGrad()
	}
	return grads
}

// gradAwayFromZero is a random gradient of y that is 0 where y is within rounding of 0, as a share of its largest value:
// there an activation may rightly take another side, and then its gradient is another.
func gradAwayFromZero(coarse bool, within float64, y *torch.Tensor) *torch.Tensor {
	values, g := y.Type(torch.Float32).Float32s(), param(coarse, y.Shape()...).Float32s()
	var most float64
	for _, v := range values {
		most = max(most, math.Abs(float64(v)))
	}
	for i, v := range values {
		if math.Abs(float64(v)) < within*most {
			g[i] = 0
		}
	}
	return torch.FromFloat32s(g, y.Shape())
}

// convCase is one convolution. With classes, its input has label planes after the in channels.
type convCase struct {
	batch, in, out, size, kernel, stride, padding int64
	transposed                                    bool
	slope                                         float64
	classes                                       int64
}

func (c convCase) leaves(coarse bool) (x, weight, bias *torch.Tensor) {
	torch.ManualSeed(c.batch)
	sizes := []int64{c.out, c.in + c.classes, c.kernel, c.kernel}
	if c.transposed {
		sizes = []int64{c.in, c.out, c.kernel, c.kernel}
	}
	return param(coarse, c.batch, c.in, c.size, c.size), param(coarse, sizes...), param(false, c.out)
}

// plain is the convolution by the plain ops in float64, without an activation.
func (c convCase) plain(x, weight, bias *torch.Tensor) *torch.Tensor {
	x, weight, bias = x.Type(torch.Float64), weight.Type(torch.Float64), bias.Type(torch.Float64)
	stride, padding := [2]int64{c.stride, c.stride}, [2]int64{c.padding, c.padding}
	if c.transposed {
		return torch.ConvTranspose2d(x, weight, bias, stride, padding, [2]int64{}, 1, [2]int64{1, 1})
	}
	return torch.Conv2d(x, weight, bias, stride, padding, [2]int64{1, 1}, 1)
}

// withPlanes is x with a plane for each class after its channels: ones for the image's own, else zeros.
func (c convCase) withPlanes(x, label *torch.Tensor) *torch.Tensor {
	if c.classes == 0 {
		return x
	}
	planes := torch.Eye(c.classes, torch.CPU).Index(label).View(c.batch, c.classes, 1, 1)
	return torch.Cat([]*torch.Tensor{x, planes.Expand(c.batch, c.classes, c.size, c.size)}, 1)
}

// on is the convolution on a kernel set.
func (c convCase) on(set *kernels.Set) Conv {
	return Conv{Kernels: set, Stride: c.stride, Padding: c.padding, Transposed: c.transposed, NegativeSlope: c.slope}
}

// fused is the convolution in one op.
func (c convCase) fused(set *kernels.Set, x, label, weight, bias *torch.Tensor) *torch.Tensor {
	if c.classes > 0 {
		return c.on(set).ForwardLabels(x, label, weight, bias)
	}
	return c.on(set).Forward(x, weight, bias)
}

// tooLong says that the reference's plain loops would take seconds; smaller cases have all of its paths.
func (c convCase) tooLong(set *kernels.Set) bool {
	return set.Name() == kernels.Reference && c.batch*c.size*c.size*c.kernel*c.kernel*c.in*c.out > 1<<26
}

// limits are how far images and the parameters' gradients may differ. A sum of n float32 strays by sqrt(n)
// roundings, libtorch's too: 3 times what is seen here. An image of bfloat16 is rounded to 8 bits, up to 2^-8.
func (c convCase) limits(dtype torch.DType, y *torch.Tensor) (image, params float64) {
	if dtype == torch.BFloat16 {
		return 5e-3, 4e-3
	}
	terms := max(c.in, c.out) * c.kernel * c.kernel
	return straying(terms), straying(y.Numel() / c.out)
}

func straying(terms int64) float64 { return 6e-8 * (10 + math.Sqrt(float64(terms))) }

// check compares output and gradients with those of the plain ops.
func (c convCase) check(t *testing.T, set *kernels.Set, dtype torch.DType) {
	coarse := dtype == torch.BFloat16
	x, weight, bias := c.leaves(coarse)
	label := torch.Randint(max(c.classes, 1), []int64{c.batch}, torch.CPU)
	before := c.plain(c.withPlanes(x, label), weight, bias)
	want, g := torch.LeakyRelu(before, c.slope), gradAwayFromZero(coarse, 1e-4, before)
	wants := gradients(want, g, x, weight, bias)
	got := c.fused(set, x.Type(dtype), label, weight, bias)
	if got.DType() != dtype {
		t.Errorf("%v gave %v", dtype, got.DType())
	}
	image, params := c.limits(dtype, want)
	assertClose(t, "output", got, want, image)
	grads := gradients(got, g, x, weight, bias)
	assertClose(t, "gradient of input", grads[0], wants[0], image)
	assertClose(t, "gradient of weight", grads[1], wants[1], params)
	assertClose(t, "gradient of bias", grads[2], wants[2], params)
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
	"few, beyond":           {batch: 5, in: 3, out: 17, size: 8, kernel: 4, stride: 3, padding: 5, slope: 0.2},
	"few, beyond, back":     {batch: 5, in: 17, out: 3, size: 5, kernel: 4, stride: 3, padding: 2, transposed: true, slope: 0.2},
	"few, one wide":         {batch: 9, in: 2, out: 33, size: 1, kernel: 3, stride: 1, padding: 1, slope: 0.2},
	"few, one wide, back":   {batch: 9, in: 33, out: 2, size: 1, kernel: 3, stride: 1, padding: 1, transposed: true, slope: 0.2},
	"few, many images":      {batch: 20, in: 5, out: 7, size: 9, kernel: 5, stride: 1, padding: 2, slope: 0.2},
	"steps beyond":          {batch: 7, in: 17, out: 13, size: 5, kernel: 2, stride: 3, transposed: true, slope: 1},
}

// Values whose lower bits are all ones are the hardest to take apart, and of one sign no error takes out another.
func TestConvKeepsEveryBit(t *testing.T) {
	onEverySet(t, func(t *testing.T, set *kernels.Set) {
		x := torch.Full([]int64{16, 64, 1, 1}, 2-math.Pow(2, -23), torch.CPU)
		weight := torch.Full([]int64{16, 64, 1, 1}, 1+math.Pow(2, -7)-math.Pow(2, -23), torch.CPU)
		zeros := torch.Zeros([]int64{16}, torch.Float32, torch.CPU)
		want := torch.Conv2d(x.Type(torch.Float64), weight.Type(torch.Float64), zeros.Type(torch.Float64), [2]int64{1, 1}, [2]int64{}, [2]int64{1, 1}, 1)
		assertClose(t, "a sum of 64 products", Conv{Kernels: set, Stride: 1, NegativeSlope: 1}.Forward(x, weight, zeros), want, 6e-8*(1+math.Sqrt(64)/2))
	})
}

func TestConvIsConv(t *testing.T) {
	onEverySet(t, func(t *testing.T, set *kernels.Set) {
		for _, dtype := range []torch.DType{torch.Float32, torch.BFloat16} {
			for name, c := range convCases {
				if !c.tooLong(set) {
					t.Run(name+" "+dtype.String(), func(t *testing.T) { torchtest.Do(t, func() { c.check(t, set, dtype) }) })
				}
			}
		}
	})
}

// An image comes out the same, to the bit, whatever images are beside it: few of them go another way through the kernels.
func TestAnImageDependsOnItselfAlone(t *testing.T) {
	onEverySet(t, func(t *testing.T, set *kernels.Set) {
		for _, c := range []struct{ in, out, kernel, stride, padding, height, width int64 }{
			{32, 48, 4, 2, 1, 7, 7}, {64, 40, 3, 2, 0, 3, 3}, {32, 32, 5, 1, 2, 5, 9}, {32, 16, 2, 3, 0, 4, 3}, {32, 33, 3, 1, 0, 2, 2}, {32, 16, 1, 2, 0, 3, 4}, {48, 17, 6, 3, 2, 4, 5},
			{32, 24, 3, 2, 1, 1, 6}, {31, 24, 4, 2, 1, 4, 4}, {32, 3, 4, 2, 1, 6, 6}, {3, 32, 4, 2, 1, 8, 8}, {12, 20, 3, 1, 1, 4, 5},
		} {
			for _, transposed := range []bool{true, false} {
				for _, dtype := range []torch.DType{torch.Float32, torch.BFloat16} {
					conv := Conv{Kernels: set, Stride: c.stride, Padding: c.padding, Transposed: transposed, NegativeSlope: 0.2}
					if !transposed && min(c.height, c.width)+2*c.padding < c.kernel {
						continue
					}
					size := []int64{c.out, c.in, c.kernel, c.kernel}
					if transposed {
						size[0], size[1] = c.in, c.out
					}
					const most = 18
					x, weight, bias := torch.Randn([]int64{most, c.in, c.height, c.width}, torch.CPU).Type(dtype), torch.Randn(size, torch.CPU), torch.Randn([]int64{c.out}, torch.CPU)
					torch.NoGrad(func() {
						want := conv.Forward(x, weight, bias)
						for _, n := range []int64{1, 2, 3, 4, 15, 16, 17} {
							got := conv.Forward(x.Narrow(0, 1, n), weight, bias).Type(torch.Float32).Float32s()
							if !slices.Equal(got, want.Narrow(0, 1, n).Type(torch.Float32).Float32s()) {
								t.Errorf("%+v, transposed %v, %v: %d images differ from the same among %d", c, transposed, dtype, n, most)
							}
						}
					})
				}
			}
		}
	})
}

// A drawing keeps the packed weight of a parameter; whatever changes the values, the next drawing has the new ones.
func TestADrawingHasTheWeightsOfItsTime(t *testing.T) {
	onEverySet(t, func(t *testing.T, set *kernels.Set) {
		for _, conv := range []Conv{{Kernels: set, Stride: 2, NegativeSlope: 1, Transposed: true}, {Kernels: set, Stride: 1, NegativeSlope: 1}} {
			for _, dtype := range []torch.DType{torch.Float32, torch.BFloat16} {
				x, weight, bias := param(true, 2, 32, 5, 5), param(true, 32, 32, 3, 3), param(true, 32)
				other, state := param(true, 32, 32, 3, 3), Adam{Kernels: set, LR: 0.5, Beta1: 0.5, Beta2: 0.9, Eps: 1e-8}
				for name, change := range map[string]func(){
					"copy":       func() { torch.NoGrad(func() { weight.Copy_(other) }) },
					"bytes":      func() { weight.SetBytes(other.Bytes()) },
					"new memory": func() { torch.NoGrad(func() { weight.SetData(other.MulScalar(2)) }) },
					"layout":     func() { LayOutPixelwise(weight) },
					"adam": func() {
						conv.Forward(x, weight, bias).Sum().Backward()
						state.Step([]*torch.Tensor{weight}, []*torch.Tensor{torch.ZerosLike(weight)}, []*torch.Tensor{torch.ZerosLike(weight)}, []int64{1})
					},
				} {
					torch.NoGrad(func() { conv.Forward(x.Type(dtype), weight, bias) })
					change()
					torch.NoGrad(func() {
						got := conv.Forward(x.Type(dtype), weight, bias).Type(torch.Float32).Float32s()
						again := conv.Forward(x.Type(dtype), weight, bias).Type(torch.Float32).Float32s()
						if want := conv.Forward(x.Type(dtype), weight.MulScalar(1), bias).Type(torch.Float32).Float32s(); !slices.Equal(got, want) || !slices.Equal(again, want) {
							t.Errorf("%v, transposed %v: after %s it draws with other weights", dtype, conv.Transposed, name)
						}
					})
				}
			}
		}
	})
}

// A parameter that goes through a convolution and a transposed one, and two parameters in one memory, are packed each for itself.
func TestPackedWeightsAreTold(t *testing.T) {
	onEverySet(t, func(t *testing.T, set *kernels.Set) {
		x, both, bias := param(true, 2, 32, 5, 5).Type(torch.BFloat16), param(true, 64, 32, 3, 3), param(true, 32)
		first, second := both.Detach().Narrow(0, 0, 32).RequiresGrad_(true), both.Detach().Narrow(0, 32, 32).RequiresGrad_(true)
		torch.NoGrad(func() {
			for _, weight := range []*torch.Tensor{first, second, first} {
				for _, transposed := range []bool{false, true} {
					conv := Conv{Kernels: set, Stride: 1, Transposed: transposed, NegativeSlope: 1}
					got, want := conv.Forward(x, weight, bias), conv.Forward(x, weight.MulScalar(1), bias)
					assertClose(t, fmt.Sprintf("transposed %v", transposed), got, want, 0)
				}
			}
		})
	})
}
