package arch

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"
)

// drawn makes networks that pass Check, of all layers, with keys of all kinds and doubts.
type drawn struct {
	*rand.Rand
	count int
}

func drawnBy(seed uint64) *drawn { return &drawn{Rand: rand.New(rand.NewPCG(seed, 0))} }

func (d *drawn) one(choices ...string) string { return choices[d.IntN(len(choices))] }
func (d *drawn) bool() bool                   { return d.IntN(2) == 0 }

func (d *drawn) key() string {
	d.count++
	form := d.one("model.%d", "%d", "fc%d", "a b.%d", "é'\"#%d.x", "y: [%d", "\n\t%d", "* &%d", "class.%d.in", "__x%d", "true.-%d", "relu%d",
		"\\%d", "tail%d.inner.deep.0", `"+exit(%d)+"`)
	return fmt.Sprintf(form, d.count)
}

func (d *drawn) layer(op string, arguments ...any) Layer {
	l := New("", op, arguments...)
	if l.Doubt = d.doubt(); len(l.Tensors()) > 0 {
		l.Key = d.key()
	}
	return l
}

func (d *drawn) doubt() string { return d.one("", "", "", "usual", "it's # \"so\": - [x", "né") }

// file is a generator and sometimes a discriminator for its images.
func (d *drawn) file() *File {
	nz := 1 + d.Int64N(20)
	noise := d.layer(d.one("randn", "rand"), nz)
	if d.IntN(4) == 0 {
		noise = d.layer("uniform", -1.0, 1.0, nz)
	}
	if d.bool() {
		noise = d.layer(d.one("randn", "rand"), nz, 1, 1)
	}
	classes := 2 + d.IntN(9)
	f := &File{Generator: d.network(noise, classes)}
	g := f.Generator
	if out := g.known(); len(out) == 1 {
		g.Layers = append(g.Layers, d.layer("Linear", out[0], 3*7*6), d.layer("Unflatten", -1, []int64{3, 7, 6}))
		g.Layers = d.extend(g.Layers, g.known())
	}
	g.Values = [2]float64{-d.Float64(), d.Float64()}
	if d.bool() {
		g.Values = usualValues(g.Layers)
	}
	d.addDoubts(g, "noise", "values")
	if d.bool() {
		f.Map = []Rename{{d.key() + "*", d.key()}, {d.key(), ""}}
	}
	if out := g.Output(); d.bool() {
		f.Discriminator = d.network(d.layer("image", out[0], out[1], out[2]), classes)
		D := f.Discriminator
		values, _ := numel(D.known())
		D.Layers = append(D.Layers, d.layer("Flatten"), d.layer("Linear", values, 1))
		d.addDoubts(D, "image")
	}
	return f
}

// known is what the layers give, which may be no image yet.
func (n *Network) known() []int64 { return known(n.Layers.after(n.Joined())) }

func (d *drawn) addDoubts(n *Network, names ...string) {
	n.Doubts = map[string]string{}
	if len(n.Label) > 0 {
		names = append(names, "label", "join")
	}
	for _, name := range names {
		if doubt := d.doubt(); doubt != "" {
			n.Doubts[name] = doubt
		}
	}
}

// network begins with source, and has a label that fits to it, or none.
func (d *drawn) network(source Layer, classes int) *Network {
	n := &Network{Source: Column{source}}
	shape := source.Ints("size")
	if len(shape) == 1 {
		n.Source = d.extend(n.Source, shape)
		shape = known(n.Source.after(nil))
	}
	switch d.IntN(5) {
	case 0:
		n.Label, n.Join.LabelFirst = Column{d.layer("one_hot", classes)}, d.bool()
	case 1:
		n.Label = d.extend(Column{d.layer("Embedding", classes, 5)}, []int64{5})
	case 2:
		n.Label, n.Join.By = Column{d.layer("Embedding", classes, shape[0])}, []Operation{Multiply, Add}[d.IntN(2)]
	case 3:
		if len(shape) == 3 {
			plane := shape[1] * shape[2]
			n.Label = Column{d.layer("one_hot", classes), d.layer("Linear", classes, plane), d.layer("Reshape", 1, shape[1], shape[2])}
		}
	}
	n.Layers = d.extend(Column{d.layer("Identity")}, n.Joined())
	return n
}

// extend puts layers behind c, which gives in, that keep the count of dimensions.
func (d *drawn) extend(c Column, in []int64) Column {
	for range d.IntN(6) {
		l := d.onValues(in[0])
		if len(in) == 3 {
			l = d.onImages(in)
		}
		out, err := l.Output(in)
		if values, ok := numel(out); err != nil || !ok || values > 5000 || len(out) != len(in) {
			continue // it does not fit here
		}
		c, in = append(c, l), out
	}
	return c
}

func (d *drawn) onValues(n int64) Layer {
	switch d.IntN(7) {
	case 0:
		return d.layer("BatchNorm1d", n, d.Float64(), 0.2, d.bool(), d.bool())
	case 1:
		return d.layer("LayerNorm", n, 1e-5, d.bool())
	case 2:
		return d.layer("Dropout", d.Float64())
	case 3:
		return d.layer("ELU", d.NormFloat64())
	case 4:
		return d.layer("Reshape", n)
	}
	return d.layer("Linear", n, 1+d.IntN(40), d.bool())
}

func (d *drawn) onImages(in []int64) Layer {
	n, two := in[0], func() any { return []int64{1 + d.Int64N(3), 1 + d.Int64N(3)} }
	switch d.IntN(12) {
	case 0:
		l := d.layer("BatchNorm2d", n)
		if d.bool() {
			l.Arguments["bias"] = false
		}
		return l
	case 1:
		return d.layer("InstanceNorm2d", n, 1e-5, 0.1, d.bool(), d.bool())
	case 2:
		return d.layer("Upsample", nil, 1.5, "bilinear", d.bool())
	case 3:
		return d.layer("Upsample", two())
	case 4:
		return d.layer("PixelShuffle", 2)
	case 5:
		return d.layer(d.one("ReLU", "SiLU", "GELU", "Tanh", "Sigmoid", "Identity", "LeakyReLU", "Dropout2d"))
	case 6:
		return d.layer("LayerNorm", in[1:])
	case 7, 8:
		groups := []int64{1, n}[d.IntN(2)]
		return d.layer("Conv2d", n, n*(1+d.Int64N(2)), two(), two(), d.IntN(2), two(), groups, d.bool(), d.one("zeros", "reflect", "replicate", "circular"))
	}
	return d.layer("ConvTranspose2d", n, 1+d.IntN(9), two(), 2, d.IntN(2), d.IntN(2), 1, d.bool(), 1+d.IntN(2))
}

// bare is a network without lines, which Write does not keep.
func bare(n *Network) *Network {
	for _, c := range []Column{n.Source, n.Label, n.Layers} {
		for i := range c {
			c[i].Line = 0
		}
	}
	return n
}

func TestDrawnNetworksAreReadAsTheyWereWritten(t *testing.T) {
	seen := map[string]bool{}
	for seed := range uint64(500) {
		f := drawnBy(seed).file()
		text := Write(f)
		again, err := Read(text)
		if err != nil {
			t.Fatalf("%d: %v\n%s", seed, err, text)
		}
		if bare(again.Generator); again.Discriminator != nil {
			bare(again.Discriminator)
		}
		if !reflect.DeepEqual(f, again) {
			t.Fatalf("%d: %s\n%+v\n%+v\n%s", seed, text, f.Generator, again.Generator, Write(again))
		}
		for _, l := range f.Generator.All() {
			seen[l.Op] = true
		}
	}
	for _, c := range table { // Flatten and image are of discriminators
		if !seen[c.name] && c.name != "Flatten" && c.name != "image" {
			t.Errorf("no %s among them", c.name)
		}
	}
}
