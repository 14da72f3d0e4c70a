package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func TestRun(t *testing.T) {
	root, source := checkout(t)
	if err := prepare(context.Background(), root, libtorch{Dir: "/opt", Version: "0"}, source); err != nil {
		t.Fatal(err)
	}
	dir := fakeLibtorch(t, filepath.Join(t.TempDir(), "lib torch"), "2.15.0")
	line := fmt.Sprintf("libtorch 2.15.0, CPU, C++11 ABI 1, by LIBTORCH: %s\n", dir)
	tests := []struct {
		args, libtorch string
		code           int
		out, err       string
	}{
		{"", dir, exitOK, line, ""},
		{"--version 2.1.0", dir, exitOK, line, ""},
		{"--quiet", dir, exitOK, "", ""},
		{"", "/no/such/folder", exitFailure, "", "libtorch: /no/such/folder has no lib/libtorch_cpu.so (found by LIBTORCH)"},
		{"--version 2.6.0", dir, exitUsage, "", "2.15.0 or 2.1.0"},
		{"--speed", dir, exitUsage, "", "-speed"},
		{"now", dir, exitUsage, "", `"now"`},
	}
	t.Chdir(filepath.Join(root, "bindings", "libtorch"))
	for _, test := range tests {
		t.Setenv(byDir, test.libtorch)
		var out, err bytes.Buffer
		code := run(context.Background(), append([]string{"libtorch"}, strings.Fields(test.args)...), &out, &err)
		if code != test.code {
			t.Errorf("%q: exit code %d, want %d; %s", test.args, code, test.code, err.String())
		}
		if test.out != out.String() {
			t.Errorf("%q: printed %q, want %q", test.args, out.String(), test.out)
		}
		if !strings.Contains(err.String(), test.err) || test.err == "" && err.Len() > 0 {
			t.Errorf("%q: complained %q, want %q", test.args, err.String(), test.err)
		}
	}
	if got := read(t, filepath.Join(root, "bindings/libtorch/prepared.go")); !strings.Contains(got, fmt.Sprintf("Dir = %q", dir)) {
		t.Errorf("prepared.go doesn't name %s:\n%s", dir, got)
	}
}

func TestRunOutsideCheckout(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "go.mod"), "module other\n")
	t.Chdir(dir)
	var out, err bytes.Buffer
	if code := run(context.Background(), []string{"libtorch"}, &out, &err); code != exitFailure || !strings.Contains(err.String(), "not inside a checkout") {
		t.Errorf("exit code %d, complained %q", code, err.String())
	}
}

func TestRunInterrupted(t *testing.T) {
	root, _ := checkout(t)
	fakePip(t)
	t.Chdir(root)
	ctx, stop := context.WithCancel(context.Background())
	stop()
	var out, err bytes.Buffer
	if code := run(ctx, []string{"libtorch"}, &out, &err); code != exitFailure || !strings.Contains(err.String(), "interrupted") {
		t.Errorf("exit code %d, complained %q", code, err.String())
	}
	if _, err := os.Stat(filepath.Join(root, "go.work")); err == nil {
		t.Error("go.work was written")
	}
}

// The table of pins must hold what a fetch relies on.
func TestPins(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range releases {
		if seen[r.dirName()] || !strings.HasPrefix(r.dirName(), r.version+"-") || !supported(r.version) {
			t.Errorf("%s: bad or double cache name %s", r.version, r.dirName())
		}
		seen[r.dirName()] = true
		for _, w := range r.wheels {
			if !strings.HasSuffix(w.file, w.platform+".whl") || len(w.sha256) != 64 || w.size < 1 || len(w.take) == 0 ||
				!strings.HasPrefix(w.file, strings.ReplaceAll(w.name, "-", "_")+"-"+w.version+"-") {
				t.Errorf("%s: odd pin %+v", r.version, w)
			}
		}
	}
	if _, err := findRelease(defaultVersion, runtime.GOARCH); err != nil {
		t.Error(err)
	}
}
