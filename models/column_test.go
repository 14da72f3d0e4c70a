package models

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"cgan/bindings/torch"
	"cgan/bindings/torch/torchtest"
	"cgan/models/arch"
)

// readColumn reads networks of testdata/columns, with what they are sized to.
func readColumn(t *testing.T, name string) Config {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata/columns", name+".yaml"))
	if err != nil {
		t.Fatal(err)
	}
	return configOf(t, string(text))
}

func configOf(t *testing.T, text string) Config {
	t.Helper()
	f, err := arch.Read([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	c, err := ConfigOfArch(f)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// newColumn makes a seeded generator with running statistics of its own, in evaluation mode.
func newColumn(t *testing.T, c Config) *Net {
	t.Helper()
	var g *Net
	torchtest.Do(t, func() {
		torch.ManualSeed(5)
		g = c.NewGenerator()
		torch.NoGrad(func() {
			for range 3 {
				g.Forward(g.Condition(torch.Randn(append([]int64{8}, g.Arch().Noise()...), torch.CPU), torch.FromInt64s([]int64{0, 1, 2, 3, 0, 1, 2, 3}), 0))
			}
		})
		g.Eval()
	})
	t.Cleanup(g.Free)
	return g
}

func columnNames(t *testing.T) (names []string) {
	t.Helper()
	paths, err := filepath.Glob("testdata/columns/*.yaml")
	if err != nil || len(paths) < 5 {
		t.Fatal(err, paths)
	}
	for _, path := range paths {
		names = append(names, strings.TrimSuffix(filepath.Base(path), ".yaml"))
	}
	return names
}

// tensor is a parameter or buffer of a network.
func tensor(t *testing.T, g *Net, key string) *torch.Tensor {
	t.Helper()
	for _, n := range g.StateDict() {
		if n.Name == key {
			return n.Tensor
		}
	}
	t.Fatalf("there is no %s", key)
	return nil
}

// The tensors are those that the layers say, under their keys, in the order of a Python module.
func TestAColumnHasTheTensorsOfItsLayers(t *testing.T) {
	for _, name := range columnNames(t) {
		g := newColumn(t, readColumn(t, name))
		var want []string
		for _, l := range g.Arch().All() {
			for _, tensor := range l.Tensors() {
				want = append(want, l.Key+"."+tensor.Name)
			}
		}
		var got []string
		for _, n := range g.StateDict() {
			got = append(got, n.Name)
		}
		if slices.Sort(got); len(want) < 3 {
			t.Error(name, want)
		}
		if slices.Sort(want); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
}

// The same ops by hand give the same bits.
func TestColumnsAreTheOpsByHand(t *testing.T) {
	noise := make([]float32, 3*100)
	for i := range noise {
		noise[i] = float32(math.Sin(float64(i)))
	}
	labels := []int64{7, 0, 7}
	for name, byHand := range map[string]func(g *Net, w func(string) *torch.Tensor) *torch.Tensor{
		"mlp": func(g *Net, w func(string) *torch.Tensor) *torch.Tensor {
			z := torch.FromFloat32s(noise[:3*16], []int64{3, 16})
			x := torch.Cat([]*torch.Tensor{torch.Embedding(torch.FromInt64s(labels), w("label_emb.weight")), z}, 1)
			x = torch.LeakyRelu(torch.Linear(x, w("model.0.weight"), w("model.0.bias")), 0.2)
			x = torch.Linear(x, w("model.2.weight"), nil)
			x = torch.BatchNorm(x, w("model.3.weight"), w("model.3.bias"), w("model.3.running_mean"), w("model.3.running_var"), false, 0.1, 0.8)
			return torch.Sigmoid(torch.Linear(torch.Elu(x, 0.7), w("model.6.weight"), w("model.6.bias")))
		},
		"conv": func(g *Net, w func(string) *torch.Tensor) *torch.Tensor {
			z := torch.FromFloat32s(noise, []int64{3, 100, 1, 1})
			x := ConcatNoiseLabel(z, torch.FromInt64s(labels), torch.CPU, 10)
			up := func(x *torch.Tensor, key string, bias *torch.Tensor, stride, padding int64) *torch.Tensor {
				both := func(n int64) [2]int64 { return [2]int64{n, n} }
				return torch.ConvTranspose2d(x, w(key+".weight"), bias, both(stride), both(padding), both(0), 1, both(1))
			}
			norm := func(x *torch.Tensor, key string) *torch.Tensor {
				return torch.BatchNorm(x, w(key+".weight"), w(key+".bias"), w(key+".running_mean"), w(key+".running_var"), false, 0.1, 1e-5)
			}
			x = torch.Relu(norm(up(x, "main.0", nil, 1, 0), "main.1"))
			x = torch.LeakyRelu(norm(up(x, "main.3", nil, 2, 1), "main.4"), 0.2)
			return torch.Tanh(up(x, "main.6", w("main.6.bias"), 2, 1))
		},
	} {
		c := readColumn(t, name)
		g := newColumn(t, c)
		if err := g.Use(Compute{Exact: true}); err != nil {
			t.Fatal(err)
		}
		got, err := g.Images(c, noise[:3*c.Noise], labels)
		if err != nil {
			t.Fatal(err)
		}
		torchtest.Do(t, func() {
			torch.NoGrad(func() {
				want := byHand(g, func(key string) *torch.Tensor { return tensor(t, g, key) }).Float32s()
				if !slices.Equal(got, want) || slices.Min(got) == slices.Max(got) {
					t.Errorf("%s draws %v, by hand %v", name, got[:8], want[:8])
				}
			})
		})
	}
}

// All kinds of layers draw on the fast kernels nearly what they draw as PyTorch does, leave no tensor behind, and follow seed and row.
func TestColumnsDraw(t *testing.T) {
	for _, name := range columnNames(t) {
		c := readColumn(t, name)
		g := newColumn(t, c)
		classes := []int64{3, 0}[:min(c.Classes, 2)]
		live := torch.Live()
		draw := func(how Compute, rows int, seed int64) []float32 {
			t.Helper()
			if err := g.Use(how); err != nil {
				t.Fatal(err)
			}
			images, err := g.Draw(c, rows, classes, seed)
			if err != nil {
				t.Fatal(err)
			}
			if shape := c.Image(); images.N != rows*max(1, len(classes)) || !reflect.DeepEqual([]int64{int64(images.Channels), int64(images.Height), int64(images.Width)}, shape) ||
				len(images.Pixels) != images.N*int(product(shape)) {
				t.Fatalf("%s: %d images of %dx%dx%d, %d values", name, images.N, images.Channels, images.Height, images.Width, len(images.Pixels))
			}
			return images.Pixels
		}
		exact := draw(Compute{Exact: true}, 5, 1)
		if low, high := slices.Min(exact), slices.Max(exact); low < -1 || high > 1 || high-low < 0.01 {
			t.Errorf("%s draws values from %v to %v", name, low, high)
		}
		if apart := largest(exact, draw(Compute{}, 5, 1)); apart > 1e-5 {
			t.Errorf("%s: fast differs by %g", name, apart)
		}
		if apart := largest(exact, draw(Compute{Precision: BF16}, 5, 1)); apart > 0.1 {
			t.Errorf("%s: bf16 differs by %g", name, apart)
		}
		if slices.Equal(exact, draw(Compute{Exact: true}, 5, 2)) {
			t.Errorf("%s: another seed drew the same", name)
		}
		if now := torch.Live(); now != live {
			t.Errorf("%s: %d tensors stay behind", name, now-live)
		}
	}
}

func largest(a, b []float32) (apart float64) {
	for i := range a {
		apart = max(apart, math.Abs(float64(a[i])-float64(b[i])))
	}
	return apart
}

// rand is uniform from 0 to 1, row by row from the seed, as torch.rand of a generator draws it.
func TestUniformNoise(t *testing.T) {
	c := configOf(t, "generator:\n  noise: rand(6)\n  layers:\n    - Reshape(1, 2, 3)\n  values: [0, 1]\n")
	images, err := newColumn(t, c).Draw(c, 40, nil, 9)
	if err != nil {
		t.Fatal(err)
	}
	var want []float32
	torchtest.Do(t, func() {
		generator := torch.NewGenerator(9)
		defer generator.Free()
		for range 40 {
			for _, v := range generator.Rand([]int64{1, 6}).Float32s() {
				want = append(want, float32(2*float64(v)-1)) // from [0, 1] to [-1, 1]
			}
		}
	})
	low, high := slices.Min(images.Pixels), slices.Max(images.Pixels)
	if !slices.Equal(images.Pixels, want) || low < -1 || low > -0.9 || high > 1 || high < 0.9 {
		t.Errorf("values from %v to %v: %v", low, high, images.Pixels[:6])
	}
}

func TestWithoutClassesThereIsNothingToChoose(t *testing.T) {
	c := readColumn(t, "plain")
	g := newColumn(t, c)
	if c.Classes != 0 {
		t.Fatal(c)
	}
	if _, err := g.Draw(c, 2, []int64{1}, 0); err == nil || !strings.Contains(err.Error(), "knows no classes") {
		t.Error(err)
	}
	if _, err := g.Images(c, make([]float32, 15), nil); err == nil || err.Error() != "there are 15 values of noise, which is not 10 for each image" {
		t.Error(err)
	}
}

// Two settings of one column in one process do not touch each other.
func TestColumnsOfTwoSettingsDrawAtOnce(t *testing.T) {
	c := readColumn(t, "conv")
	state, err := StateDict(newColumn(t, c).StateDict())
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for _, how := range []Compute{{Exact: true}, {Precision: BF16}} {
		g, err := LoadGenerator(state, c)
		if err != nil {
			t.Fatal(err)
		}
		defer g.Free()
		if err := g.Use(how); err != nil {
			t.Fatal(err)
		}
		alone, err := g.Draw(c, 4, []int64{1, 2}, 3)
		if err != nil {
			t.Fatal(err)
		}
		all.Add(1)
		go func() {
			defer all.Done()
			for range 5 {
				if again, err := g.Draw(c, 4, []int64{1, 2}, 3); err != nil || !slices.Equal(again.Pixels, alone.Pixels) {
					t.Errorf("%+v draws something else beside another: %v", how, err)
				}
			}
		}()
	}
	all.Wait()
}

// A discriminator that is given as data judges images with their labels, one value for each.
func TestADiscriminatorAsAColumn(t *testing.T) {
	c := readColumn(t, "planes")
	torchtest.Do(t, func() {
		d := c.NewDiscriminator()
		defer d.Free()
		image := torch.Full([]int64{2, 1, 12, 12}, 0.5, torch.CPU)
		verdicts := d.Forward(d.Condition(image, torch.FromInt64s([]int64{0, 3}), 4))
		if v := verdicts.Float32s(); len(v) != 2 || v[0] == v[1] {
			t.Errorf("the verdicts are %v", v)
		}
	})
}

// A config with networks in it is the same after its JSON.
func TestNetworksGoThroughJSON(t *testing.T) {
	c := readColumn(t, "planes")
	text, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	var again Config
	if err := json.Unmarshal(text, &again); err != nil || again.Validate() != nil {
		t.Fatal(err, again.Validate())
	}
	if got, want := arch.Write(again.Arch), arch.Write(c.Arch); string(got) != string(want) || again.Noise != 9 || again.Size != 12 {
		t.Errorf("%s\nbecame %s", want, got)
	}
	if text, err := json.Marshal(Default()); err != nil || strings.Contains(string(text), "arch") {
		t.Errorf("the article's has an entry: %s", text)
	}
	again.Noise = 8
	if err := again.Validate(); err == nil || !strings.Contains(err.Error(), "arch has nz 9") {
		t.Error(err)
	}
}
