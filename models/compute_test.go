package models

import (
	"errors"
	"slices"
	"sync"
	"testing"

	"cgan/bindings/kernels"
	"cgan/bindings/torch"
	"cgan/bindings/torch/torchtest"
)

func TestComputeRefuses(t *testing.T) {
	for field, c := range map[string]Compute{
		"precision": {Precision: "f16"},
		"exact":     {Exact: true, Precision: BF16},
		"without":   {Without: []SpeedUp{"label"}},
		"kernels":   {Kernels: "mmx"},
	} {
		var e *FieldError
		if err := c.Validate(); !errors.As(err, &e) || e.Field != field {
			t.Errorf("%+v: %v", c, err)
		}
	}
	if err := (Compute{}).Validate(); err != nil {
		t.Error(err)
	}
}

// A set that is asked for by name and left out too could be neither.
func TestASetIsAskedForOrLeftOut(t *testing.T) {
	for _, e := range kernels.All() {
		if e.Set == nil || e.Name == kernels.Reference {
			continue
		}
		c := Compute{Kernels: e.Name, Without: []SpeedUp{Tiles, Wide, Pairs}}
		if err, left := c.Validate(), slices.Contains(c.leftOut(), e.Name); (err != nil) != left {
			t.Errorf("%s without all three: left out is %v, and Validate says %v", e.Name, left, err)
		}
		if c.Exact = true; c.Validate() != nil {
			t.Errorf("%s in exact mode, which has no kernels: %v", e.Name, c.Validate())
		}
	}
}

// The names are what people write: a constant that is misspelt would switch nothing.
func TestSpeedUpsHaveTheirNames(t *testing.T) {
	want := []SpeedUp{"pages", "grads", "kernels", "tiles", "wide", "pairs", "labels", "norm", "adam", "graph"}
	var got []SpeedUp
	for _, s := range SpeedUps {
		got = append(got, s.Name)
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %v", got)
	}
}

// Leaving out tiles, wide or pairs leaves out the kernel sets of these instructions, on every machine.
func TestTilesWideAndPairsAreKernelSets(t *testing.T) {
	for _, c := range []struct {
		without []SpeedUp
		sets    []string
	}{
		{nil, nil}, {[]SpeedUp{"tiles"}, []string{"amx"}}, {[]SpeedUp{"pairs"}, []string{"neon_bf16", "avx512_bf16"}},
		{[]SpeedUp{"wide"}, []string{"avx512_bf16", "avx512"}}, {[]SpeedUp{"wide", "tiles"}, []string{"amx", "avx512_bf16", "avx512"}},
	} {
		if got := (Compute{Without: c.without}).leftOut(); !slices.Equal(got, c.sets) {
			t.Errorf("without %v: the sets %v are left out, want %v", c.without, got, c.sets)
		}
	}
}

func TestComputeChoosesKernels(t *testing.T) {
	for _, c := range []struct {
		Compute
		convolutions, adam string
	}{
		{Compute{Kernels: "reference"}, "reference", "reference"},
		{Compute{Kernels: "reference", Precision: BF16}, "reference", "reference"},
		{Compute{Kernels: "reference", Without: []SpeedUp{Kernels}}, "", "reference"},
		{Compute{Kernels: "reference", Without: []SpeedUp{Adam}}, "reference", ""},
		{Compute{Kernels: "reference", Exact: true}, "", ""},
		{Compute{}, kernels.Best().Name(), kernels.Best().Name()},
	} {
		if got := c.KernelSet().Name(); got != c.convolutions {
			t.Errorf("%+v: convolutions on %q, want %q", c.Compute, got, c.convolutions)
		}
		if got := c.AdamKernels().Name(); got != c.adam {
			t.Errorf("%+v: Adam on %q, want %q", c.Compute, got, c.adam)
		}
	}
}

// Generators of all settings draw at once in one process, and each gives the bits that it gives alone.
func TestGeneratorsOfDifferentSettingsDrawAtOnce(t *testing.T) {
	settings := []Compute{{Exact: true}, {}, {Precision: BF16}, {Kernels: kernels.Reference}, {Precision: BF16, Kernels: kernels.Reference}}
	for _, e := range kernels.All() {
		if e.Set != nil {
			settings = append(settings, Compute{Kernels: e.Name})
		}
	}
	state, err := StateDict(newSmall(t).StateDict())
	if err != nil {
		t.Fatal(err)
	}
	var generators []*Net
	var alone [][]float32
	draw := func(g *Net) []float32 {
		images, err := g.Draw(small, 3, []int64{0, 1, 2, 3, 4, 5, 6}, 5)
		if err != nil {
			t.Error(err)
		}
		return images.Pixels
	}
	for _, s := range settings {
		g, err := LoadGenerator(state, small)
		if err != nil {
			t.Fatal(err)
		}
		defer g.Free()
		if err := g.Use(s); err != nil {
			t.Fatal(err)
		}
		generators, alone = append(generators, g), append(alone, draw(g))
	}
	if slices.Equal(alone[0], alone[2]) {
		t.Error("float32 and bfloat16 drew the same values: the settings do nothing")
	}
	if slices.Equal(alone[1], alone[3]) && kernels.Best().Name() != kernels.Reference {
		t.Error("the best kernel set and the reference drew the same values: one of them is not used")
	}
	var all sync.WaitGroup
	for i, g := range generators {
		all.Add(1)
		go func() {
			defer all.Done()
			for range 5 {
				if !slices.Equal(draw(g), alone[i]) {
					t.Errorf("%+v drew other values beside the others than alone", settings[i])
					return
				}
			}
		}()
	}
	all.Wait()
}

// What the formulas give is what the layers make.
func TestOutputShapesAreThoseOfTheLayers(t *testing.T) {
	torchtest.Do(t, func() {
		g, d := Default().skeleton()
		defer g.Free()
		defer d.Free()
		for _, net := range []*Net{g, d} {
			x := torch.Zeros(append([]int64{2}, net.Arch().Joined()...), torch.Float32, torch.CPU)
			steps := net.Arch().Steps()[2:] // noise or image, and label
			for i, leaf := range net.Leaves() {
				if x = leaf.Module.Forward(x); !slices.Equal(x.Shape()[1:], steps[i].Out) {
					t.Errorf("%s: %v by the formula, %v in truth", leaf.Name, steps[i].Out, x.Shape()[1:])
				}
			}
		}
	})
}

// 2 * 9 * 110 * 512 and so on, the article's sizes by hand. A window of 4 with stride 2 and padding 1 has a tap beside the image at
// each end: 26 of 28 over 7 places, 54 of 56 over 14.
func TestFLOPs(t *testing.T) {
	f, err := CountFLOPs(Default())
	if err != nil {
		t.Fatal(err)
	}
	g := []float64{2 * 9 * 110 * 512, 2 * 9 * 9 * 512 * 256, 2 * 26 * 26 * 256 * 128, 2 * 54 * 54 * 128}
	d := []float64{2 * 54 * 54 * 64, 2 * 26 * 26 * 64 * 128, 2 * 9 * 9 * 128 * 256, 2 * 9 * 256}
	if !slices.Equal(f.Generator, g) || !slices.Equal(f.Discriminator, d) {
		t.Errorf("got %v and %v, want %v and %v", f.Generator, f.Discriminator, g, d)
	}
}
