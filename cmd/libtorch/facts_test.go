package main

import (
	"os"
	"path/filepath"
	"testing"
)

func TestReadFacts(t *testing.T) {
	dir := fakeLibtorch(t, filepath.Join(t.TempDir(), "a b"), "2.15.0")
	want := libtorch{Dir: dir, Version: "2.15.0", FullVersion: "2.15.0", Std: 20, ABI: 1, CPUBytes: 9}
	steps := []struct {
		name   string
		change func()
	}{
		{"as made", func() {}},
		{"build-version names the build", func() {
			write(t, filepath.Join(dir, "build-version"), "2.15.0+cpu\n")
			want.FullVersion = "2.15.0+cpu"
		}},
		{"version.py goes first", func() {
			write(t, filepath.Join(dir, "version.py"), "x = 1\n__version__ = '2.15.0+cu132'\n")
			want.FullVersion = "2.15.0+cu132"
		}},
		{"a version.py of another version is not believed", func() {
			write(t, filepath.Join(dir, "version.py"), "__version__ = '1.0'\n")
			want.FullVersion = "2.15.0"
		}},
		{"CUDA library", func() {
			write(t, filepath.Join(dir, cudaLib), "")
			want.CUDA = true
		}},
		{"old string in libc10", func() {
			library(t, filepath.Join(dir, c10Lib), oldString)
			want.ABI = 0
		}},
		{"the defines in the other header", func() {
			write(t, filepath.Join(dir, versionHeaders[0]), "// moved\n")
			write(t, filepath.Join(dir, versionHeaders[1]), defines("2.1.3"))
			want.Version, want.FullVersion = "2.1.3", "2.1.3"
		}},
		{"C++17", func() {
			write(t, filepath.Join(dir, apiHeader), "#error C++17 or later compatible compiler\n")
			want.Std = 17
		}},
	}
	for _, s := range steps {
		s.change()
		got, err := readFacts(dir)
		if err != nil || got != want {
			t.Errorf("%s: got %+v, %v\nwant %+v", s.name, got, err, want)
		}
	}
}

func TestReadFactsRefuses(t *testing.T) {
	for _, name := range []string{cpuLib, c10Lib, apiHeader, versionHeaders[0]} {
		dir := fakeLibtorch(t, t.TempDir(), "2.15.0")
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
		_, err := readFacts(dir)
		wantErr(t, err, dir, name)
	}
	dir := fakeLibtorch(t, t.TempDir(), "2.15.0")
	write(t, filepath.Join(dir, c10Lib), "no ELF file")
	_, err := readFacts(dir)
	wantErr(t, err, c10Lib)

	dir = fakeLibtorch(t, t.TempDir(), "2.15.0")
	write(t, filepath.Join(dir, apiHeader), "// nothing\n")
	_, err = readFacts(dir)
	wantErr(t, err, apiHeader, "C++ standard")
}
