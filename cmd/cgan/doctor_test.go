package main

import (
	"os"
	"path/filepath"
	"testing"
)

func TestLibrariesBesideTheProgram(t *testing.T) {
	dir := t.TempDir()
	program, link := filepath.Join(dir, "opt", "bin", "cgan"), filepath.Join(dir, "usr", "cgan")
	for _, folder := range []string{filepath.Dir(program), filepath.Dir(link)} {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(program, nil, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(program, link); err != nil {
		t.Fatal(err)
	}
	for _, called := range []string{program, link} {
		if !besides(filepath.Join(dir, "opt", "bin")+"/../lib/libtorch_cpu.so", called) {
			t.Errorf("%s: not beside it", called)
		}
		if besides(filepath.Join(dir, "usr", "lib", "libtorch_cpu.so"), called) {
			t.Errorf("%s: beside it", called)
		}
	}
}
