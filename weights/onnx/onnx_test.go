package onnx

import (
	"bytes"
	"strings"
	"testing"

	"cgan/weights"

	"google.golang.org/protobuf/encoding/protowire"
)

func TestWriteRefuses(t *testing.T) {
	half := weights.StateDict{{Key: "w", Tensor: weights.Tensor{DType: weights.BF16, Shape: []int64{1}, Data: []byte{0, 0}}}}
	for want, m := range map[string]Model{
		"w is bfloat16: convert it to float32 first": {Graph: Graph{Initializers: half}},
		`the metadata entry "\xff" is not UTF-8`:     {Metadata: [][2]string{{"\xff", "1"}}},
		"n: the attribute a is a bool":               {Graph: Graph{Nodes: []Node{{Name: "n", Attributes: []Attribute{{"a", true}}}}}},
	} {
		var out bytes.Buffer
		if err := Write(&out, m); err == nil || !strings.HasPrefix(err.Error(), "cannot write ONNX: "+want) || out.Len() > 0 {
			t.Errorf("got %v and %d bytes, want %q", err, out.Len(), want)
		}
	}
	var out bytes.Buffer
	if err := (&message{size: 1 << 31}).write(&out); err == nil || !strings.Contains(err.Error(), "at most 2147483647 are possible") || out.Len() > 0 {
		t.Errorf("%v, %d bytes", err, out.Len())
	}
}

// The weights are not copied: all that is allocated while they are written is small beside them.
func TestWriteCopiesNoWeights(t *testing.T) {
	big := weights.Tensor{DType: weights.F32, Shape: []int64{1 << 20}, Data: make([]byte, 4<<20)}
	m := Model{Graph: Graph{Initializers: weights.StateDict{{Key: "w", Tensor: big}}}}
	result := testing.Benchmark(func(b *testing.B) {
		b.ReportAllocs()
		for range b.N {
			if err := Write(discard{}, m); err != nil {
				b.Fatal(err)
			}
		}
	})
	if n := result.AllocedBytesPerOp(); n > 100_000 {
		t.Errorf("%d bytes were allocated for a file of 4 MB", n)
	}
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }

// A file of nothing but metadata, or of one tensor's dimensions, is refused before it takes many times its size.
func TestSummaryIsBounded(t *testing.T) {
	dims := bytes.Repeat([]byte{tensorDims<<3 | 2, 4, 1, 1, 1, 1}, 100_000)
	tensor := protowire.AppendBytes(protowire.AppendTag(nil, graphInitializer, protowire.BytesType), dims)
	for name, file := range map[string][]byte{
		"metadata":   bytes.Repeat([]byte{modelMetadata<<3 | 2, 0}, 1_000_000),
		"dimensions": protowire.AppendBytes(protowire.AppendTag(nil, modelGraph, protowire.BytesType), tensor),
	} {
		s, err := Summarize(file)
		if err == nil || !strings.Contains(err.Error(), "more than 65536") || len(s.Metadata) > maxItems+1 {
			t.Errorf("%s: %d entries, %v", name, len(s.Metadata), err)
		}
	}
}
