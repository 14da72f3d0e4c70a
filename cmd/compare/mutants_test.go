package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What a mutant changes is there: one that isn't would only show in make mutants.
func TestMutantsFindTheirPlaces(t *testing.T) {
	for _, m := range mutants() {
		text, err := os.ReadFile(filepath.Join("..", "..", m.file))
		if err != nil || !strings.Contains(string(text), m.right) {
			t.Errorf("%s: %s has no %q, %v", m.name, m.file, m.right, err)
		}
	}
}
