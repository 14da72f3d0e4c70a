// Package onnx writes ONNX models: graphs of operators, their weights and their metadata; Summarize says what a file of one
// holds. It knows no network; the names and attributes of operators are those of ONNX's own documentation.
package onnx

import (
	"fmt"
	"io"
	"unicode/utf8"

	"cgan/weights"
)

// Opset is the version of ONNX's operators that a Model asks for, and irVersion that of the file format that came
// with it. Below 14, BatchNormalization's momentum is read in two ways.
const (
	Opset     = 14
	irVersion = 7
)

// Model is an ONNX file.
type Model struct {
	Producer string
	Graph    Graph
	Metadata [][2]string // keys and values, UTF-8
}

// Graph is a program: nodes in an order in which each one's inputs are known.
type Graph struct {
	Name            string
	Nodes           []Node
	Initializers    weights.StateDict // weights by name, float32, and what nodes take as sizes or places, int64
	Inputs, Outputs []Value
}

// Node is one operator with one output, which has the node's name.
type Node struct {
	Operator, Name string
	Inputs         []string
	Attributes     []Attribute
}

// Attribute is a setting of an operator.
type Attribute struct {
	Name  string
	Value any // int64, []int64, float32 or string
}

// ElementType is the type of a Value's elements.
type ElementType int64

// The element types that Value needs.
const (
	Float ElementType = 1
	Int64 ElementType = 7
)

// elementTypes are those of initializers.
var elementTypes = map[weights.DType]ElementType{weights.F32: Float, weights.I64: Int64}

// Value declares an input or an output.
type Value struct {
	Name  string
	Type  ElementType
	Shape []Dim
}

// Dim is a dimension: a size, or a name where each run has its own.
type Dim struct {
	Name string
	Size int64
}

// Write writes the model. The weights are written from where they lie, without a copy. Metadata that is not UTF-8,
// weights that are neither float32 nor int64 and attributes of other types are errors, and then w has received nothing; so is a
// file of 2 GiB and more, which protobuf does not allow.
func Write(w io.Writer, m Model) error {
	model, err := m.message()
	if err != nil {
		return fmt.Errorf("cannot write ONNX: %w", err)
	}
	return model.write(w)
}

func (m Model) message() (*message, error) {
	graph, err := m.Graph.message()
	if err != nil {
		return nil, err
	}
	var model, opset message
	model.int(modelIRVersion, irVersion)
	model.string(modelProducer, m.Producer)
	model.message(modelGraph, graph)
	opset.int(opsetVersion, Opset)
	model.message(modelOpset, &opset)
	for _, p := range m.Metadata {
		if !utf8.ValidString(p[0]) || !utf8.ValidString(p[1]) {
			return nil, fmt.Errorf("the metadata entry %q is not UTF-8", p[0])
		}
		var prop message
		prop.string(propKey, p[0])
		prop.string(propValue, p[1])
		model.message(modelMetadata, &prop)
	}
	return &model, nil
}

func (g Graph) message() (*message, error) {
	var out message
	for _, n := range g.Nodes {
		node, err := n.message()
		if err != nil {
			return nil, err
		}
		out.message(graphNode, node)
	}
	out.string(graphName, g.Name)
	for _, e := range g.Initializers {
		elements, ok := elementTypes[e.DType]
		if !ok {
			return nil, fmt.Errorf("%s is %v: convert it to float32 first", e.Key, e.DType)
		}
		out.message(graphInitializer, tensorProto(e.Key, elements, e.Tensor))
	}
	for _, v := range g.Inputs {
		out.message(graphInput, v.message())
	}
	for _, v := range g.Outputs {
		out.message(graphOutput, v.message())
	}
	return &out, nil
}

func (n Node) message() (*message, error) {
	var out message
	for _, input := range n.Inputs {
		out.string(nodeInput, input)
	}
	out.string(nodeOutput, n.Name)
	out.string(nodeName, n.Name)
	out.string(nodeType, n.Operator)
	for _, a := range n.Attributes {
		attribute, err := a.message()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", n.Name, err)
		}
		out.message(nodeAttribute, attribute)
	}
	return &out, nil
}

func (a Attribute) message() (*message, error) {
	var out message
	out.string(attributeName, a.Name)
	switch v := a.Value.(type) {
	case int64:
		out.int(attributeInt, v)
		out.int(attributeType, attributeIsInt)
	case []int64:
		for _, each := range v {
			out.int(attributeInts, each)
		}
		out.int(attributeType, attributeIsInts)
	case float32:
		out.float(attributeFloat, v)
		out.int(attributeType, attributeIsFloat)
	case string:
		out.string(attributeString, v)
		out.int(attributeType, attributeIsString)
	default:
		return nil, fmt.Errorf("the attribute %s is a %T: it must be int64, []int64, float32 or string", a.Name, a.Value)
	}
	return &out, nil
}

func (v Value) message() *message {
	var info, kind, tensor, shape message
	for _, d := range v.Shape {
		var dim message
		if d.Name != "" {
			dim.string(dimParam, d.Name)
		} else {
			dim.int(dimValue, d.Size)
		}
		shape.message(shapeDim, &dim)
	}
	tensor.int(tensorTypeElements, int64(v.Type))
	tensor.message(tensorTypeShape, &shape)
	kind.message(typeTensor, &tensor)
	info.string(infoName, v.Name)
	info.message(infoType, &kind)
	return &info
}
