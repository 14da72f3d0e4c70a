package main

import (
	"compress/gzip"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
)

// mnistDir asks cgan where MNIST is, which fetches it where it is missing.
func mnistDir(ctx context.Context, cgan string) (string, error) {
	output, err := exec.CommandContext(ctx, cgan, "doctor", "--json").Output()
	if err != nil {
		return "", fmt.Errorf("%s doctor: %w", cgan, err)
	}
	var found struct {
		MNIST string `json:"mnist"`
	}
	if err := json.Unmarshal(output, &found); err != nil {
		return "", fmt.Errorf("%s doctor: %w", cgan, err)
	}
	return found.MNIST, nil
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
