package nn

import (
	"math"
	"testing"

	"cgan/bindings/torch"
	"cgan/bindings/torch/torchtest"
)

func TestStateDictHasPyTorchsKeysInOrder(t *testing.T) {
	torchtest.Do(t, func() {
		s := NewSequential(NewConvTranspose2d(3, 2, 4, 2, 1), NewBatchNorm2d(2), NewReLU(), NewConv2d(2, 5, 3, 1, 0))
		defer s.Free()
		want := []struct {
			key   string
			numel int64
		}{
			{"0.weight", 3 * 2 * 4 * 4}, {"0.bias", 2},
			{"1.weight", 2}, {"1.bias", 2}, {"1.running_mean", 2}, {"1.running_var", 2}, {"1.num_batches_tracked", 1},
			{"3.weight", 5 * 2 * 3 * 3}, {"3.bias", 5},
		}
		state := s.StateDict()
		if len(state) != len(want) {
			t.Fatalf("%d entries, want %d", len(state), len(want))
		}
		for i, w := range want {
			if state[i].Name != w.key || state[i].Tensor.Numel() != w.numel {
				t.Errorf("entry %d is %s of %d values, want %s of %d", i, state[i].Name, state[i].Tensor.Numel(), w.key, w.numel)
			}
		}
		if shape := state[0].Tensor.Shape(); shape[0] != 3 || shape[1] != 2 {
			t.Errorf("a transposed convolution's weight is %v, PyTorch's is [in, out, k, k]", shape)
		}
		if n := len(s.Parameters()); n != 6 {
			t.Errorf("%d parameters, want 6", n)
		}
	})
}

func TestInitialisationStaysInPyTorchsBounds(t *testing.T) {
	torchtest.Do(t, func() {
		torch.ManualSeed(0)
		for name, c := range map[string]struct {
			weight, bias *torch.Tensor
			fanIn        float64
		}{
			"Conv2d":          both(NewConv2d(8, 16, 4, 2, 1)),
			"ConvTranspose2d": both(NewConvTranspose2d(8, 16, 4, 2, 1)),
		} {
			bound := 1 / math.Sqrt(c.fanIn) // what a=sqrt(5) makes of kaiming_uniform_
			for _, p := range []*torch.Tensor{c.weight, c.bias} {
				most := 0.0
				for _, v := range p.Float32s() {
					most = math.Max(most, math.Abs(float64(v)))
				}
				if most > bound*1.000001 || most < bound/2 {
					t.Errorf("%s: the largest value is %v, the bound %v", name, most, bound)
				}
				p.Free()
			}
		}
	})
}

func both(m Module) (c struct {
	weight, bias *torch.Tensor
	fanIn        float64
}) {
	p := m.Parameters()
	c.weight, c.bias = p[0], p[1]
	c.fanIn = float64(c.weight.Size(1) * c.weight.Size(2) * c.weight.Size(3))
	return c
}

func TestBatchNormTrainsAndEvaluates(t *testing.T) {
	torchtest.Do(t, func() {
		b := NewBatchNorm2d(1)
		defer b.Free()
		x := torch.FromFloat32s([]float32{1, 3}, []int64{2, 1, 1, 1})
		y := b.Forward(x).Float32s()
		if math.Abs(float64(y[0])+1) > 1e-4 || math.Abs(float64(y[1])-1) > 1e-4 {
			t.Errorf("the batch 1, 3 became %v, want -1, 1", y)
		}
		// running = 0.9 * running + 0.1 * batch, the variance unbiased: mean 2, var 2
		if mean, variance := b.runningMean.Item(), b.runningVar.Item(); math.Abs(mean-0.2) > 1e-6 || math.Abs(variance-1.1) > 1e-6 {
			t.Errorf("running mean %v and variance %v, want 0.2 and 1.1", mean, variance)
		}
		b.Eval()
		y = b.Forward(x).Float32s()
		if want := (1 - 0.2) / math.Sqrt(1.1+1e-5); math.Abs(float64(y[0])-want) > 1e-6 {
			t.Errorf("in evaluation 1 became %v, want %v", y[0], want)
		}
		if n := b.numBatchesTracked.Item(); n != 1 {
			t.Errorf("num_batches_tracked is %v, want 1", n)
		}
	})
}

func TestBCELossTakesProbabilities(t *testing.T) {
	torchtest.Do(t, func() {
		p, y := torch.FromFloat32s([]float32{0.25, 0.5}, []int64{2}), torch.FromFloat32s([]float32{1, 0}, []int64{2})
		want := -(math.Log(0.25) + math.Log(0.5)) / 2
		if got := (BCELoss{}).Forward(p, y).Item(); math.Abs(got-want) > 1e-6 {
			t.Errorf("got %v, want %v", got, want)
		}
	})
}

func TestLeakyReLUUsesItsSlope(t *testing.T) {
	torchtest.Do(t, func() {
		got := NewLeakyReLU(0.2).Forward(torch.FromFloat32s([]float32{-10, 10}, []int64{2})).Float32s()
		if got[0] != -2 || got[1] != 10 {
			t.Errorf("got %v, want -2 and 10", got)
		}
	})
}
