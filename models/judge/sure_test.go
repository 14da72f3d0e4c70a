package judge

import (
	"math"
	"slices"
	"testing"

	"cgan/bindings/torch"
	"cgan/bindings/torch/torchtest"
	"cgan/models"
)

// The verdict on an image is the same, to the bit, whatever is judged with it: on kernels and on PyTorch's ops, in sizes and colours.
func TestTheVerdictDependsOnTheImageAlone(t *testing.T) {
	for _, c := range []struct {
		channels, side int
		how            models.Compute
	}{{1, 28, models.Compute{}}, {1, 28, models.Compute{Exact: true}}, {3, 32, models.Compute{}}, {3, 64, models.Compute{}}, {1, 28, models.Compute{Kernels: "reference"}}} {
		const n = 33
		var j *Judge
		images := models.Images{N: n, Channels: c.channels, Height: c.side, Width: c.side}
		torchtest.Do(t, func() {
			torch.ManualSeed(3)
			j = New(int64(c.channels), 7)
			j.SetFast(c.how.Fast())
			images.Pixels = torch.Randn([]int64{int64(n * c.channels * c.side * c.side)}, torch.CPU).Float32s()
		})
		defer j.Free()
		j.Eval()
		classes := make([]int64, n)
		for i := range classes {
			classes[i] = int64(i % 7)
		}
		together, err := j.Sure(images, classes)
		if err != nil {
			t.Fatal(err)
		}
		var alone []float64
		size := len(images.Pixels) / n
		for i := range n {
			one := images
			one.N, one.Pixels = 1, images.Pixels[i*size:][:size]
			sure, err := j.Sure(one, classes[i:i+1])
			if err != nil {
				t.Fatal(err)
			}
			alone = append(alone, sure...)
		}
		if !slices.Equal(together, alone) {
			t.Errorf("%+v: %v together, %v alone", c, together, alone)
		}
		if slices.Max(together) > 1 || slices.Min(together) <= 0 || slices.Max(together)-slices.Min(together) < 1e-3 {
			t.Errorf("%+v: %v", c, together)
		}
	}
}

func TestSoftmax(t *testing.T) {
	scores := []float32{1, 3, -400}
	sum := math.Exp(-2) + 1
	for of, want := range []float64{math.Exp(-2) / sum, 1 / sum, 0} {
		if got := softmax(scores, of); math.Abs(got-want) > 1e-15 {
			t.Errorf("of %d is %v, want %v", of, got, want)
		}
	}
	if got := softmax([]float32{float32(math.NaN()), 1}, 1); got != 0 {
		t.Errorf("NaN gives %v", got)
	}
}
