package fused

import (
	"math"
	"slices"
	"strings"
	"testing"

	"cgan/bindings/kernels"
	"cgan/bindings/torch"
)

// inOtherLayouts are the values of x: pixelwise, channels last in memory, and as a window into something bigger.
func inOtherLayouts(x *torch.Tensor) map[string]*torch.Tensor {
	pixelwise := x.Add(torch.Zeros(x.Shape(), torch.Float32, torch.CPU)).Detach()
	LayOutPixelwise(pixelwise)
	beside := torch.Full(x.Shape(), math.NaN(), torch.CPU)
	window := torch.Cat([]*torch.Tensor{beside, x, beside}, 3).Detach().Narrow(3, x.Size(3), x.Size(3))
	return map[string]*torch.Tensor{"pixelwise": pixelwise, "a window": window}
}

// The layout of what goes in moves no bit of what comes out.
func TestConvTakesEveryLayout(t *testing.T) {
	onEverySet(t, func(t *testing.T, set *kernels.Set) {
		for _, name := range []string{"discriminator 2", "labels, 3 and 4", "33 from 13"} {
			c := convCases[name]
			x, weight, bias := c.leaves(false)
			label := torch.FromInt64s(make([]int64, c.batch))
			want := c.fused(set, x, label, weight, bias)
			g := param(false, want.Shape()...)
			wants := append(gradients(want, g, x, weight, bias), want)
			others := inOtherLayouts(weight)
			for layout, image := range inOtherLayouts(x) {
				image, weight := image.RequiresGrad_(true), others[layout].RequiresGrad_(true)
				got := c.fused(set, image, label, weight, bias)
				for i, value := range append(gradients(got, g, image, weight, bias), got) {
					if !slices.Equal(value.Float32s(), wants[i].Float32s()) {
						t.Errorf("%s, %s: result %d differs", name, layout, i)
					}
				}
			}
		}
	})
}

// Training asks for some gradients alone: the generator's step for none of the discriminator's parameters.
func TestConvGivesTheGradientsThatAreAsked(t *testing.T) {
	onEverySet(t, func(t *testing.T, set *kernels.Set) {
		for _, name := range []string{"discriminator 3", "labels", "3 from 33"} {
			c := convCases[name]
			x, weight, bias := c.leaves(false)
			label := torch.FromInt64s(make([]int64, c.batch))
			leaves := []*torch.Tensor{x, weight, bias}
			y := c.fused(set, x, label, weight, bias)
			g := param(false, y.Shape()...)
			wants := gradients(y, g, leaves...)
			for i, asked := range leaves {
				for _, l := range leaves {
					l.RequiresGrad_(l == asked)
				}
				got := gradients(c.fused(set, x, label, weight, bias), g, asked)[0]
				if got == nil || !slices.Equal(got.Float32s(), wants[i].Float32s()) {
					t.Errorf("%s: gradient %d alone differs", name, i)
				}
			}
		}
	})
}

func TestOpsRefuse(t *testing.T) {
	ones := func(size ...int64) *torch.Tensor { return torch.Full(size, 1, torch.CPU) }
	onEverySet(t, func(t *testing.T, set *kernels.Set) {
		of := func(stride, padding int64, transposed bool) Conv {
			return Conv{Kernels: set, Stride: stride, Padding: padding, Transposed: transposed, NegativeSlope: 1}
		}
		conv := func(x, weight *torch.Tensor, stride int64, transposed bool) func() {
			return func() { of(stride, 0, transposed).Forward(x, weight, ones(4)) }
		}
		labels := func(x, label *torch.Tensor) func() {
			return func() { of(2, 0, false).ForwardLabels(x, label, ones(4, 11, 3, 3), ones(4)) }
		}
		norm := func(x, weight *torch.Tensor) func() {
			n := BatchNorm{weight, ones(3), ones(3), ones(3), true, 0.1, 1e-5}
			return func() { of(1, 0, false).ForwardNorm(x, ones(3, 3, 1, 1), ones(3), n) }
		}
		adam := func(means []*torch.Tensor) func() {
			return func() {
				Adam{set, 0.1, 0.5, 0.99, 1e-8}.Step([]*torch.Tensor{ones(3)}, means, []*torch.Tensor{ones(3)}, []int64{1})
			}
		}
		for _, c := range []struct {
			name, want string
			op         func()
		}{
			{"channels", "the input has 2 channels, the weight takes 3", conv(ones(1, 2, 5, 5), ones(4, 3, 3, 3), 1, false)},
			{"channels, transposed", "the input has 2 channels, the weight takes 3", conv(ones(1, 2, 5, 5), ones(3, 4, 3, 3), 1, true)},
			{"no image", "expected [B, C, H, W]", conv(ones(3, 5, 5), ones(4, 3, 3, 3), 1, false)},
			{"kernel", "a kernel of size 3 does not fit on [1, 3, 2, 2]", conv(ones(1, 3, 2, 2), ones(4, 3, 3, 3), 1, false)},
			{"kernel by stride", "a kernel of size 3 does not fit on [1, 3, 2, 2]", conv(ones(1, 3, 2, 2), ones(4, 3, 3, 3), 2, false)},
			{"bias", "expected 4 adjacent values of Float for the channels, on the CPU, got [1]", func() { of(1, 0, false).Forward(ones(1, 3, 5, 5), ones(4, 3, 3, 3), ones(1)) }},
			{"float64", "take Float and BFloat16, not Double", conv(torch.ScalarTensor(1, torch.Float64, torch.CPU).Expand(1, 3, 5, 5), ones(4, 3, 3, 3), 1, false)},
			{"norm's weight", "expected 3 adjacent values of Float for the channels, on the CPU, got [1]", norm(ones(2, 3, 5, 5), ones(1))},
			{"no gradient", "a parameter has no gradient", adam([]*torch.Tensor{ones(3)})},
			{"stride 0", "expected a stride of at least 1", conv(ones(1, 3, 5, 5), ones(4, 3, 3, 3), 0, false)},
			{"stride 0, transposed", "expected a stride of at least 1", conv(ones(1, 3, 5, 5), ones(3, 4, 3, 3), 0, true)},
			{"padding -1", "a padding of at least 0, got 1 and -1", func() { of(1, -1, true).Forward(ones(1, 3, 5, 5), ones(3, 4, 3, 3), ones(4)) }},
			{"no images", "no empty tensors, got [0, 3, 5, 5]", conv(ones(0, 3, 5, 5), ones(4, 3, 3, 3), 1, false)},
			{"weight of bfloat16", "a weight of Float on the CPU, got BFloat16", conv(ones(1, 3, 5, 5), ones(4, 3, 3, 3).Type(torch.BFloat16), 1, false)},
			{"bias in steps", "on the CPU, got [4]", func() { of(1, 0, false).Forward(ones(1, 3, 5, 5), ones(4, 3, 3, 3), ones(1).Expand(4)) }},
			{"too few means", "1 parameters, 0 and 1 means, 1 steps", adam(nil)},
			{"no kernels", "a fused convolution needs a kernel set", func() { Conv{Stride: 1, NegativeSlope: 1}.Forward(ones(1, 3, 5, 5), ones(4, 3, 3, 3), ones(4)) }},
			{"no kernels for Adam", "fused Adam needs a kernel set", func() {
				Adam{nil, 0.1, 0.5, 0.99, 1e-8}.Step([]*torch.Tensor{ones(3)}, []*torch.Tensor{ones(3)}, []*torch.Tensor{ones(3)}, []int64{1})
			}},
			{"label 10", "a label is outside of the 10 classes", labels(ones(2, 1, 5, 5), torch.FromInt64s([]int64{0, 10}))},
			{"label -1", "a label is outside of the 10 classes", labels(ones(2, 1, 5, 5), torch.FromInt64s([]int64{-1, 9}))},
			{"too few labels", "expected one int64 label for each image", labels(ones(2, 1, 5, 5), torch.FromInt64s([]int64{1}))},
			{"labels of float32", "expected one int64 label for each image", labels(ones(2, 1, 5, 5), ones(2))},
			{"no classes", "the weight takes 11 channels, the image alone has 11", labels(ones(1, 11, 5, 5), torch.FromInt64s([]int64{0}))},
			{"one value per channel", "Expected more than 1 value per channel", norm(ones(1, 3, 1, 1), ones(3))},
		} {
			err := torch.Do(c.name, func() error { c.op(); return nil })
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), c.name+": ") {
				t.Errorf("%s: got %v, want %q", c.name, err, c.want)
			}
		}
	})
}
