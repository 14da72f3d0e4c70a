package nn

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"cgan/bindings/kernels"
	"cgan/bindings/torch"
	"cgan/bindings/torch/torchtest"
)

func images(sizes ...int64) *torch.Tensor { return torch.Randn(sizes, torch.CPU) }

// norms are the options of a norm with all there is, and of one with nothing.
func norms(channels int64) (full, bare NormOptions) {
	return NormOptions{NumFeatures: channels, Eps: 1e-5, Momentum: 0.1, Affine: true, TrackRunningStats: true}, NormOptions{NumFeatures: channels, Eps: 1e-5}
}

func TestLayersHaveTorchsKeysAndShapes(t *testing.T) {
	full, bare := norms(6)
	stats := "weight bias running_mean running_var num_batches_tracked"
	odd := ConvOptions{InChannels: 6, OutChannels: 4, KernelSize: [2]int64{3, 2}, Stride: [2]int64{2, 1}, Padding: [2]int64{1, 0}, Dilation: [2]int64{1, 2}, Groups: 2, PaddingMode: "zeros"}
	biased := odd
	biased.Bias, biased.OutputPadding = true, [2]int64{1, 0}
	torchtest.Do(t, func() {
		for _, c := range []struct {
			layer   Module
			in, out []int64
			keys    string
		}{
			{NewLinear(6, 4, true), []int64{2, 6}, []int64{2, 4}, "weight bias"},
			{NewLinear(6, 4, false), []int64{2, 6}, []int64{2, 4}, "weight"},
			{NewConv2dWith(odd), []int64{2, 6, 8, 8}, []int64{2, 4, 4, 6}, "weight"},
			{NewConvTranspose2dWith(biased), []int64{2, 6, 8, 8}, []int64{2, 4, 16, 10}, "weight bias"},
			{NewBatchNorm1dWith(full), []int64{2, 6}, []int64{2, 6}, stats},
			{NewBatchNorm1dWith(bare), []int64{2, 6, 3}, []int64{2, 6, 3}, ""},
			{NewBatchNorm2dWith(full), []int64{2, 6, 3, 3}, []int64{2, 6, 3, 3}, stats},
			{NewInstanceNorm2d(full), []int64{2, 6, 3, 3}, []int64{2, 6, 3, 3}, stats},
			{NewInstanceNorm2d(bare), []int64{2, 6, 3, 3}, []int64{2, 6, 3, 3}, ""},
			{NewLayerNorm([]int64{3, 3}, 1e-5, true, true), []int64{2, 6, 3, 3}, []int64{2, 6, 3, 3}, "weight bias"},
			{NewLayerNorm([]int64{6}, 1e-5, true, false), []int64{2, 6}, []int64{2, 6}, "weight"},
			{NewLayerNorm([]int64{6}, 1e-5, false, true), []int64{2, 6}, []int64{2, 6}, ""},
			{NewUpsample(UpsampleOptions{ScaleFactor: [2]float64{2, 1.5}, Mode: "nearest"}), []int64{2, 6, 3, 3}, []int64{2, 6, 6, 4}, ""},
			{NewUpsample(UpsampleOptions{Size: &[2]int64{7, 5}, Mode: "bilinear"}), []int64{2, 6, 3, 3}, []int64{2, 6, 7, 5}, ""},
			{NewPixelShuffle(2), []int64{2, 8, 3, 3}, []int64{2, 2, 6, 6}, ""},
			{NewFlatten(1, -1), []int64{2, 6, 3, 3}, []int64{2, 54}, ""},
			{NewUnflatten(1, []int64{3, 2}), []int64{2, 6, 3}, []int64{2, 3, 2, 3}, ""},
			{NewReshape([]int64{6, -1}), []int64{2, 6, 3, 3}, []int64{2, 6, 9}, ""},
		} {
			name := fmt.Sprintf("%T", c.layer)
			if got := c.layer.Forward(images(c.in...)).Shape(); !slices.Equal(got, c.out) {
				t.Errorf("%s makes %v of %v, want %v", name, got, c.in, c.out)
			}
			var keys []string
			for _, n := range c.layer.base().StateDict() {
				keys = append(keys, n.Name)
			}
			if got := strings.Join(keys, " "); got != c.keys {
				t.Errorf("%s has the keys %q, want %q", name, got, c.keys)
			}
			c.layer.base().Free()
		}
	})
}

func TestEmbeddingGivesRows(t *testing.T) {
	torchtest.Do(t, func() {
		e := NewEmbedding(10, 3)
		defer e.Free()
		rows, got := e.weight.Float32s(), e.Forward(torch.FromInt64s([]int64{7, 0, 7}))
		if want := slices.Concat(rows[21:24], rows[:3], rows[21:24]); !slices.Equal(got.Float32s(), want) {
			t.Errorf("got %v of shape %v, want %v", got.Float32s(), got.Shape(), want)
		}
	})
}

func TestDropoutDropsInTrainingAlone(t *testing.T) {
	torchtest.Do(t, func() {
		torch.ManualSeed(0)
		x := torch.Full([]int64{20, 50, 2, 2}, 3, torch.CPU)
		for _, d := range []Module{NewDropout(0.25), NewDropout2d(0.25)} {
			dropped, mixed := 0, false
			for channel := range slices.Chunk(d.Forward(x).Float32s(), 4) {
				for _, v := range channel {
					if v != 0 && v != 4 {
						t.Fatalf("%T makes %v of 3, want 0 or 3 / 0.75", d, v)
					}
					if v == 0 {
						dropped++
					}
					mixed = mixed || v != channel[0]
				}
			}
			if share := float64(dropped) / 4000; math.Abs(share-0.25) > 0.06 {
				t.Errorf("%T drops %v of the values, want 0.25", d, share)
			}
			if _, channels := d.(*Dropout2d); mixed == channels {
				t.Errorf("%T: channels that are dropped in part: %v", d, mixed)
			}
			d.base().Eval()
			if y := d.Forward(x).Float32s(); !slices.Equal(y, x.Float32s()) {
				t.Errorf("%T changes values in evaluation", d)
			}
		}
	})
}

func TestMistakesAreErrors(t *testing.T) {
	full, _ := norms(6)
	halved := square(6, 4, 3, 1, 1)
	halved.Groups = 3
	mirrored := square(6, 4, 3, 1, 1)
	mirrored.PaddingMode = "mirror"
	for want, fn := range map[string]func(){
		"more than 1 value per channel": func() { NewBatchNorm1dWith(full).Forward(images(1, 6)) },
		"more than 1 spatial element":   func() { NewInstanceNorm2d(full).Forward(images(2, 6, 1, 1)) },
		"3 groups do not divide":        func() { NewConv2dWith(halved) },
		`no mode "mirror"`:              func() { NewConv2dWith(mirrored).Forward(images(2, 6, 4, 4)) },
		`padding mode "mirror"`:         func() { NewConvTranspose2dWith(mirrored) },
		`no mode "bicubic"`: func() {
			NewUpsample(UpsampleOptions{ScaleFactor: [2]float64{2, 2}, Mode: "bicubic"}).Forward(images(2, 6, 4, 4))
		},
		"index out of range":              func() { NewEmbedding(10, 3).Forward(torch.FromInt64s([]int64{10})) },
		"probability has to be between 0": func() { NewDropout(1.5).Forward(images(2, 6)) },
	} {
		var failure *torch.Error
		if err := torch.Do("try", func() error { fn(); return nil }); !errors.As(err, &failure) || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

// onEverySet runs test on every kernel set that this machine can run.
func onEverySet(t *testing.T, test func(t *testing.T, set *kernels.Set)) {
	for _, e := range kernels.All() {
		if e.Set != nil {
			t.Run(e.Name, func(t *testing.T) { torchtest.Do(t, func() { test(t, e.Set) }) })
		}
	}
}

// steps are what net makes of the same images in training and in evaluation with and without gradients, and the gradients.
func steps(net *Sequential, shape []int64) (all []*torch.Tensor) {
	torch.ManualSeed(1)
	for _, training := range []bool{true, false} {
		net.Train(training)
		x := images(shape...).RequiresGrad_(true)
		y := net.Forward(x)
		y.Mul(images(y.Shape()...)).Sum().Backward()
		all = append(all, y, x.Grad())
		for _, p := range net.Parameters() {
			all = append(all, p.Grad())
		}
		net.ZeroGrad()
	}
	torch.NoGrad(func() { all = append(all, net.Forward(images(shape...))) })
	return all
}

// assertFastIsExact compares what two networks of the same weights make, fast with Fast and in exact mode.
func assertFastIsExact(t *testing.T, name string, make func() *Sequential, fast Fast, shape ...int64) {
	t.Helper()
	both := [2][]*torch.Tensor{}
	for i, how := range []Fast{{}, fast} {
		torch.ManualSeed(0)
		net := make()
		defer net.Free()
		net.SetFast(how)
		both[i] = append(steps(net, shape), net.Buffers()...)
	}
	for i, want := range both[0] {
		if want.DType() != torch.Float32 {
			continue
		}
		g, w, most, worst := both[1][i].Float32s(), want.Float32s(), 1.0, 0.0
		for j := range w {
			most, worst = max(most, math.Abs(float64(w[j]))), max(worst, math.Abs(float64(g[j]-w[j])))
		}
		if !slices.Equal(both[1][i].Shape(), want.Shape()) || !(worst <= 1e-5*most) {
			t.Errorf("%s: result %d differs by %g where the largest value is %g", name, i, worst, most)
		}
	}
}

// What the kernels have not goes to libtorch by itself.
func TestFastModeTakesAnyConvolution(t *testing.T) {
	both := func(n int64) [2]int64 { return [2]int64{n, n} }
	odd := map[string]func(*ConvOptions){
		"kernel":       func(o *ConvOptions) { o.KernelSize[0]-- },
		"stride":       func(o *ConvOptions) { o.Stride[1]-- },
		"padding":      func(o *ConvOptions) { o.Padding[0]++ },
		"dilation":     func(o *ConvOptions) { o.Dilation = both(2) },
		"groups":       func(o *ConvOptions) { o.Groups = 2 },
		"padding mode": func(o *ConvOptions) { o.PaddingMode = "reflect" },
		"output size":  func(o *ConvOptions) { o.OutputPadding = both(1) },
	}
	onEverySet(t, func(t *testing.T, set *kernels.Set) {
		for name, change := range odd {
			o := square(4, 6, 4, 2, 1)
			o.Bias = name != "groups"
			change(&o)
			layer := func() Module { return NewConv2dWith(o) }
			if name == "output size" {
				layer = func() Module { return NewConvTranspose2dWith(o) }
			}
			assertFastIsExact(t, name, func() *Sequential { return NewSequential(layer(), NewBatchNorm2d(6), NewLeakyReLU(0.2)) }, Fast{Kernels: set, Norm: true}, 3, 4, 8, 8)
		}
	})
}

func TestKernelsNeedNoBias(t *testing.T) {
	full, bare := norms(6)
	unbiased := square(4, 6, 4, 2, 1)
	unbiased.Bias = false
	onEverySet(t, func(t *testing.T, set *kernels.Set) {
		for name, make := range map[string]func() *Sequential{
			"alone":             func() *Sequential { return NewSequential(NewConv2dWith(unbiased)) },
			"activated":         func() *Sequential { return NewSequential(NewConv2dWith(unbiased), NewReLU()) },
			"normed":            func() *Sequential { return NewSequential(NewConv2dWith(unbiased), NewBatchNorm2dWith(full), NewReLU()) },
			"normed, no affine": func() *Sequential { return NewSequential(NewConv2dWith(unbiased), NewBatchNorm2dWith(bare), NewReLU()) },
			"transposed": func() *Sequential {
				return NewSequential(NewConvTranspose2dWith(unbiased), NewBatchNorm2dWith(full), NewLeakyReLU(0.2), NewDropout2d(0))
			},
		} {
			assertFastIsExact(t, name, make, Fast{Kernels: set, Norm: true}, 3, 4, 8, 8)
			net := make()
			net.SetFast(Fast{Kernels: set})
			if layer := net.at(0).(fuser); !layer.OnKernels(images(3, 4, 8, 8)) {
				t.Errorf("%s: the convolution does not run on the kernels", name)
			}
			net.Free()
		}
	})
}

// A slope below 0 turns signs round, by which the kernels tell where x was above 0.
func TestKernelsLeaveSlopesBelowZeroAlone(t *testing.T) {
	onEverySet(t, func(t *testing.T, set *kernels.Set) {
		net := func() *Sequential { return NewSequential(NewConv2d(4, 6, 4, 2, 1), NewLeakyReLU(-0.5)) }
		assertFastIsExact(t, "slope -0.5", net, Fast{Kernels: set}, 3, 4, 8, 8)
	})
}

// Label planes that are not made give what planes give, without a bias too; where the kernels have not the geometry, nothing does.
func TestLabelsWithoutPlanesNeedNoBias(t *testing.T) {
	unbiased := square(4, 6, 4, 2, 1)
	unbiased.Bias = false
	odd := unbiased
	odd.Stride[0] = 1
	onEverySet(t, func(t *testing.T, set *kernels.Set) {
		torch.ManualSeed(0)
		net := NewSequential(NewConv2dWith(unbiased), NewReLU())
		defer net.Free()
		image, label := images(2, 1, 8, 8), torch.FromInt64s([]int64{2, 0})
		planes := torch.Eye(3, torch.CPU).Index(label).View(2, 3, 1, 1).Expand(2, 3, 8, 8)
		want := net.Forward(torch.Cat([]*torch.Tensor{image, planes}, 1)).Float32s()
		net.SetFast(Fast{Kernels: set})
		y, ok := net.ForwardLabels(image, label)
		if !ok {
			t.Fatal("no kernels for a convolution without a bias")
		}
		for i, v := range y.Float32s() {
			if math.Abs(float64(v-want[i])) > 1e-5 {
				t.Fatalf("value %d is %v, want %v", i, v, want[i])
			}
		}
		other := NewSequential(NewConv2dWith(odd))
		defer other.Free()
		other.SetFast(Fast{Kernels: set})
		if _, ok := other.ForwardLabels(image, label); ok {
			t.Error("the kernels took a stride that is not square")
		}
	})
}

// Linear multiplies bfloat16, and a norm after it takes that; weights and gradients stay float32.
func TestLinearInBFloat16(t *testing.T) {
	full, _ := norms(6)
	torchtest.Do(t, func() {
		net := NewSequential(NewLinear(4, 6, true), NewBatchNorm1dWith(full), NewReLU(), NewLinear(6, 3, false))
		defer net.Free()
		net.SetFast(Fast{BFloat16: true})
		y := net.Forward(images(5, 4))
		if y.DType() != torch.BFloat16 {
			t.Errorf("Linear gives %s", y.DType())
		}
		cast(y, torch.Float32).Sum().Backward()
		for _, p := range net.Parameters() {
			if got := p.Grad().DType(); got != torch.Float32 {
				t.Errorf("a gradient is %s", got)
			}
		}
	})
}

// A Chain runs layers of others as a Sequential does, and frees what lies between them.
func TestChainRunsLayersThatOthersHave(t *testing.T) {
	torchtest.Do(t, func() {
		first, norm, second := NewConv2d(1, 4, 3, 1, 1), NewBatchNorm2d(4), NewConv2d(4, 2, 3, 1, 1)
		net := NewSequential(first, norm, NewReLU(), second)
		defer net.Free()
		chain := NewChain(first, norm, NewReLU(), second)
		x := images(2, 1, 5, 5)
		want := net.Forward(x).Float32s()
		before := torch.Live()
		got := chain.Forward(x)
		if n := torch.Live() - before; n != 1 {
			t.Errorf("%d tensors live after the forward pass, want the result alone", n)
		}
		if !slices.Equal(got.Float32s(), want) {
			t.Error("a Chain makes something else than a Sequential of the same layers")
		}
		if y := NewChain().Forward(x); y != x {
			t.Error("an empty Chain changes what goes in")
		}
	})
}
