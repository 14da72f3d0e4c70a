package torch_test

import (
	"slices"
	"strings"
	"testing"

	"cgan/bindings/torch"
	"cgan/bindings/torch/torchtest"
)

func TestCUDARandomNumbersComeAgainFromTheirState(t *testing.T) {
	device := torchtest.CUDA(t)
	torchtest.Do(t, func() {
		draw := func() []float32 { return torch.Randn([]int64{1000}, device).Float32s() }
		torch.ManualSeed(1)
		first := draw()
		state := torch.RNGState(device)
		second := draw()
		torch.SetRNGState(state, device)
		if again := draw(); !slices.Equal(again, second) {
			t.Error("the state gives other numbers")
		}
		torch.ManualSeed(1)
		if again := draw(); !slices.Equal(again, first) || slices.Equal(again, second) {
			t.Error("the seed gives other numbers")
		}
	})
}

// A graph runs again on what its inputs hold then, and goes on with the random numbers as the ops themselves would.
func TestGraphRepeatsItsWork(t *testing.T) {
	device := torchtest.CUDA(t)
	torchtest.Do(t, func() {
		work := func(x *torch.Tensor) *torch.Tensor { return x.Add(torch.Randn(x.Shape(), device)).Sqrt().Mul_(2) }
		input := torch.Full([]int64{64}, 100, device)
		torch.ManualSeed(5)
		var want [][]float32
		for range 3 {
			want = append(want, work(input).Float32s())
		}
		torch.ManualSeed(5)
		var result *torch.Tensor
		graph := torch.Capture(device, func() { result = work(input).Keep() })
		for i := range want {
			graph.Replay()
			if got := result.Float32s(); !slices.Equal(got, want[i]) {
				t.Errorf("replay %d gives other values than the ops", i+1)
			}
		}
		input.Copy_(torch.Full([]int64{64}, 10000, device))
		graph.Replay()
		if got := result.Float32s()[0]; got < 190 || got > 210 {
			t.Errorf("after the input changed the graph gives %v, want about 200", got)
		}
		result.Free()
		graph.Free()
	})
}

// What can't be captured ends the capture with its reason, and the device works on.
func TestFailedCaptureLeavesTheDeviceAsItWas(t *testing.T) {
	device := torchtest.CUDA(t)
	before := torch.Live()
	err := torch.Do("capture", func() error {
		torch.Capture(device, func() {
			torch.Zeros([]int64{2, 2}, torch.Float32, device).Matmul(torch.Zeros([]int64{3, 3}, torch.Float32, device))
		})
		return nil
	})
	if err == nil || !strings.Contains(err.Error(), "matmul") {
		t.Errorf("error %v, want one of matmul", err)
	}
	torchtest.Do(t, func() {
		if got := torch.Full([]int64{4}, 4, device).Sqrt().Mean().Item(); got != 2 {
			t.Errorf("afterwards the root of 4 is %v", got)
		}
	})
	if leaked := torch.Live() - before; leaked != 0 {
		t.Errorf("%d tensors leaked", leaked)
	}
}
