package onnx

import (
	"bufio"
	"fmt"
	"io"
	"math"

	"cgan/weights"

	"google.golang.org/protobuf/encoding/protowire"
)

// An ONNX file is one protobuf message. The Go modules that carry its messages keep them internal
// (gomlx/onnx-gomlx) or have stood still since 2019 (owulveryck/onnx-go), and generated code would
// marshal the weights into a second copy of themselves. So the wire format is written here, with
// the field numbers of onnx.proto.
const (
	modelIRVersion, modelProducer, modelGraph, modelOpset, modelMetadata = 1, 2, 7, 8, 14
	opsetVersion                                                         = 2
	propKey, propValue                                                   = 1, 2

	graphNode, graphName, graphInitializer, graphInput, graphOutput = 1, 2, 5, 11, 12
	nodeInput, nodeOutput, nodeName, nodeType, nodeAttribute        = 1, 2, 3, 4, 5

	attributeName, attributeFloat, attributeInt, attributeString, attributeInts, attributeType = 1, 2, 3, 4, 8, 20
	attributeIsFloat, attributeIsInt, attributeIsString, attributeIsInts                       = 1, 2, 3, 7

	tensorDims, tensorElements, tensorName, tensorRaw = 1, 2, 8, 9

	infoName, infoType                  = 1, 2
	typeTensor                          = 1
	tensorTypeElements, tensorTypeShape = 1, 2
	shapeDim                            = 1
	dimValue, dimParam                  = 1, 2
)

// message is an encoded protobuf message in pieces, some of which are tensors' own data.
type message struct {
	pieces [][]byte
	size   int64
}

// write writes the message, if a protobuf reader can take one of its size.
func (m *message) write(w io.Writer) error {
	if m.size > math.MaxInt32 {
		return fmt.Errorf("cannot write ONNX: the file would have %d bytes; at most %d are possible", m.size, math.MaxInt32)
	}
	buffered := bufio.NewWriter(w)
	for _, piece := range m.pieces {
		if _, err := buffered.Write(piece); err != nil {
			return err
		}
	}
	return buffered.Flush()
}

func (m *message) add(piece []byte) {
	m.pieces = append(m.pieces, piece)
	m.size += int64(len(piece))
}

func (m *message) int(field protowire.Number, v int64) {
	m.add(protowire.AppendVarint(protowire.AppendTag(nil, field, protowire.VarintType), uint64(v)))
}

func (m *message) float(field protowire.Number, v float32) {
	m.add(protowire.AppendFixed32(protowire.AppendTag(nil, field, protowire.Fixed32Type), math.Float32bits(v)))
}

func (m *message) string(field protowire.Number, v string) {
	m.add(protowire.AppendString(protowire.AppendTag(nil, field, protowire.BytesType), v))
}

func (m *message) bytes(field protowire.Number, v []byte) {
	m.message(field, &message{[][]byte{v}, int64(len(v))})
}

func (m *message) message(field protowire.Number, v *message) {
	m.add(protowire.AppendVarint(protowire.AppendTag(nil, field, protowire.BytesType), uint64(v.size)))
	m.pieces = append(m.pieces, v.pieces...)
	m.size += v.size
}

// tensorProto is a named tensor of that type, in the bytes where it lies.
func tensorProto(name string, elements ElementType, t weights.Tensor) *message {
	var p message
	for _, d := range t.Shape {
		p.int(tensorDims, d)
	}
	p.int(tensorElements, int64(elements))
	p.string(tensorName, name)
	p.bytes(tensorRaw, t.Data)
	return &p
}
