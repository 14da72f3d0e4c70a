// Package export writes a generator as a program for others: ONNX and TorchScript, which take (noise, label), or noise alone
// where there are no classes, to images. It walks the layers of the network as data.
package export

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"cgan/models"
	"cgan/models/arch"
	"cgan/weights"
	"cgan/weights/onnx"
)

// ONNX writes the generator in evaluation mode as an ONNX model: noise [batch, nz, 1, 1] or [batch, nz] float32 and, where it
// knows classes, label [batch] int64 become image [batch, channels, H, W] float32, with the values that come out of the
// network. A label that is no class ends the run with an error in onnxruntime; -1 is the last class, as in PyTorch of a
// one-hot vector.
//
// The initializers carry PyTorch's keys. The metadata goes into the file with two more entries, which take the place of given
// ones: "classes", and "architecture", how cgan.py makes the generator, or models.ArchText, the networks as an arch file.
// The same weights give the same bytes. An error says what has no place in such a file (then w has received nothing), or that
// w failed.
func ONNX(w io.Writer, g *models.Net, c models.Config, metadata map[string]string) error {
	state, err := models.StateDict(g.StateDict())
	if err != nil {
		return err
	}
	graph, err := graphOf(g.Arch(), state)
	if err != nil {
		return fmt.Errorf("cannot write ONNX: %w", err)
	}
	all := maps.Clone(metadata)
	if all == nil {
		all = map[string]string{}
	}
	if c.Arch != nil {
		all[models.ArchText] = string(arch.Write(c.Arch))
	} else {
		all["architecture"] = fmt.Sprintf("Generator(nz=%d, nch_g=%d, nch=%d, size=%d)", c.Noise+c.Classes, c.NgF, c.Channels, c.Size)
	}
	all["classes"] = strconv.Itoa(c.Classes)
	model := onnx.Model{Producer: "cgan", Graph: graph}
	for _, key := range slices.Sorted(maps.Keys(all)) {
		model.Metadata = append(model.Metadata, [2]string{key, all[key]})
	}
	return onnx.Write(w, model)
}

const (
	batch    = "batch"    // the name of the dynamic dimension
	noise    = "noise"    // the names of what goes in
	label    = "label"    // [batch] int64
	identity = "identity" // the name of the one-hot rows
	image    = "image"    // the name of what comes out
)

// graph is an ONNX graph in the making.
type graph struct {
	onnx.Graph
	names map[string]bool // of all values so far, and those kept for inputs, output and weights
}

// graphOf is forward of the network, its label in front.
func graphOf(n *arch.Network, state weights.StateDict) (onnx.Graph, error) {
	g := &graph{Graph: onnx.Graph{Name: "generator"}, names: map[string]bool{noise: true, label: true, identity: true, image: true}}
	for _, e := range state {
		g.names[e.Key] = true
	}
	if len(n.Label) > 0 && n.Label[0].Op == "one_hot" {
		g.Initializers = weights.StateDict{{Key: identity, Tensor: identityMatrix(n.Classes(), onehotPlanes(n))}}
	}
	for _, e := range state {
		if e.DType == weights.F32 { // num_batches_tracked says nothing to inference
			g.Initializers = append(g.Initializers, e)
		}
	}
	z, err := g.condition(n)
	if err == nil {
		_, err = g.column(n.Layers.Steps(n.Joined()), z, image)
	}
	if err != nil {
		return g.Graph, err
	}
	g.Inputs = []onnx.Value{{Name: noise, Type: onnx.Float, Shape: dims(n.Noise())}}
	if len(n.Label) > 0 {
		g.Inputs = append(g.Inputs, onnx.Value{Name: label, Type: onnx.Int64, Shape: dims(nil)})
	}
	g.Outputs = []onnx.Value{{Name: image, Type: onnx.Float, Shape: dims(n.Output())}}
	return g.Graph, nil
}

// dims is a shape with its batch.
func dims(shape []int64) []onnx.Dim {
	all := []onnx.Dim{{Name: batch}}
	for _, size := range shape {
		all = append(all, onnx.Dim{Size: size})
	}
	return all
}

// condition is the noise with its label: concat_noise_label of cgan.py for the article's.
func (g *graph) condition(n *arch.Network) (string, error) {
	source := n.Source.Steps(nil)
	x, err := g.column(source[1:], noise, "")
	if err != nil || len(n.Label) == 0 {
		return x, err
	}
	y, err := g.label(n)
	if err != nil {
		return "", err
	}
	first, second := x, y
	if n.Join.LabelFirst {
		first, second = y, x
	}
	switch n.Join.By {
	case arch.Multiply:
		return g.node("multiply_noise_label", "Mul", []string{first, second}), nil
	case arch.Add:
		return g.node("add_noise_label", "Add", []string{first, second}), nil
	}
	return g.node("concat_noise_label", "Concat", []string{first, second}, ints("axis", 1)), nil // [B, nz, 1, 1] -> [B, nz+n, 1, 1]
}

// onehotPlanes says that one-hot rows are joined to something of a height and a width as they are.
func onehotPlanes(n *arch.Network) bool { return len(n.Label) == 1 && len(n.Joined()) == 3 }

// label is the label's column, with a height and a width where the noise has one.
func (g *graph) label(n *arch.Network) (string, error) {
	steps, joined := n.Label.Steps(nil), n.Joined()
	var y string
	if steps[0].Op == "one_hot" {
		y = g.node("onehot_encode", "Gather", []string{identity, label}, ints("axis", 0)) // [B] -> [B, n] or [B, n, 1, 1]
	} else {
		y = g.node(steps[0].Key, "Gather", []string{steps[0].Key + ".weight", label}, ints("axis", 0)) // [B] -> [B, d]
	}
	y, err := g.column(steps[1:], y, "")
	if out := steps[len(steps)-1].Out; err == nil && len(out) == 1 && len(joined) == 3 {
		if steps[0].Op != "one_hot" || !onehotPlanes(n) {
			y = g.reshape("label_planes", y, []int64{out[0], 1, 1})
		}
		if joined[1]*joined[2] > 1 {
			y = g.node("expand_label", "Expand", []string{y, g.numbers("expand_label", 1, out[0], joined[1], joined[2])}) // [B, n, 1, 1] -> [B, n, H, W]
		}
	}
	return y, err
}

// column adds layers one after the other. What the last one gives has the name last, if one is given.
func (g *graph) column(steps []arch.Step, from, last string) (string, error) {
	for i, s := range steps {
		name := outputName(steps, i)
		if i == len(steps)-1 && last != "" {
			delete(g.names, last) // which was kept for it
			name = last
		}
		to, err := g.layer(s, name, from)
		if err != nil {
			return "", fmt.Errorf("the layer %s: %w", s.Layer, err)
		}
		if to == from && name == last {
			to = g.node(last, "Identity", []string{from})
		}
		from = to
	}
	return from, nil
}

// outputName is a layer's key. A layer without one that ends a part of the network, such as layer1, has the part's name.
func outputName(steps []arch.Step, i int) string {
	if key := steps[i].Key; key != "" {
		return key
	}
	before := ""
	for _, s := range steps[:i] {
		before = cmp.Or(s.Key, before)
	}
	if part, _, within := strings.Cut(before, "."); within && i+1 < len(steps) && steps[i+1].Key != "" && !strings.HasPrefix(steps[i+1].Key, part+".") {
		return part
	}
	return fmt.Sprintf("%s-%d", steps[i].Op, i+1)
}

// node adds an operator and gives the name of its output: the wanted one, or one like it where that is taken.
func (g *graph) node(name, operator string, inputs []string, attributes ...onnx.Attribute) string {
	name = g.unique(name)
	g.Nodes = append(g.Nodes, onnx.Node{Operator: operator, Name: name, Inputs: inputs, Attributes: attributes})
	return name
}

func (g *graph) unique(name string) string {
	for g.names[name] {
		name += "_"
	}
	g.names[name] = true
	return name
}

// constant adds a tensor and gives its name.
func (g *graph) constant(name string, t weights.Tensor, err error) string {
	if err != nil {
		panic(err) // its shape is made for its values
	}
	name = g.unique(name)
	g.Initializers = append(g.Initializers, weights.Entry{Key: name, Tensor: t})
	return name
}

// numbers adds whole numbers, such as a shape.
func (g *graph) numbers(name string, values ...int64) string {
	t, err := weights.FromInt64s(values, int64(len(values)))
	return g.constant(name+".numbers", t, err)
}

// reshape gives each image of the batch another shape; 0 is the batch as it is.
func (g *graph) reshape(name, from string, shape []int64) string {
	return g.node(name, "Reshape", []string{from, g.numbers(name, append([]int64{0}, shape...)...)})
}

func ints(name string, values ...int64) onnx.Attribute {
	if len(values) == 1 {
		return onnx.Attribute{Name: name, Value: values[0]}
	}
	return onnx.Attribute{Name: name, Value: values}
}

// identityMatrix is torch.eye(n), a row being [n] or as planes [n, 1, 1]. Gather takes rows from it rather than
// OneHot, which makes zeros of a label that is out of range.
func identityMatrix(n int64, planes bool) weights.Tensor {
	t := weights.Tensor{DType: weights.F32, Shape: []int64{n, n}, Data: make([]byte, 4*n*n)}
	if planes {
		t.Shape = append(t.Shape, 1, 1)
	}
	for i := range n {
		binary.LittleEndian.PutUint32(t.Data[4*i*(n+1):], math.Float32bits(1))
	}
	return t
}
