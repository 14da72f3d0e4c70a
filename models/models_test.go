package models

import (
	"fmt"
	"math"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"cgan/bindings/torch"
	"cgan/bindings/torch/torchtest"
	"cgan/weights"
)

var small = Config{Noise: 6, NgF: 4, NdF: 4, Channels: 1, Size: 28, Classes: 10}

// >>> concat_noise_label(torch.full((2, 1, 1, 1), 7.), torch.tensor([2, 0]), "cpu", 3).flatten()
// tensor([7., 0., 0., 1., 7., 1., 0., 0.])
func TestConcatNoiseLabel(t *testing.T) {
	torchtest.Do(t, func() {
		noise := torch.Full([]int64{2, 1, 1, 1}, 7, torch.CPU)
		z := ConcatNoiseLabel(noise, torch.FromInt64s([]int64{2, 0}), torch.CPU, 3)
		if got := z.Shape(); !slices.Equal(got, []int64{2, 4, 1, 1}) {
			t.Errorf("shape %v", got)
		}
		if got := z.Float32s(); !slices.Equal(got, []float32{7, 0, 0, 1, 7, 1, 0, 0}) {
			t.Errorf("got %v", got)
		}
	})
}

func TestCreateOnehotImagePutsOnePlanePerClassBehindTheImage(t *testing.T) {
	torchtest.Do(t, func() {
		image := torch.Full([]int64{1, 1, 2, 2}, 5, torch.CPU)
		x := CreateOnehotImage(image, torch.FromInt64s([]int64{1}), torch.CPU, 3)
		want := []float32{5, 5, 5, 5, 0, 0, 0, 0, 1, 1, 1, 1, 0, 0, 0, 0}
		if got := x.Float32s(); !slices.Equal(got, want) {
			t.Errorf("got %v", got)
		}
	})
}

func TestLabelOutsideOfTheClassesIsAnError(t *testing.T) {
	err := torch.Do("encode", func() error {
		OnehotEncode(torch.FromInt64s([]int64{10}), torch.CPU, 10)
		return nil
	})
	if err == nil || !strings.Contains(err.Error(), "out of bounds") {
		t.Errorf("got %v", err)
	}
}

// The numbers are the article's.
func TestSummaryIsTheArticles(t *testing.T) {
	summaries, err := Summarize(Default())
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []struct {
		parameters, outputs []int64 // of the layers that have parameters, and of all
		total               int64
		mb                  [4]string // input, forward/backward, parameters, estimated total
	}{
		{
			[]int64{507392, 1024, 1179904, 512, 524416, 256, 2049},
			[]int64{512 * 9, 512 * 9, 512 * 9, 256 * 49, 256 * 49, 256 * 49, 128 * 196, 128 * 196, 128 * 196, 784, 784},
			2215553, [4]string{"0.00", "0.98", "8.45", "9.43"},
		},
		{
			[]int64{11328, 131200, 256, 295168, 512, 2305},
			[]int64{64 * 196, 64 * 196, 128 * 49, 128 * 49, 128 * 49, 256 * 9, 256 * 9, 256 * 9, 1, 1},
			440769, [4]string{"0.03", "0.39", "1.68", "2.10"},
		},
	} {
		s := summaries[i]
		var parameters, outputs []int64
		for _, l := range s.Layers {
			outputs = append(outputs, product(l.Output))
			if l.Parameters > 0 {
				parameters = append(parameters, l.Parameters)
			}
		}
		if !slices.Equal(parameters, want.parameters) || !slices.Equal(outputs, want.outputs) || s.Parameters != want.total {
			t.Errorf("%s: parameters %v of %d, outputs %v", s.Net, parameters, s.Parameters, outputs)
		}
		for j, mb := range []float64{s.InputMB, s.ForwardMB, s.ParametersMB, s.EstimatedMB} {
			if got := fmt.Sprintf("%.2f", mb); got != want.mb[j] {
				t.Errorf("%s: size %d is %s MB, the article's is %s", s.Net, j, got, want.mb[j])
			}
		}
	}
}

func newSmall(t *testing.T) *Net {
	t.Helper()
	var g *Net
	torchtest.Do(t, func() {
		torch.ManualSeed(0)
		g = small.NewGenerator()
	})
	t.Cleanup(g.Free)
	if err := g.Use(Compute{}); err != nil { // as LoadGenerator gives it
		t.Fatal(err)
	}
	return g
}

func TestDrawFollowsTheSeed(t *testing.T) {
	g := newSmall(t)
	draw := func(rows int, seed int64, classes ...int64) []float32 {
		t.Helper()
		images, err := g.Draw(small, rows, classes, seed)
		if err != nil {
			t.Fatal(err)
		}
		if images.N != rows*len(classes) || len(images.Pixels) != images.N*28*28 {
			t.Fatalf("%d images of %d values", images.N, len(images.Pixels))
		}
		return images.Pixels
	}
	first := draw(2, 1, 3, 4)
	if !slices.Equal(first, draw(2, 1, 3, 4)) {
		t.Error("the same seed drew other images")
	}
	if slices.Equal(first, draw(2, 2, 3, 4)) {
		t.Error("another seed drew the same images")
	}
	if slices.Equal(first[:784], first[784:2*784]) {
		t.Error("two classes drew the same image")
	}
}

func TestDrawRefusesUnknownClasses(t *testing.T) {
	if _, err := newSmall(t).Draw(small, 1, []int64{10}, 0); err == nil || err.Error() != "class 10 is outside of 0 to 9" {
		t.Errorf("got %v", err)
	}
}

func TestLoadGeneratorReadsTheSizesOffTheShapes(t *testing.T) {
	g := newSmall(t)
	state, err := StateDict(g.StateDict())
	if err != nil {
		t.Fatal(err)
	}
	c, err := ConfigOf(state, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	loaded, err := LoadGenerator(state, c)
	if err != nil {
		t.Fatal(err)
	}
	defer loaded.Free()
	if c.Noise != small.Noise || c.NgF != small.NgF || c.Channels != 1 || c.Classes != 10 {
		t.Errorf("sizes %+v", c)
	}
	want, _ := g.Draw(small, 1, []int64{5}, 3)
	got, err := loaded.Draw(c, 1, []int64{5}, 3)
	if err != nil || !slices.Equal(got.Pixels, want.Pixels) {
		t.Errorf("the loaded generator draws something else: %v", err)
	}
}

func TestLoadingDrawsNoRandomNumber(t *testing.T) {
	state, err := StateDict(newSmall(t).StateDict())
	if err != nil {
		t.Fatal(err)
	}
	var before, after []byte
	torchtest.Do(t, func() { before = torch.RNGState(torch.CPU).Bytes() })
	g, err := LoadGenerator(state, small)
	if err != nil {
		t.Fatal(err)
	}
	defer g.Free()
	torchtest.Do(t, func() { after = torch.RNGState(torch.CPU).Bytes() })
	if !slices.Equal(before, after) {
		t.Error("the state of the random numbers moved on")
	}
}

func TestLoadGeneratorListsWhatIsWrongAndLoadsNothing(t *testing.T) {
	before := torch.Live()
	var state weights.StateDict
	torchtest.Do(t, func() {
		g := small.NewGenerator()
		defer g.Free()
		all, err := StateDict(g.StateDict())
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range all {
			switch e.Key {
			case "layer2.1.bias":
			case "layer3.0.bias":
				state = append(state, weights.Entry{Key: "layer3.0.bios", Tensor: e.Tensor})
			default:
				state = append(state, e)
			}
		}
	})
	_, err := LoadGenerator(state, small)
	if err == nil {
		t.Fatal("loaded")
	}
	for _, want := range []string{"layer2.1.bias", "layer3.0.bios", "layer3.0.bias"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not name %s: %v", want, err)
		}
	}
	if leaked := torch.Live() - before; leaked != 0 {
		t.Errorf("%d tensors leaked", leaked)
	}
}

func TestGoroutinesDrawFromOneGenerator(t *testing.T) {
	state, err := StateDict(newSmall(t).StateDict())
	if err != nil {
		t.Fatal(err)
	}
	g, err := LoadGenerator(state, small)
	if err != nil {
		t.Fatal(err)
	}
	defer g.Free()
	want, err := g.Draw(small, 4, []int64{1, 2}, 9)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			if got, err := g.Draw(small, 4, []int64{1, 2}, 9); err != nil || !slices.Equal(got.Pixels, want.Pixels) {
				t.Errorf("drew something else beside others: %v", err)
			}
		}()
	}
	wg.Wait()
}

// An image is known by its seed, row and class: how many others are drawn with it changes nothing.
func TestARowDependsOnItsSeedAndNumberAlone(t *testing.T) {
	for _, sizes := range []Config{small, {Noise: 100, NgF: 16, NdF: 4, Channels: 1, Size: 28, Classes: 10}} {
		var g *Net
		torchtest.Do(t, func() { g = sizes.NewGenerator() })
		defer g.Free()
		if err := g.Use(Compute{}); err != nil {
			t.Fatal(err)
		}
		draw := func(rows int, classes ...int64) []float32 {
			images, err := g.Draw(sizes, rows, classes, 1)
			if err != nil {
				t.Fatal(err)
			}
			return images.Pixels
		}
		all := draw(200, 3)
		for _, rows := range []int{1, 2, 3, 17, 130} {
			if got := draw(rows, 3); !slices.Equal(got, all[:len(got)]) {
				t.Errorf("nz %d: the first %d of 200 rows are others than %d rows alone", sizes.Noise, rows, rows)
			}
		}
		pair := draw(1, 5, 3)
		if !slices.Equal(pair[784:], all[:784]) {
			t.Errorf("nz %d: the first row of class 3 is another beside class 5", sizes.Noise)
		}
	}
}

func TestDrawRefusesMoreThanMemoryHolds(t *testing.T) {
	g := newSmall(t)
	for _, rows := range []int{1 << 40, math.MaxInt, 3 << 20} {
		if _, err := g.Draw(small, rows, []int64{1}, 7); err == nil || !strings.Contains(err.Error(), "too many for one drawing") {
			t.Errorf("%d rows: %v", rows, err)
		}
	}
}

// However many goroutines draw, a few are at work, and the threads of the process stay few.
func TestManyGoroutinesDrawOnFewThreads(t *testing.T) {
	threads := func() int {
		entries, err := os.ReadDir("/proc/self/task")
		if err != nil {
			t.Skip("this system does not list a process's threads")
		}
		return len(entries)
	}
	g := newSmall(t)
	if err := g.Use(Compute{Exact: true}); err != nil {
		t.Fatal(err)
	}
	before := threads()
	var wg sync.WaitGroup
	for range 256 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			if _, err := g.Draw(small, 8, []int64{1, 2, 3}, 9); err != nil {
				t.Error(err)
			}
		}()
	}
	wg.Wait()
	if grown, most := threads()-before, 16*runtime.NumCPU(); grown > most {
		t.Errorf("256 goroutines left %d more threads, at most %d are right", grown, most)
	}
}
