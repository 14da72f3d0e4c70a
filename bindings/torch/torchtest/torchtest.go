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
