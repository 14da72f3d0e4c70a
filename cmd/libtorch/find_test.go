package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// pyTorch makes a torch package that can't be imported, only found.
func pyTorch(t *testing.T, version string) string {
	t.Helper()
	if _, err := exec.LookPath("python3"); err != nil {
		t.Skip("no python3")
	}
	site := t.TempDir()
	write(t, filepath.Join(site, "torch", "__init__.py"), "raise SystemExit('imported')\n")
	t.Setenv("PYTHONPATH", site)
	return fakeLibtorch(t, filepath.Join(site, "torch"), version)
}

func TestFindOrder(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("no python3")
	}
	f := fakePip(t)
	t.Setenv("PYTHON", python)
	t.Chdir(t.TempDir())
	write(t, "torch/__init__.py", "") // must not be taken for Python's torch
	env := fakeLibtorch(t, filepath.Join(t.TempDir(), "a b"), "2.6.0")
	py := pyTorch(t, "2.7.0")
	find := func(found, dir string) {
		t.Helper()
		lt, err := find(context.Background(), f.rel, f.ui)
		if err != nil || lt.Found != found || lt.Dir != dir {
			t.Errorf("got %q by %q, %v; want %q by %q", lt.Dir, lt.Found, err, dir, found)
		}
	}
	t.Setenv(byDir, env)
	t.Setenv(byPython, "1")
	find(byDir, env)
	t.Setenv(byDir, "")
	find(byPython, py)
	if n := downloads(t); n != 0 {
		t.Errorf("%d downloads before the cache was asked", n)
	}
	t.Setenv(byPython, "0")
	t.Setenv("PYTHON", "")
	find(byCache, f.entry())
	find(byCache, f.entry())
	if n := downloads(t); n != 1 {
		t.Errorf("%d downloads, want 1: the second time it is in the cache", n)
	}
}

func TestFindNamesTheVariable(t *testing.T) {
	f := fakePip(t)
	t.Setenv(byDir, t.TempDir())
	_, err := find(context.Background(), f.rel, f.ui)
	wantErr(t, err, byDir, cpuLib, os.Getenv(byDir))

	t.Setenv(byDir, "")
	t.Setenv(byPython, "yes please")
	_, err = find(context.Background(), f.rel, f.ui)
	wantErr(t, err, "LIBTORCH_USE_PYTORCH=yes please", "1 or 0")

	t.Setenv(byPython, "1")
	t.Setenv("PYTHON", "no-such-python")
	_, err = find(context.Background(), f.rel, f.ui)
	wantErr(t, err, "no-such-python", "PYTHON")
}

func TestPythonWithoutTorch(t *testing.T) {
	f := fakePip(t)
	empty := filepath.Join(t.TempDir(), "python3")
	write(t, empty, "#!/bin/sh\necho\n")
	t.Setenv("PYTHON", empty)
	t.Setenv(byPython, "1")
	_, err := find(context.Background(), f.rel, f.ui)
	wantErr(t, err, empty, "has no torch")
}

func TestVersionRange(t *testing.T) {
	for version, ok := range map[string]bool{
		"1.13.1": false, "2.0.1": false, "2.1.0": true, "2.6.0": true, "2.15.3": true, "2.16.0": false, "3.2.0": false,
	} {
		t.Setenv(bypassVar, "")
		dir := fakeLibtorch(t, t.TempDir(), version)
		_, err := check(dir, byDir, "hint")
		if ok && err != nil {
			t.Errorf("%s refused: %v", version, err)
		} else if !ok {
			wantErr(t, err, version, dir, "2.1 to 2.15", bypassVar)
		}
		t.Setenv(bypassVar, "1")
		if _, err := check(dir, byDir, "hint"); err != nil {
			t.Errorf("%s refused in spite of %s: %v", version, bypassVar, err)
		}
	}
}
