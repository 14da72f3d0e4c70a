package weights

import (
	"encoding/binary"
	"math"
)

const (
	onnxOpset = 13 // of 2020: nothing newer is needed, and old readers have it
	onnxIR    = 7  // the version of the file format that came with it

	onnxBatch    = "batch"    // the name of the dynamic dimension
	onnxIdentity = "identity" // the name of the one-hot rows
	normEpsilon  = 1e-5       // of BatchNorm2d
	imageSize    = 28         // what the kernels, strides and paddings below come to
)

// generatorLayer is one transposed convolution and what follows it: BatchNorm and ReLU, or Tanh.
type generatorLayer struct {
	name                         string
	in, out, kernel, stride, pad int64
	last                         bool
}

// layers is the generator of cgan.py, as a table.
func (s generatorSizes) layers() []generatorLayer {
	return []generatorLayer{
		{"layer1", s.inputs, s.base * 4, 3, 1, 0, false},   // [B, 4g, 3, 3]
		{"layer2", s.base * 4, s.base * 2, 3, 2, 0, false}, // [B, 2g, 7, 7]
		{"layer3", s.base * 2, s.base, 4, 2, 1, false},     // [B, g, 14, 14]
		{"layer4", s.base, s.channels, 4, 2, 1, true},      // [B, nch, 28, 28]
	}
}

// model returns the ModelProto. Its pieces include the state dict's own data.
func (s generatorSizes) model(state StateDict, props [][2]string) *message {
	var model, opset message
	model.int(modelIRVersion, onnxIR)
	model.string(modelProducer, "cgan")
	model.message(modelGraph, s.graph(state))
	opset.int(opsetVersion, onnxOpset)
	model.message(modelOpset, &opset)
	for _, p := range props {
		var prop message
		prop.string(propKey, p[0])
		prop.string(propValue, p[1])
		model.message(modelMetadata, &prop)
	}
	return &model
}

// graph is forward of cgan.py's Generator behind concat_noise_label.
func (s generatorSizes) graph(state StateDict) *message {
	var g message
	g.node("Gather", "onehot_encode", []string{onnxIdentity, "label"}, intAttribute("axis", 0))         // [B] -> [B, n, 1, 1]
	g.node("Concat", "concat_noise_label", []string{"noise", "onehot_encode"}, intAttribute("axis", 1)) // [B, nz, 1, 1] -> [B, nz+n, 1, 1]
	from := "concat_noise_label"
	for _, l := range s.layers() {
		from = g.layer(l, from)
	}
	g.string(graphName, "generator")
	g.message(graphInitializer, tensorProto(onnxIdentity, identityMatrix(s.classes)))
	for _, spec := range s.specs() {
		if t, _ := state.Get(spec.Key); spec.DType == F32 { // num_batches_tracked says nothing to inference
			g.message(graphInitializer, tensorProto(spec.Key, t))
		}
	}
	g.message(graphInput, valueInfo("noise", onnxFloat, s.inputs-s.classes, 1, 1))
	g.message(graphInput, valueInfo("label", onnxInt64))
	g.message(graphOutput, valueInfo("image", onnxFloat, s.channels, imageSize, imageSize))
	return &g
}

// layer adds the nodes of one layer and returns the name of what comes out.
func (m *message) layer(l generatorLayer, from string) string {
	convolution, norm := l.name+".0", l.name+".1"
	m.node("ConvTranspose", convolution, []string{from, convolution + ".weight", convolution + ".bias"},
		intsAttribute("kernel_shape", l.kernel, l.kernel), intsAttribute("strides", l.stride, l.stride),
		intsAttribute("pads", l.pad, l.pad, l.pad, l.pad))
	if l.last {
		return m.node("Tanh", "image", []string{convolution})
	}
	m.node("BatchNormalization", norm, []string{convolution, norm + ".weight", norm + ".bias",
		norm + ".running_mean", norm + ".running_var"}, floatAttribute("epsilon", normEpsilon))
	return m.node("Relu", l.name, []string{norm})
}

// identityMatrix is torch.eye(n), a row being [n, 1, 1]. Gather takes rows from it rather than
// OneHot, which makes zeros of a label that is out of range.
func identityMatrix(n int64) Tensor {
	t := Tensor{F32, []int64{n, n, 1, 1}, make([]byte, 4*n*n)}
	for i := range n {
		binary.LittleEndian.PutUint32(t.Data[4*i*(n+1):], math.Float32bits(1))
	}
	return t
}

// valueInfo declares an input or output whose first dimension is the batch.
func valueInfo(name string, elements int64, dims ...int64) *message {
	var info, kind, tensor, shape, batch message
	batch.string(dimParam, onnxBatch)
	shape.message(shapeDim, &batch)
	for _, d := range dims {
		var dim message
		dim.int(dimValue, d)
		shape.message(shapeDim, &dim)
	}
	tensor.int(tensorTypeElements, elements)
	tensor.message(tensorTypeShape, &shape)
	kind.message(typeTensor, &tensor)
	info.string(infoName, name)
	info.message(infoType, &kind)
	return &info
}
