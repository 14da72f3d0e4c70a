package models

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"cgan/models/arch"
	"cgan/weights"
	"cgan/weights/formats"
)

// fileOf is a file that holds a value, as formats.Open gives it.
func fileOf(root weights.Value, metadata map[string]string) *formats.File {
	return &formats.File{Path: "g.pt", Root: root, Metadata: metadata}
}

func stateOf(t *testing.T, g *Net) weights.StateDict {
	t.Helper()
	state, err := StateDict(g.StateDict())
	if err != nil {
		t.Fatal(err)
	}
	return state
}

func drawn(t *testing.T, w *Weights, rows int, classes []int64) []float32 {
	t.Helper()
	g, err := w.LoadGenerator()
	if err != nil {
		t.Fatal(err)
	}
	defer g.Free()
	images, err := g.Draw(w.Config, rows, classes, 4)
	if err != nil {
		t.Fatal(err)
	}
	return images.Pixels
}

// The networks are those that were given, those of the file's metadata, the article's, or a guess, in this order.
func TestFindKnowsNetworksFromFourPlaces(t *testing.T) {
	conv := readColumn(t, "conv")
	state := stateOf(t, newColumn(t, conv))
	text := string(arch.Write(conv.Arch))
	guessed, err := Find(fileOf(state, nil), "", nil)
	if err != nil || guessed.Assumed == nil || guessed.Config.Arch == nil || len(guessed.Classes) != 10 {
		t.Fatal(err)
	}
	if !slices.Contains(guessed.Assumed, "ReLU() (or LeakyReLU(0.2))") || !slices.Contains(guessed.Assumed, "join: cat(noise, label) (or cat(label, noise))") {
		t.Errorf("assumed is %q", guessed.Assumed)
	}
	told, err := Find(fileOf(state, map[string]string{ArchText: text}), "", nil)
	if err != nil || told.Assumed != nil || len(told.File.Notices) > 0 {
		t.Fatal(err)
	}
	given, err := Find(fileOf(state, map[string]string{ArchText: "resnet"}), "", conv.Arch)
	if err != nil || given.Assumed != nil {
		t.Fatal(err)
	}
	want := drawn(t, given, 2, []int64{4, 5})
	if !slices.Equal(want, drawn(t, told, 2, []int64{4, 5})) {
		t.Error("the arch of the metadata draws something else")
	}
	if slices.Equal(want, drawn(t, guessed, 2, []int64{4, 5})) { // with ReLU in the place of LeakyReLU
		t.Error("the guess is not what was guessed")
	}
	articles, err := Find(fileOf(stateOf(t, newSmall(t)), map[string]string{ArchText: "resnet"}), "", nil)
	if err != nil || articles.Config.Arch != nil || len(articles.File.Notices) != 1 || !strings.Contains(articles.File.Notices[0], `an entry "arch" that is no arch file`) {
		t.Errorf("%v", err)
	}
}

func TestFindSaysWhyItCanNotGuess(t *testing.T) {
	odd, err := weights.FromFloat32s([]float32{1, 2}, 2)
	if err != nil {
		t.Fatal(err)
	}
	_, err = Find(fileOf(weights.StateDict{{Key: "encoder.alpha", Tensor: odd}}, nil), "", nil)
	if err == nil || !strings.HasPrefix(err.Error(), "g.pt: it is not the article's network (not a generator: it needs layer1.0.weight") || !strings.Contains(err.Error(), "its layers can't be told from keys and shapes: ") {
		t.Error(err)
	}
}

// Keys of other names come to the column by rules, of the discriminator and of the generator.
func TestKeysAreRenamed(t *testing.T) {
	c := readColumn(t, "planes")
	g, d := stateOf(t, newColumn(t, c)), weights.StateDict{}
	for i := range g {
		g[i].Key = strings.Replace(g[i].Key, "net.", "blocks.", 1)
	}
	root := &weights.Dict{}
	root.Set("netG", g)
	dWeight, err := weights.FromFloat32s(make([]float32, 4), 4)
	if err != nil {
		t.Fatal(err)
	}
	root.Set("netD", append(d, weights.Entry{Key: "conv.bias", Tensor: dWeight}))
	given := *c.Arch
	given.Map = []arch.Rename{{From: "blocks", To: "net"}, {From: "conv", To: "d.0"}}
	w, err := Find(fileOf(root, nil), "", &given)
	if err != nil || w.Discriminator.Keys()[0] != "d.0.bias" || w.Config.Arch.Map != nil {
		t.Fatal(err)
	}
	drawn(t, w, 1, []int64{1})
	given.Map = []arch.Rename{{From: "block", To: "net"}}
	if _, err := Find(fileOf(root, nil), "", &given); err == nil || !strings.Contains(err.Error(), `the rule "block": "net" fits no key that is left; the nearest is "blocks"`) {
		t.Error(err)
	}
}

// A file of a few hundred bytes can describe a network that no machine holds: it is compared with the file's tensors before there
// is memory for it.
func TestLargeNetworksOfSmallFiles(t *testing.T) {
	one, err := weights.FromFloat32s([]float32{1}, 1)
	if err != nil {
		t.Fatal(err)
	}
	for want, text := range map[string]string{
		"has a weight of [200000000 1], the file has no a.weight": `
generator:
  noise: randn(1)
  layers:
    - a: Linear(1, 200000000)
    - b: BatchNorm1d(200000000)
    - c: Linear(200000000, 1)
    - Reshape(1, 1, 1)
`,
		"a label of 2000000000 classes: at most 16384 are possible": `
generator:
  noise: randn(1)
  label: one_hot(2000000000)
  join: cat(noise, label)
  layers:
    - a: Linear(2000000001, 1)
    - Reshape(1, 1, 1)
`,
		"has more than 8 *": "generator:\n  noise: randn(1)\n  layers:\n    - a: Linear(1, 1)\n    - Reshape(1, 1, 1)\nmap:\n  \"*********\": a\n",
	} {
		before := peakMemory(t)
		file := fileOf(weights.StateDict{{Key: "x", Tensor: one}}, map[string]string{ArchText: text})
		w, err := Find(file, "", nil)
		if err == nil {
			var g *Net
			if g, err = w.LoadGenerator(); err == nil {
				g.Free()
			}
		}
		if said := fmt.Sprint(err, file.Notices); err == nil || !strings.Contains(said, want) {
			t.Errorf("got %v, want %s", said, want)
		}
		if grown := peakMemory(t) - before; grown > 500 {
			t.Errorf("%s: %d MB more than before", want, grown)
		}
	}
}

// peakMemory is the most megabytes that this process has had, 0 where the system does not say.
func peakMemory(t *testing.T) (mb int) {
	t.Helper()
	status, _ := os.ReadFile("/proc/self/status")
	_, text, _ := strings.Cut(string(status), "VmHWM:")
	_, _ = fmt.Sscanf(text, "%d", &mb)
	return mb / 1000
}

// A layer that does not fit is named with its line, the shapes and the key that may be meant.
func TestMismatchesNameTheLayer(t *testing.T) {
	c := readColumn(t, "mlp")
	state := stateOf(t, newColumn(t, c))
	of := func(change func(e *weights.Entry) bool) weights.StateDict {
		var changed weights.StateDict
		for _, e := range state {
			if change(&e) {
				changed = append(changed, e)
			}
		}
		return changed
	}
	for want, state := range map[string]weights.StateDict{
		"line 9, model.2: Linear(24, 32, bias=False) has a weight of [32 24], the file has no model.2.weight: fc2.weight would fit; no layer takes fc2.weight [32 24]": of(func(e *weights.Entry) bool {
			e.Key = strings.Replace(e.Key, "model.2.", "fc2.", 1)
			return true
		}),
		"line 13, model.6: Linear(32, 784) has a bias of [784], the file has no model.6.bias": of(func(e *weights.Entry) bool { return e.Key != "model.6.bias" }),
		"line 4, label_emb: Embedding(10, 6) has a weight of [10 6], the file's is [6 10]": of(func(e *weights.Entry) bool {
			if e.Key == "label_emb.weight" {
				e.Shape = []int64{6, 10}
			}
			return true
		}),
		"no layer takes extra.weight [24]": append(of(func(*weights.Entry) bool { return true }), weights.Entry{Key: "extra.weight", Tensor: of(func(e *weights.Entry) bool { return e.Key == "model.0.bias" })[0].Tensor}),
	} {
		g, err := LoadGenerator(state, c)
		if err == nil {
			g.Free()
			t.Fatalf("loaded, want %s", want)
		}
		if err.Error() != "the layers and the file's tensors do not fit: "+want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	}
	counted := of(func(e *weights.Entry) bool { return !strings.HasSuffix(e.Key, "num_batches_tracked") }) // as files before torch 0.4.1
	g, err := LoadGenerator(counted, c)
	if err != nil {
		t.Fatal(err)
	}
	g.Free()
}

// The article's network as data has the layers of cgan.py, once.
func TestTheArticlesNetworkAsData(t *testing.T) {
	f, err := Default().Networks()
	if err != nil {
		t.Fatal(err)
	}
	text := string(arch.Write(f))
	for _, want := range []string{
		"noise: randn(100, 1, 1)", "label: one_hot(10)", "join: cat(noise, label)", "layer1.0: ConvTranspose2d(110, 512, 3)",
		"layer4.0: ConvTranspose2d(128, 1, 4, stride=2, padding=1)", "image: image(1, 28, 28)", "layer2.0: Conv2d(64, 128, 4, stride=2, padding=1)",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if err := f.Generator.Check(); err != nil {
		t.Error(err)
	}
	read, err := arch.Read([]byte(text))
	if err != nil || string(arch.Write(read)) != text {
		t.Errorf("%v: it is read as something else", err)
	}
	if c, err := ConfigOfArch(read); err != nil || c.Noise != 100 || c.Classes != 10 || c.Size != 28 {
		t.Errorf("%v, %+v", err, c)
	}
}
