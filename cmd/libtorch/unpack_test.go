package main

import (
	"archive/zip"
	"context"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestTarget(t *testing.T) {
	torch, cupti := wheel{name: "torch", take: torchParts}, wheel{name: "cupti", take: cuptiParts}
	tests := []struct {
		w        wheel
		name, to string
	}{
		{torch, "torch/include/ATen/ops/add.h", "include/ATen/ops/add.h"},
		{torch, "torch/include", ""},
		{torch, "torch/includes/x.h", ""},
		{torch, "x/torch/include/x.h", ""},
		{torch, "torch/lib/libtorch_cpu.so", "lib/libtorch_cpu.so"},
		{torch, "torch/lib/libtorch_cuda.so", ""},
		{torch, "torch/lib/libgomp-a34b3233.so.1", "lib/libgomp-a34b3233.so.1"},
		{torch, "torch/lib/libgomp/x", ""},
		{torch, "torch/version.py", "version.py"},
		{torch, "torch-2.1.0.dist-info/LICENSE", "licenses/torch/LICENSE"},
		{torch, "torch-2.1.0.dist-info/RECORD", ""},
		{torch, "torch-2.15.0.dist-info/licenses/third_party/fmt/LICENSE", "licenses/torch/third_party/fmt/LICENSE"},
		{torch, "nvidia/cu13/lib/libcupti.so.13", ""},
		{cupti, "nvidia/cu13/lib/libcupti.so.13", "lib/libcupti.so.13"},
		{cupti, "nvidia/cu13/lib/libnvperf_host.so", ""},
		{cupti, "nvidia_cuda_cupti-1.dist-info/licenses/License.txt", "licenses/cupti/License.txt"},
	}
	for _, test := range tests {
		if got := test.w.target(test.name); got != test.to {
			t.Errorf("%s: %s goes to %q, want %q", test.w.name, test.name, got, test.to)
		}
	}
}

// unpackOne unpacks the wheel file as torch into a new folder.
func unpackOne(t *testing.T, file string, limit int64) (string, error) {
	t.Helper()
	outer := t.TempDir()
	tree := filepath.Join(outer, "tree")
	m := manifest{Libraries: map[string]int64{}}
	err := wheel{name: "torch", take: torchParts}.unpack(context.Background(), file, tree, limit, &m, io.Discard)
	filepath.WalkDir(outer, func(path string, d fs.DirEntry, _ error) error {
		if path != outer && path != tree && !strings.HasPrefix(path, tree+"/") {
			t.Errorf("%s was written outside the folder", path)
		}
		return nil
	})
	return tree, err
}

func TestUnpackRefuses(t *testing.T) {
	tests := []struct {
		name, want string
		files      []string
	}{
		{"up", "clean name", []string{"torch/include/../../x", "x"}},
		{"far up", "clean name", []string{"torch/include/../../../../x", "x"}},
		{"dots inside", "clean name", []string{"torch/include/a/../x", "x"}},
		{"double slash", "clean name", []string{"torch/include//etc/x", "x"}},
		{"backslash", "clean name", []string{`torch/include/..\x`, "x"}},
		{"twice", "exists", []string{"torch/include/x", "1", "torch/include/x", "2"}},
		{"too large", "larger", []string{"torch/include/x", strings.Repeat("x", 60), "torch/include/y", strings.Repeat("x", 41)}},
	}
	for _, test := range tests {
		file := filepath.Join(t.TempDir(), "w.whl")
		zipFile(t, file, test.files...)
		_, err := unpackOne(t, file, 100)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, want one with %q", test.name, err, test.want)
		}
	}
}

func TestUnpackRefusesLinks(t *testing.T) {
	file := filepath.Join(t.TempDir(), "w.whl")
	out, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	z := zip.NewWriter(out)
	header := &zip.FileHeader{Name: "torch/include/x"}
	header.SetMode(fs.ModeSymlink | 0o777)
	if w, err := z.CreateHeader(header); err != nil {
		t.Fatal(err)
	} else if _, err := w.Write([]byte("/etc/passwd")); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	out.Close()
	_, err = unpackOne(t, file, 100)
	wantErr(t, err, "torch/include/x", "not a regular file")
}

func TestUnpackFillsTheLimit(t *testing.T) {
	file := filepath.Join(t.TempDir(), "w.whl")
	zipFile(t, file, "torch/include/", "", "torch/include/x", strings.Repeat("x", 60), "torch/include/y", strings.Repeat("y", 40))
	tree, err := unpackOne(t, file, 100)
	if err != nil {
		t.Fatal(err)
	}
	if got := read(t, filepath.Join(tree, "include/y")); got != strings.Repeat("y", 40) {
		t.Errorf("include/y holds %q", got)
	}
}
