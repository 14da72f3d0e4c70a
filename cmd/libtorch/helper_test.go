package main

import (
	"archive/zip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestMain lets the test binary play the command, so that a test can kill it.
func TestMain(m *testing.M) {
	if dir := os.Getenv("FAKE_FETCH"); dir != "" {
		got, err := cached(context.Background(), releaseOf(dir), newUI(os.Stdout, os.Stderr, false))
		fmt.Println(got, err)
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func wantErr(t *testing.T, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want one with %q", parts)
	}
	for _, p := range parts {
		if !strings.Contains(err.Error(), p) {
			t.Errorf("error %q lacks %q", err, p)
		}
	}
}

// library compiles a shared library that exports the C++ names given, next to
// a part of libstdc++ that says nothing about the ABI.
func library(t *testing.T, path string, names ...string) {
	t.Helper()
	gcc, err := exec.LookPath("gcc")
	if err != nil {
		t.Skip("no gcc to make a small library with")
	}
	source := "void _ZSt3fooNSt7__cxx1112basic_stringIcEE(void){}\n"
	for _, n := range names {
		source += "void " + n + "(void){}\n"
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(gcc, "-shared", "-fPIC", "-nostdlib", "-x", "c", "-", "-o", path)
	cmd.Stdin = strings.NewReader(source)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("gcc: %v\n%s", err, out)
	}
}

const (
	newString = "_ZN3c105ErrorC1ENSt7__cxx1112basic_stringIcEE"
	oldString = "_ZN3c105ErrorC1ESs"
)

func defines(version string) string {
	part := strings.Split(version, ".")
	return fmt.Sprintf("#define TORCH_VERSION_MAJOR %s\n#define TORCH_VERSION_MINOR %s\n#define TORCH_VERSION_PATCH %s\n", part[0], part[1], part[2])
}

// fakeLibtorch makes a small libtorch folder.
func fakeLibtorch(t *testing.T, dir, version string) string {
	t.Helper()
	write(t, filepath.Join(dir, versionHeaders[0]), defines(version))
	write(t, filepath.Join(dir, apiHeader), "#if __cplusplus < 202002L\n#error C++20 or later compatible compiler is required\n#endif\n")
	library(t, filepath.Join(dir, c10Lib), newString)
	write(t, filepath.Join(dir, cpuLib), "a library")
	return dir
}

// releaseOf pins the wheels that lie in dir.
func releaseOf(dir string) release {
	rel := release{version: "2.15.0", unpacked: 1 << 20}
	files, _ := filepath.Glob(filepath.Join(dir, "*.whl"))
	for _, file := range files {
		text, _ := os.ReadFile(file)
		sum := sha256.Sum256(text)
		w := wheel{name: strings.Split(filepath.Base(file), "-")[0], version: "1", file: filepath.Base(file),
			platform: "any", size: int64(len(text)), sha256: hex.EncodeToString(sum[:]), take: torchParts}
		if w.name == "cupti" {
			w.take = cuptiParts
		}
		rel.wheels = append(rel.wheels, w)
	}
	return rel
}

// zipFile makes a wheel of name, text, name, text and so on.
func zipFile(t *testing.T, path string, nameText ...string) {
	t.Helper()
	out, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	z := zip.NewWriter(out)
	for i := 0; i < len(nameText); i += 2 {
		w, err := z.Create(nameText[i])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(nameText[i+1])); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
}
