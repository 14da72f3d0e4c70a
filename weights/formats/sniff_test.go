package formats

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"cgan/weights"
	"cgan/weights/internal/weightstest"
	"cgan/weights/safetensors"
)

// A header's length may end in any byte, those of pickle, gzip, bzip2 and zip among them.
func TestOpenReadsSafetensorsOfEveryHeaderLength(t *testing.T) {
	seen := map[byte]bool{}
	for pad := range 300 {
		var out bytes.Buffer
		err := safetensors.Write(&out, weights.StateDict{weightstest.Entry("w", weights.F32, 2)}, map[string]string{"a": fmt.Sprintf("%*d", pad+1, 1)})
		if err != nil {
			t.Fatal(err)
		}
		file := unpadded(out.Bytes())
		seen[file[0]] = true
		path := filepath.Join(t.TempDir(), "w.safetensors")
		if err := os.WriteFile(path, file, 0o644); err != nil {
			t.Fatal(err)
		}
		if f, err := Open(path); err != nil || f.Format != Safetensors {
			t.Errorf("a header whose length begins with byte %#x: %v", file[0], err)
		}
	}
	if len(seen) != 256 {
		t.Errorf("only %d of 256 low bytes were tried", len(seen))
	}
}

// unpadded takes the spaces off that bring a header to a multiple of 8.
func unpadded(file []byte) []byte {
	end := 8 + binary.LittleEndian.Uint64(file)
	header := bytes.TrimRight(file[8:end], " ")
	short := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(short, header...), file[end:]...)
}
