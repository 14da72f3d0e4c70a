// Package torchtest helps tests of packages above torch.
package torchtest

import (
	"testing"

	"cgan/bindings/torch"
)

// Do runs fn in a scope and ends the test when it fails.
func Do(t *testing.T, fn func()) {
	t.Helper()
	if err := torch.Do(t.Name(), func() error { fn(); return nil }); err != nil {
		t.Fatal(err)
	}
}

// CUDA gives the first CUDA device. Without one the test ends here, and says why.
func CUDA(t *testing.T) torch.Device {
	t.Helper()
	device, err := torch.CUDA()
	if err != nil {
		t.Skip(err)
	}
	return device
}
