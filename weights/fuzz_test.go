package weights

import (
	"bytes"
	"os"
	"strings"
	"testing"
)

// FuzzReadPT: no panic, memory bounded by the file's size, an error of one line, and what is
// accepted can be walked, written and read again with the same result.
func FuzzReadPT(f *testing.F) {
	for _, path := range fixtures(f) {
		data, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add(goodFile(true).data)
	f.Add(legacyOps{}.file())
	f.Add(tensorFile(tensorOps{size: pInts(2, 3), stride: pInts(0, 0)}, fourFloats))
	f.Fuzz(func(t *testing.T, data []byte) {
		var v Value
		var err error
		checkAlloc(t, len(data), allocWithViews, func() { v, _, err = readBytes(data) })
		if err != nil {
			checkOneLine(t, err)
			return
		}
		var out bytes.Buffer
		if err := WritePT(&out, "x.pt", v); err != nil {
			if !strings.Contains(err.Error(), "cannot go into a .pt file") {
				t.Fatal(err)
			}
			return
		}
		again, _, err := readBytes(out.Bytes())
		if err != nil || dump(again) != dump(v) {
			t.Fatalf("written and read again: %v\n%s\n%s", err, dump(v), dump(again))
		}
	})
}

// FuzzPickle puts damaged pickles into sound zips, so that the checksums do not stop them.
func FuzzPickle(f *testing.F) {
	for _, path := range fixtures(f) {
		data, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		if records, err := parseZip(data); err == nil {
			f.Add(records[0].payload)
		}
	}
	f.Add([]byte(pkl(tensorOps{}.String())))
	storage := strings.Repeat(fourFloats, 8)
	f.Fuzz(func(t *testing.T, data []byte) {
		file := ptFile(string(data), fourFloats, storage, "", fourFloats[:8])
		var err error
		checkAlloc(t, len(file), allocWithViews, func() { _, _, err = readBytes(file) })
		if err != nil {
			checkOneLine(t, err)
		}
	})
}

// FuzzSafetensors: the same for safetensors.
func FuzzSafetensors(f *testing.F) {
	var good bytes.Buffer
	if err := WriteSafetensors(&good, StateDict{entry("a", F32, 2, 3), entry("b", I64), entry("c", F16, 0)}, map[string]string{"x": "y"}); err != nil {
		f.Fatal(err)
	}
	f.Add(good.Bytes())
	f.Add(safeFile("{}  ", ""))
	f.Fuzz(func(t *testing.T, data []byte) {
		var s StateDict
		var err error
		checkAlloc(t, len(data), allocConstant, func() { s, _, err = ReadSafetensors(bytes.NewReader(data), int64(len(data))) })
		if err != nil {
			checkOneLine(t, err)
			return
		}
		var out bytes.Buffer
		if err := WriteSafetensors(&out, s, nil); err != nil {
			if !strings.Contains(err.Error(), "no place in the format") {
				t.Fatal(err)
			}
			return
		}
		again, _, err := ReadSafetensors(bytes.NewReader(out.Bytes()), int64(out.Len()))
		if err != nil || dump(again) != dump(s) {
			t.Fatalf("written and read again: %v", err)
		}
	})
}

func checkOneLine(t *testing.T, err error) {
	t.Helper()
	if text := err.Error(); strings.ContainsAny(text, "\n\x00") || len(text) > 2000 {
		t.Errorf("not one line of bounded length: %.3000q", text)
	}
}
