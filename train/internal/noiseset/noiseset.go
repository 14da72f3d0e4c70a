// Package noiseset is a small data set for tests.
package noiseset

import (
	"os"
	"path/filepath"
	"testing"
)

// Write makes a folder with the training half of a set: n images of noise, 255 at most, with labels 0 to 9 in turn.
func Write(t testing.TB, n int) string {
	t.Helper()
	dir := t.TempDir()
	pixels, labels := make([]byte, n*28*28), make([]byte, n)
	state := uint32(1)
	for i := range pixels {
		state = state*1664525 + 1013904223
		pixels[i] = byte(state >> 24)
	}
	for i := range labels {
		labels[i] = byte(i % 10)
	}
	for name, content := range map[string][]byte{
		"train-images-idx3-ubyte": append([]byte{0, 0, 8, 3, 0, 0, 0, byte(n), 0, 0, 0, 28, 0, 0, 0, 28}, pixels...),
		"train-labels-idx1-ubyte": append([]byte{0, 0, 8, 1, 0, 0, 0, byte(n)}, labels...),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}
