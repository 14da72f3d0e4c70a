package safetensors

import (
	"bytes"
	"encoding/binary"
	"errors"
	"strings"
	"testing"

	"cgan/weights"
	"cgan/weights/internal/weightstest"
)

func TestWrite(t *testing.T) {
	s := weights.StateDict{weightstest.Entry("a \"é\"<", weights.U8, 3), weightstest.Entry("b", weights.F64, 2), weightstest.Entry("c", weights.BF16), weightstest.Entry("d", weights.F32, 0, 2), weightstest.Entry("e", weights.U64, 1)}
	s[1].Data[0] = 7
	var first, second bytes.Buffer
	meta := map[string]string{"z": "1", "a": "2", "format": "pt"}
	for _, out := range []*bytes.Buffer{&first, &second} {
		if err := Write(out, s, meta); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(first.Bytes(), second.Bytes()) {
		t.Error("equal values give different bytes")
	}
	got, metadata, err := Read(first.Bytes())
	if err != nil || weightstest.Dump(got) != weightstest.Dump(s) || len(metadata) != 3 || metadata["z"] != "1" {
		t.Errorf("%v, %v\ngot  %s\nwant %s", metadata, err, weightstest.Dump(got), weightstest.Dump(s))
	}
	if n := binary.LittleEndian.Uint64(first.Bytes()); n%8 != 0 {
		t.Errorf("the header has %d bytes, which leaves the payload unaligned", n)
	}
}

func TestWriteRefuses(t *testing.T) {
	for want, s := range map[string]weights.StateDict{
		`tensor "a": the key occurs twice`:    {weightstest.Entry("a", weights.F32), weightstest.Entry("a", weights.F32)},
		"complex128 has no place":             {weightstest.Entry("a", weights.C128)},
		`tensor "__metadata__"`:               {weightstest.Entry(metadataName, weights.F32)},
		"is not UTF-8":                        {weightstest.Entry("\xff", weights.F32)},
		`tensor "a": float32 of shape [2] ne`: {{Key: "a", Tensor: weights.Tensor{DType: weights.F32, Shape: []int64{2}, Data: nil}}},
	} {
		var out bytes.Buffer
		if err := Write(&out, s, nil); err == nil || !strings.Contains(err.Error(), want) || out.Len() > 0 {
			t.Errorf("%v does not say %q, %d bytes", err, want, out.Len())
		}
	}
}

func TestWriteReportsAFullDisk(t *testing.T) {
	s := weights.StateDict{weightstest.Entry("a", weights.F32, 100_000), weightstest.Entry("b", weights.F32, 100_000)}
	for _, room := range []int{0, 10, 500_000} {
		if err := Write(&weightstest.FullDisk{Left: room}, s, nil); !errors.Is(err, weightstest.ErrFull) {
			t.Errorf("room %d: %v", room, err)
		}
	}
}
