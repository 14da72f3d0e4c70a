package dataset

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// idxBytes is an IDX file of bytes: the header for dims, then body.
func idxBytes(body []byte, dims ...uint32) []byte {
	out := []byte{0, 0, 8, byte(len(dims))}
	for _, d := range dims {
		out = binary.BigEndian.AppendUint32(out, d)
	}
	return append(out, body...)
}

func gzipped(t testing.TB, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func put(t testing.TB, dir, name string, data []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
		t.Fatal(err)
	}
}

const imagesName, labelsName = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"

var (
	goodImages = idxBytes([]byte("abcdefghijkl"), 2, 3, 2)
	goodLabels = idxBytes([]byte{9, 0}, 2)
)

// A header that lies must cost memory by the file's true size, and a bomb by its header's.
func TestReadMemory(t *testing.T) {
	zeros := make([]byte, 32<<20)
	for name, images := range map[string][]byte{
		"header of four billion images": gzipped(t, idxBytes(zeros[:1<<20], 1<<32-1, 28, 28)),
		"gzip bomb after two images":    gzipped(t, idxBytes(zeros, 2, 3, 2)),
	} {
		dir := t.TempDir()
		count := uint32(2)
		if strings.HasPrefix(name, "header") {
			count = 1<<32 - 1
		}
		put(t, dir, imagesName+".gz", images)
		put(t, dir, labelsName, idxBytes([]byte{1, 2}, count))
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := Open(t.Context(), dir, Options{}, nil)
		runtime.ReadMemStats(&after)
		if err == nil {
			t.Errorf("%s: read without an error", name)
		}
		if got := after.TotalAlloc - before.TotalAlloc; got > 5<<20 {
			t.Errorf("%s: %d bytes allocated", name, got)
		}
	}
}

// FuzzIDX feeds any bytes, packed or not: no crash, every refusal a *DataError, every success consistent.
func FuzzIDX(f *testing.F) {
	f.Add(goodImages, false)
	f.Add(goodImages[:17], false)
	f.Add(gzipped(f, goodImages), true)
	f.Add(idxBytes(nil, 1<<31, 1<<31, 4), false)
	f.Fuzz(func(t *testing.T, raw []byte, packed bool) {
		file := &idxFile{path: "fuzz"}
		if packed {
			file.path += ".gz"
		}
		var pixels []byte
		err := file.start(bytes.NewReader(raw), 3)
		if err == nil {
			pixels, err = file.body()
		}
		var data *DataError
		if err != nil {
			if !errors.As(err, &data) || data.Offset < 0 {
				t.Fatalf("refused by %v", err)
			}
			return
		}
		d := file.dims
		if uint64(len(pixels)) != d[0]*d[1]*d[2] || !bytes.HasPrefix(raw, []byte("\x1f\x8b")) && len(pixels)+16 != len(raw) {
			t.Fatalf("%d pixels for %v from %d bytes", len(pixels), d, len(raw))
		}
	})
}
