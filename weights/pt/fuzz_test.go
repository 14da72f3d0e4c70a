package pt

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"cgan/weights"
	"cgan/weights/internal/strictzip"
	"cgan/weights/internal/weightstest"
)

// FuzzRead: no panic, memory bounded by the file's size, an error of one line, and what is
// accepted can be walked, written and read again with the same result.
func FuzzRead(f *testing.F) {
	for _, path := range fixtures(f) {
		data, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add(goodFile(true).Data)
	f.Add(legacyOps{}.file())
	f.Add(tensorFile(tensorOps{size: pInts(2, 3), stride: pInts(0, 0)}, fourFloats))
	f.Fuzz(func(t *testing.T, data []byte) {
		var v weights.Value
		var err error
		weightstest.CheckAlloc(t, len(data), weightstest.AllocWithViews, func() { v, _, err = Read(data) })
		if err != nil {
			weightstest.CheckOneLine(t, err)
			return
		}
		var out bytes.Buffer
		if err := Write(&out, "x.pt", v, nil); err != nil {
			if !strings.Contains(err.Error(), "cannot go into a .pt file") {
				t.Fatal(err)
			}
			return
		}
		again, _, err := Read(out.Bytes())
		if err != nil || weightstest.Dump(again) != weightstest.Dump(v) {
			t.Fatalf("written and read again: %v\n%s\n%s", err, weightstest.Dump(v), weightstest.Dump(again))
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
		if records, err := strictzip.Read(data, nil); err == nil {
			f.Add(records[0].Payload)
		}
	}
	f.Add([]byte(pkl(tensorOps{}.String())))
	storage := strings.Repeat(fourFloats, 8)
	f.Fuzz(func(t *testing.T, data []byte) {
		file := ptFile(string(data), fourFloats, storage, "", fourFloats[:8])
		var err error
		weightstest.CheckAlloc(t, len(file), weightstest.AllocWithViews, func() { _, _, err = Read(file) })
		if err != nil {
			weightstest.CheckOneLine(t, err)
		}
	})
}
