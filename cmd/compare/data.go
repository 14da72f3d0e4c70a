package main

import (
	"compress/gzip"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
)

// diagnosis is what `cgan doctor --json` says, as far as it matters here.
type diagnosis struct {
	Version string `json:"version"`
	Threads int    `json:"threads"`
	MNIST   string `json:"mnist"`
	CUDA    string `json:"cuda"`
	Shared  string `json:"hyperthreads"` // that the processors are some; else empty
}

// askDoctor asks cgan for its libtorch and for MNIST, which it fetches where it is missing.
func askDoctor(ctx context.Context, cgan string) (d diagnosis, err error) {
	output, err := exec.CommandContext(ctx, cgan, "doctor", "--json").Output()
	if err == nil {
		err = json.Unmarshal(output, &d)
	}
	if err != nil {
		return d, fmt.Errorf("%s doctor: %w", cgan, err)
	}
	return d, nil
}

// cutMNIST writes the first n images and labels of the set in from to a new folder.
func cutMNIST(from, to string, n int) error {
	if err := os.MkdirAll(to, 0o755); err != nil {
		return err
	}
	for _, part := range []struct {
		name   string
		header int64
		size   int64 // bytes of one item
	}{{"train-images-idx3-ubyte", 16, 28 * 28}, {"train-labels-idx1-ubyte", 8, 1}} {
		if err := cutIDX(filepath.Join(from, part.name+".gz"), filepath.Join(to, part.name), part.header, part.size, n); err != nil {
			return err
		}
	}
	return nil
}

func cutIDX(from, to string, header, size int64, n int) error {
	file, err := os.Open(from)
	if err != nil {
		return err
	}
	defer file.Close()
	unpacked, err := gzip.NewReader(file)
	if err != nil {
		return fmt.Errorf("%s: %w", from, err)
	}
	bytes := make([]byte, header+int64(n)*size)
	if _, err := io.ReadFull(unpacked, bytes); err != nil {
		return fmt.Errorf("%s: %w", from, err)
	}
	binary.BigEndian.PutUint32(bytes[4:], uint32(n))
	return os.WriteFile(to, bytes, 0o644)
}

// madeSet is a made-up set, for the bits of other networks than MNIST's.
type madeSet struct{ images, channels, size, classes int }

// write writes it to a new folder as IDX files that hold what IDX can: images of rank 4, labels of int32, with gaps.
func (s madeSet) write(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	random := rand.New(rand.NewPCG(1, 2))
	pixels := idxHeader(0x08, s.images, s.channels, s.size, s.size)
	for range s.images * s.channels * s.size * s.size {
		pixels = append(pixels, byte(random.Uint32()))
	}
	labels := idxHeader(0x0C, s.images)
	for i := range s.images {
		labels = binary.BigEndian.AppendUint32(labels, uint32(3*(i%s.classes)-1))
	}
	if err := os.WriteFile(filepath.Join(dir, "train-images-idx3-ubyte"), pixels, 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "train-labels-idx1-ubyte"), labels, 0o644)
}

// idxHeader begins an IDX file of values of a kind.
func idxHeader(kind byte, dims ...int) []byte {
	header := []byte{0, 0, kind, byte(len(dims))}
	for _, d := range dims {
		header = binary.BigEndian.AppendUint32(header, uint32(d))
	}
	return header
}
