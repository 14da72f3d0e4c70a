package onnx

import (
	"errors"
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"
)

// Summary is what an ONNX file says of itself.
type Summary struct {
	IRVersion, Opset int64
	Producer         string
	Metadata         [][2]string
	Graph            string
	Operators        []string // of the nodes, in their order
	Initializers     []Tensor
	Inputs, Outputs  []Value
}

// Tensor is the name, type and shape of an initializer; 1 is float32 and 7 int64, as in ElementType.
type Tensor struct {
	Name  string
	Type  ElementType
	Shape []int64
}

// maxItems bounds what a summary lists, dimensions too.
const maxItems = 1 << 16

// reader counts what it lists.
type reader struct {
	Summary
	items int
}

// count is an error after the last item that is possible.
func (r *reader) count() error {
	if r.items++; r.items > maxItems {
		return fmt.Errorf("it has more than %d metadata entries, operators, tensors and dimensions", maxItems)
	}
	return nil
}

// Summarize reads what an ONNX file holds, without running it. Memory is bounded by the file's; texts are the file's own
// and may hold anything.
func Summarize(file []byte) (Summary, error) {
	s, graph := reader{}, false
	err := eachField(file, func(field protowire.Number, n uint64, data []byte) error {
		switch field {
		case modelIRVersion:
			s.IRVersion = int64(n)
		case modelProducer:
			s.Producer = string(data)
		case modelOpset:
			return eachField(data, func(field protowire.Number, n uint64, _ []byte) error {
				if field == opsetVersion {
					s.Opset = max(s.Opset, int64(n))
				}
				return nil
			})
		case modelMetadata:
			var pair [2]string
			err := eachField(data, func(field protowire.Number, _ uint64, data []byte) error {
				if field == propKey || field == propValue {
					pair[field-1] = string(data)
				}
				return nil
			})
			s.Metadata = append(s.Metadata, pair)
			return errors.Join(err, s.count())
		case modelGraph:
			graph = true
			return s.graph(data)
		}
		return nil
	})
	if err == nil && (!graph || s.IRVersion == 0) {
		err = errors.New("no ONNX model: it has no graph and no version")
	}
	return s.Summary, err
}

func (r *reader) graph(data []byte) error {
	return eachField(data, func(field protowire.Number, _ uint64, data []byte) error {
		switch field {
		case graphName:
			r.Graph = string(data)
		case graphNode:
			return eachField(data, func(field protowire.Number, _ uint64, data []byte) error {
				if field != nodeType {
					return nil
				}
				r.Operators = append(r.Operators, string(data))
				return r.count()
			})
		case graphInitializer:
			t, err := r.tensor(data)
			r.Initializers = append(r.Initializers, t)
			return err
		case graphInput:
			v, err := r.value(data)
			r.Inputs = append(r.Inputs, v)
			return err
		case graphOutput:
			v, err := r.value(data)
			r.Outputs = append(r.Outputs, v)
			return err
		}
		return nil
	})
}

func (r *reader) tensor(data []byte) (t Tensor, err error) {
	if err := r.count(); err != nil {
		return t, err
	}
	err = eachField(data, func(field protowire.Number, n uint64, data []byte) error {
		switch {
		case field == tensorDims && data == nil:
			t.Shape = append(t.Shape, int64(n))
			return r.count()
		case field == tensorDims: // packed, as other writers do
			for len(data) > 0 {
				v, size := protowire.ConsumeVarint(data)
				if size < 0 {
					return protowire.ParseError(size)
				}
				t.Shape, data = append(t.Shape, int64(v)), data[size:]
				if err := r.count(); err != nil {
					return err
				}
			}
		case field == tensorElements:
			t.Type = ElementType(n)
		case field == tensorName:
			t.Name = string(data)
		}
		return nil
	})
	return t, err
}

// value follows info, type, tensor and shape.
func (r *reader) value(data []byte) (v Value, err error) {
	if err := r.count(); err != nil {
		return v, err
	}
	inside := func(data []byte, wanted protowire.Number, then func([]byte) error) error {
		return eachField(data, func(field protowire.Number, _ uint64, data []byte) error {
			if field == wanted && data != nil {
				return then(data)
			}
			return nil
		})
	}
	err = eachField(data, func(field protowire.Number, _ uint64, data []byte) error {
		if field == infoName {
			v.Name = string(data)
		}
		if field != infoType {
			return nil
		}
		return inside(data, typeTensor, func(tensor []byte) error {
			return eachField(tensor, func(field protowire.Number, n uint64, data []byte) error {
				if field == tensorTypeElements {
					v.Type = ElementType(n)
				}
				if field != tensorTypeShape {
					return nil
				}
				return inside(data, shapeDim, func(dim []byte) error {
					var d Dim
					err := eachField(dim, func(field protowire.Number, n uint64, data []byte) error {
						if field == dimValue {
							d.Size = int64(n)
						} else if field == dimParam {
							d.Name = string(data)
						}
						return nil
					})
					v.Shape = append(v.Shape, d)
					return errors.Join(err, r.count())
				})
			})
		})
	})
	return v, err
}

// eachField reads a protobuf message: numbers come as n, texts and messages as data, which is then not nil.
func eachField(message []byte, take func(field protowire.Number, n uint64, data []byte) error) error {
	for len(message) > 0 {
		field, kind, size := protowire.ConsumeTag(message)
		if size < 0 {
			return protowire.ParseError(size)
		}
		message = message[size:]
		var n uint64
		var data []byte
		switch kind {
		case protowire.VarintType:
			n, size = protowire.ConsumeVarint(message)
		case protowire.BytesType:
			data, size = protowire.ConsumeBytes(message)
			if data == nil {
				data = []byte{}
			}
		default:
			size = protowire.ConsumeFieldValue(field, kind, message)
		}
		if size < 0 {
			return protowire.ParseError(size)
		}
		message = message[size:]
		if err := take(field, n, data); err != nil {
			return err
		}
	}
	return nil
}
