package arch

import (
	"reflect"
	"slices"
	"strings"
	"testing"
)

const embedded = `generator:
  noise: randn(100) # ? uniform noise is possible
  label:
    label_emb: Embedding(10, 50)
  join: cat(noise, label) # ? the order can't be told
  layers:
    - model.0: Linear(150, 256)
    - LeakyReLU(0.2) # ? no weights
    - model.2: BatchNorm1d(256, eps=0.8)
    - model.3: Linear(256, 784)
    - unused: Sigmoid()
    - Reshape(1, 28, 28)
discriminator:
  image: image(1, 28, 28)
  label: one_hot(10)
  join: cat(image, label)
  layers:
    - c: Conv2d(11, 8, 4, stride=2, padding=1)
    - LeakyReLU(0.2)
    - Flatten()
    - l: Linear(1568, 1)
map:
  gen.fc: model
  "*.bn": batch.*
`

func read(t *testing.T, text string) *File {
	t.Helper()
	f, err := Read([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestRead(t *testing.T) {
	f := read(t, embedded)
	g, d := f.Generator, f.Discriminator
	if g.Classes() != 10 || !slices.Equal(g.Noise(), []int64{100}) || !slices.Equal(g.Joined(), []int64{150}) ||
		!slices.Equal(g.Output(), []int64{1, 28, 28}) || g.Values != [2]float64{0, 1} {
		t.Errorf("%+v", g)
	}
	if !slices.Equal(d.Joined(), []int64{11, 28, 28}) || !slices.Equal(d.Output(), []int64{1}) || d.Classes() != 10 {
		t.Errorf("%+v", d)
	}
	if want := map[string]string{"noise": "uniform noise is possible", "join": "the order can't be told"}; !reflect.DeepEqual(g.Doubts, want) {
		t.Error(g.Doubts)
	}
	if l := g.Layers[1]; l.Doubt != "no weights" || l.Line != 8 {
		t.Errorf("%+v", l)
	}
	if l := g.Layers[4]; l.Key != "" { // it has no tensors
		t.Errorf("%+v", l)
	}
	if want := []Rename{{"gen.fc", "model"}, {"*.bn", "batch.*"}}; !slices.Equal(f.Map, want) {
		t.Error(f.Map)
	}
	var order []string
	for _, l := range g.All() {
		order = append(order, l.Op)
	}
	if got := strings.Join(order, " "); got != "randn Embedding Linear LeakyReLU BatchNorm1d Linear Sigmoid Reshape" {
		t.Error(got)
	}
}

// What Write writes is what was read, but for keys that say nothing.
func TestWrite(t *testing.T) {
	want := strings.Replace(embedded, "unused: ", "", 1)
	want = strings.Replace(want, `"*.bn"`, `'*.bn'`, 1)
	if got := string(Write(read(t, embedded))); got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
}

func TestUsualValues(t *testing.T) {
	for text, want := range map[string][2]float64{
		"Tanh()": {-1, 1}, "Sigmoid()": {0, 1}, "ReLU()": {-1, 1}, "Sigmoid()\n    - Identity()": {0, 1}, "Sigmoid()\n    - Tanh()": {-1, 1},
		"Tanh()\n  values: [0, 255]": {0, 255},
	} {
		file := "generator:\n  noise: randn(4)\n  layers:\n    - Reshape(1, 2, 2)\n    - " + text
		if got := read(t, file).Generator.Values; got != want {
			t.Errorf("%s: %v, not %v", text, got, want)
		}
	}
}
