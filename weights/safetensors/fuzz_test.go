package safetensors

import (
	"bytes"
	"strings"
	"testing"

	"cgan/weights"
	"cgan/weights/internal/weightstest"
)

// FuzzRead: no panic, memory bounded by the file's size, an error of one line, and what is accepted can
// be written and read again with the same result.
func FuzzRead(f *testing.F) {
	var good bytes.Buffer
	if err := Write(&good, weights.StateDict{weightstest.Entry("a", weights.F32, 2, 3), weightstest.Entry("b", weights.I64), weightstest.Entry("c", weights.F16, 0)}, map[string]string{"x": "y"}); err != nil {
		f.Fatal(err)
	}
	f.Add(good.Bytes())
	f.Add(safeFile("{}  ", ""))
	f.Fuzz(func(t *testing.T, data []byte) {
		var s weights.StateDict
		var err error
		weightstest.CheckAlloc(t, len(data), weightstest.AllocConstant, func() { s, _, err = Read(data) })
		if err != nil {
			weightstest.CheckOneLine(t, err)
			return
		}
		var out bytes.Buffer
		if err := Write(&out, s, nil); err != nil {
			if !strings.Contains(err.Error(), "no place in the format") {
				t.Fatal(err)
			}
			return
		}
		again, _, err := Read(out.Bytes())
		if err != nil || weightstest.Dump(again) != weightstest.Dump(s) {
			t.Fatalf("written and read again: %v", err)
		}
	})
}
