// Package export writes a generator as a program for others: ONNX and TorchScript, which take (noise, label) to
// images. It walks the layers of the network, whose columns in package models are the only place that has them.
package export

import (
	"encoding/binary"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"cgan/bindings/nn"
	"cgan/models"
	"cgan/weights"
	"cgan/weights/onnx"
)

// ONNX writes the generator in evaluation mode as an ONNX model: noise [batch, nz, 1, 1] float32 and label [batch] int64
// become image [batch, channels, H, W] float32. A label that is no row of the identity matrix ends the run with
// an error in onnxruntime; as in PyTorch, -1 is the last class.
//
// The initializers carry PyTorch's keys. The metadata goes into the file with two more entries: "architecture",
// how cgan.py makes the generator, and "classes", which take the place of given ones. The same weights give the
// same bytes. An error says what has no place in such a file (then w has received nothing), or that w failed.
func ONNX(w io.Writer, g *models.Generator, c models.Config, metadata map[string]string) error {
	state, err := models.StateDict(g.StateDict())
	if err != nil {
		return err
	}
	graph, err := graphOf(g.Leaves(), state, c)
	if err != nil {
		return fmt.Errorf("cannot write ONNX: %w", err)
	}
	all := maps.Clone(metadata)
	if all == nil {
		all = map[string]string{}
	}
	all["architecture"] = fmt.Sprintf("Generator(nz=%d, nch_g=%d, nch=%d, size=%d)", c.Noise+c.Classes, c.NgF, c.Channels, c.Size)
	all["classes"] = strconv.Itoa(c.Classes)
	model := onnx.Model{Producer: "cgan", Graph: graph}
	for _, key := range slices.Sorted(maps.Keys(all)) {
		model.Metadata = append(model.Metadata, [2]string{key, all[key]})
	}
	return onnx.Write(w, model)
}

const (
	batch    = "batch"    // the name of the dynamic dimension
	identity = "identity" // the name of the one-hot rows
	image    = "image"    // the name of what comes out
)

// graphOf is forward of the generator after concat_noise_label of cgan.py.
func graphOf(leaves []nn.Leaf, state weights.StateDict, c models.Config) (onnx.Graph, error) {
	const onehot, z = "onehot_encode", "concat_noise_label"
	g := onnx.Graph{Name: "generator", Initializers: weights.StateDict{{Key: identity, Tensor: identityMatrix(int64(c.Classes))}}}
	g.Nodes = []onnx.Node{
		{Operator: "Gather", Name: onehot, Inputs: []string{identity, "label"}, Attributes: []onnx.Attribute{{Name: "axis", Value: int64(0)}}}, // [B] -> [B, n, 1, 1]
		{Operator: "Concat", Name: z, Inputs: []string{"noise", onehot}, Attributes: []onnx.Attribute{{Name: "axis", Value: int64(1)}}},        // [B, nz, 1, 1] -> [B, nz+n, 1, 1]
	}
	from, shape := z, []int64{int64(c.Noise + c.Classes), 1, 1}
	for i, leaf := range leaves {
		node, err := nodeOf(leaf, from)
		if err != nil {
			return g, err
		}
		if shape, err = nn.OutputShape(leaf.Module, shape); err != nil {
			return g, err
		}
		node.Name = outputName(leaves, i)
		g.Nodes = append(g.Nodes, node)
		from = node.Name
	}
	for _, e := range state {
		if e.DType == weights.F32 { // num_batches_tracked says nothing to inference
			g.Initializers = append(g.Initializers, e)
		}
	}
	dims := func(sizes ...int64) []onnx.Dim {
		all := []onnx.Dim{{Name: batch}}
		for _, size := range sizes {
			all = append(all, onnx.Dim{Size: size})
		}
		return all
	}
	g.Inputs = []onnx.Value{{Name: "noise", Type: onnx.Float, Shape: dims(int64(c.Noise), 1, 1)}, {Name: "label", Type: onnx.Int64, Shape: dims()}}
	g.Outputs = []onnx.Value{{Name: image, Type: onnx.Float, Shape: dims(shape...)}}
	return g, nil
}

// outputName is a leaf's key; what ends a layer has the layer's, such as layer1, and what ends the network is the image.
func outputName(leaves []nn.Leaf, i int) string {
	if i == len(leaves)-1 {
		return image
	}
	layer, _, _ := strings.Cut(leaves[i].Name, ".")
	if next, _, _ := strings.Cut(leaves[i+1].Name, "."); next != layer {
		return layer
	}
	return leaves[i].Name
}

// nodeOf is the operator of one layer.
func nodeOf(leaf nn.Leaf, from string) (onnx.Node, error) {
	in := func(keys ...string) []string {
		all := []string{from}
		for _, key := range keys {
			all = append(all, leaf.Name+"."+key)
		}
		return all
	}
	window := func(kernel, stride, padding int64) []onnx.Attribute {
		return []onnx.Attribute{
			{Name: "kernel_shape", Value: []int64{kernel, kernel}}, {Name: "strides", Value: []int64{stride, stride}},
			{Name: "pads", Value: []int64{padding, padding, padding, padding}},
		}
	}
	switch l := leaf.Module.(type) {
	case *nn.ConvTranspose2d:
		return onnx.Node{Operator: "ConvTranspose", Inputs: in("weight", "bias"), Attributes: window(l.KernelSize[0], l.Stride[0], l.Padding[0])}, nil
	case *nn.Conv2d:
		return onnx.Node{Operator: "Conv", Inputs: in("weight", "bias"), Attributes: window(l.KernelSize[0], l.Stride[0], l.Padding[0])}, nil
	case *nn.BatchNorm2d:
		epsilon := onnx.Attribute{Name: "epsilon", Value: float32(l.Eps)}
		return onnx.Node{Operator: "BatchNormalization", Inputs: in("weight", "bias", "running_mean", "running_var"), Attributes: []onnx.Attribute{epsilon}}, nil
	case *nn.ReLU:
		return onnx.Node{Operator: "Relu", Inputs: in()}, nil
	case *nn.LeakyReLU:
		return onnx.Node{Operator: "LeakyRelu", Inputs: in(), Attributes: []onnx.Attribute{{Name: "alpha", Value: float32(l.NegativeSlope)}}}, nil
	case *nn.Tanh:
		return onnx.Node{Operator: "Tanh", Inputs: in()}, nil
	case *nn.Sigmoid:
		return onnx.Node{Operator: "Sigmoid", Inputs: in()}, nil
	}
	return onnx.Node{}, fmt.Errorf("the layer %s is a %T, for which no operator is known", leaf.Name, leaf.Module)
}

// identityMatrix is torch.eye(n), a row being [n, 1, 1]. Gather takes rows from it rather than
// OneHot, which makes zeros of a label that is out of range.
func identityMatrix(n int64) weights.Tensor {
	t := weights.Tensor{DType: weights.F32, Shape: []int64{n, n, 1, 1}, Data: make([]byte, 4*n*n)}
	for i := range n {
		binary.LittleEndian.PutUint32(t.Data[4*i*(n+1):], math.Float32bits(1))
	}
	return t
}
