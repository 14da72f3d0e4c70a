package weights

import (
	"bytes"
	"strings"
	"testing"
)

func TestWriteSafetensors(t *testing.T) {
	s := StateDict{entry("a \"é\"<", U8, 3), entry("b", F64, 2), entry("c", BF16), entry("d", F32, 0, 2), entry("e", U64, 1)}
	s[1].Data[0] = 7
	var first, second bytes.Buffer
	meta := map[string]string{"z": "1", "a": "2", "format": "pt"}
	for _, out := range []*bytes.Buffer{&first, &second} {
		if err := WriteSafetensors(out, s, meta); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(first.Bytes(), second.Bytes()) {
		t.Error("equal values give different bytes")
	}
	got, metadata, err := ReadSafetensors(bytes.NewReader(first.Bytes()), int64(first.Len()))
	if err != nil || dump(got) != dump(s) || len(metadata) != 3 || metadata["z"] != "1" {
		t.Errorf("%v, %v\ngot  %s\nwant %s", metadata, err, dump(got), dump(s))
	}
	if n := le.Uint64(first.Bytes()); n%8 != 0 {
		t.Errorf("the header has %d bytes, which leaves the payload unaligned", n)
	}
}

func TestWriteSafetensorsRefuses(t *testing.T) {
	for want, s := range map[string]StateDict{
		`tensor "a": the key occurs twice`:    {entry("a", F32), entry("a", F32)},
		"complex128 has no place":             {entry("a", C128)},
		`tensor "__metadata__"`:               {entry(metadataName, F32)},
		"is not UTF-8":                        {entry("\xff", F32)},
		`tensor "a": float32 of shape [2] ne`: {{"a", Tensor{F32, []int64{2}, nil}}},
	} {
		var out bytes.Buffer
		if err := WriteSafetensors(&out, s, nil); err == nil || !strings.Contains(err.Error(), want) || out.Len() > 0 {
			t.Errorf("%v does not say %q, %d bytes", err, want, out.Len())
		}
	}
}
