package pt

import (
	"bytes"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"cgan/weights"
	"cgan/weights/internal/weightstest"
)

// generatorFile is a state dict of the size and layout of the article's generator: 8.9 MB.
func generatorFile(t testing.TB) []byte {
	t.Helper()
	shapes := [][]int64{{110, 512, 3, 3}, {512, 256, 3, 3}, {256, 128, 4, 4}, {128, 1, 4, 4}}
	names := []string{"layer1.0.weight", "layer2.0.weight", "layer3.0.weight", "layer4.0.weight"}
	random := rand.New(rand.NewPCG(1, 2))
	var s weights.StateDict
	for i, shape := range shapes {
		values := make([]float32, weights.Tensor{Shape: shape}.Numel())
		for j := range values {
			values[j] = float32(random.NormFloat64())
		}
		w, err := weights.FromFloat32s(values, shape...)
		if err != nil {
			t.Fatal(err)
		}
		s = append(s, weights.Entry{Key: names[i], Tensor: w})
	}
	var out bytes.Buffer
	if err := Write(&out, "generator.pt", s, nil); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

var sink []byte

// BenchmarkCopy is the yardstick of BenchmarkRead: the same bytes into a new buffer.
func BenchmarkCopy(b *testing.B) {
	data := generatorFile(b)
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		sink = make([]byte, len(data))
		if _, err := io.ReadFull(bytes.NewReader(data), sink); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRead(b *testing.B) {
	data := generatorFile(b)
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if _, _, err := Read(data); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCRC(b *testing.B) {
	data := generatorFile(b)
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		crc32.ChecksumIEEE(data)
	}
}

func BenchmarkCopyFile(b *testing.B) {
	benchmarkFile(b, func(p string) error { _, err := os.ReadFile(p); return err })
}

func BenchmarkReadFile(b *testing.B) {
	benchmarkFile(b, func(p string) error { _, _, err := readFile(p); return err })
}

func benchmarkFile(b *testing.B, read func(string) error) {
	data := generatorFile(b)
	path := filepath.Join(b.TempDir(), "g.pt")
	if err := os.WriteFile(path, data, 0o666); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if err := read(path); err != nil {
			b.Fatal(err)
		}
	}
}

// Reading keeps one copy of the file and little else.
func TestReadMemory(t *testing.T) {
	data := generatorFile(t)
	before := weightstest.Allocated()
	v, _, err := Read(data)
	if err != nil || v.(*weights.Dict).Len() != 4 {
		t.Fatal(v, err)
	}
	if used := weightstest.Allocated() - before; used > uint64(len(data))+1<<20 {
		t.Errorf("reading %d bytes allocated %d", len(data), used)
	}
}
