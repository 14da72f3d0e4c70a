package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// checkout makes a small checkout whose path has a space, and beside it a
// gotch as read-only as the one in the module cache. It returns the checkout
// and what finds gotch.
func checkout(t *testing.T) (string, func(context.Context) (string, error)) {
	t.Helper()
	top := t.TempDir()
	root, gotch := filepath.Join(top, "check out"), filepath.Join(top, "gotch")
	write(t, filepath.Join(root, "go.mod"), "module cgan\n\ngo 1.24.0\n\nrequire github.com/sugarme/gotch v0.9.1\n")
	for name, text := range map[string]string{
		"go.mod":              "module github.com/sugarme/gotch\n\ngo 1.20\n",
		"LICENSE":             "licence",
		"libtch/lib.go":       "package libtch\n\n// #cgo LDFLAGS: -lcuda\nimport \"C\"\n",
		"libtch/tensor.go":    "package libtch\n\n// #include \"torch_api.h\"\nimport \"C\"\n\n// Answer calls C++.\nfunc Answer() int { return int(C.answer()) }\n",
		"libtch/torch_api.h":  "#ifdef __cplusplus\nextern \"C\"\n#endif\nint answer(void);\n",
		"libtch/torch_api.cc": "#include \"torch_api.h\"\nint from_torch();\nint answer() { return from_torch() + (__cplusplus >= 202002L); }\n",
		"nn/nn.go":            "package nn\n",
	} {
		write(t, filepath.Join(gotch, name), text)
		if err := os.Chmod(filepath.Join(gotch, name), 0o444); err != nil {
			t.Fatal(err)
		}
	}
	return root, func(context.Context) (string, error) { return gotch, nil }
}

// stamps gives the time of each file below dir.
func stamps(t *testing.T, dir string) map[string]time.Time {
	t.Helper()
	times := map[string]time.Time{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		times[path] = info.ModTime()
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return times
}

func TestPrepareTwiceChangesNothing(t *testing.T) {
	root, source := checkout(t)
	lt := libtorch{Dir: "/opt/lib torch", Version: "2.15.0", FullVersion: "2.15.0+cpu", Std: 20, ABI: 1, Found: byDir}
	if err := prepare(context.Background(), root, lt, source); err != nil {
		t.Fatal(err)
	}
	old := time.Now().Add(-time.Hour)
	for path := range stamps(t, root) {
		if err := os.Chtimes(path, old, old); err != nil {
			t.Fatal(err)
		}
	}
	before := stamps(t, root)
	unused := func(context.Context) (string, error) { return "", errors.New("gotch was asked for again") }
	if err := prepare(context.Background(), root, lt, unused); err != nil {
		t.Fatal(err)
	}
	after := stamps(t, root)
	for path, at := range after {
		if !at.Equal(before[path]) {
			t.Errorf("%s was written again", path)
		}
	}
	lt.Version, lt.Std = "2.1.0", 17
	if err := prepare(context.Background(), root, lt, unused); err != nil {
		t.Fatal(err)
	}
	changed := 0
	for path, at := range stamps(t, root) {
		if !at.Equal(after[path]) {
			changed++
		}
	}
	if changed != 5 || len(after) != 16 {
		t.Errorf("another version changed %d files of %d, want lib.go and four prepared.go of 16", changed, len(after))
	}
}

// Each source of bindings compiles by the entry that clangd reads, in a folder with a space.
func TestCompileCommands(t *testing.T) {
	if _, err := exec.LookPath("g++"); err != nil {
		t.Skip("no g++")
	}
	root, source := checkout(t)
	lt := buildable(t, "2.15.0", 41)
	for name, text := range map[string]string{
		"fused/a.cpp": "#include \"a.h\"\n#include <torch/torch.h>\nstatic_assert(HEADERS == 41 && __cplusplus >= 202002L);\n", "fused/a.h": "",
		"kernels/k.cpp": "static_assert(__cplusplus == 201703L);\n", "early/e.c": "int class;\n",
	} {
		write(t, filepath.Join(root, "bindings", name), text)
	}
	if err := prepare(context.Background(), root, lt, source); err != nil {
		t.Fatal(err)
	}
	var all []compileCommand
	if err := json.Unmarshal([]byte(read(t, filepath.Join(root, "compile_commands.json"))), &all); err != nil {
		t.Fatal(err)
	}
	if len(all) != 3 {
		t.Fatalf("%d entries, want 3: %v", len(all), all)
	}
	for _, c := range all {
		cmd := exec.Command(c.Arguments[0], append(c.Arguments[1:], "-o", os.DevNull)...)
		cmd.Dir = c.Directory
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%q: %v\n%s", c.Arguments, err, out)
		}
	}
}

func TestDebugFlags(t *testing.T) {
	for value, want := range map[string]string{"": " -O2 -g1 ", "0": " -O2 -g1 ", "1": " -O1 -g "} {
		t.Setenv(debugVar, value)
		if got := flagsFile(libtorch{Version: "2.15.0"}, "fused"); !strings.Contains(got, want) {
			t.Errorf("%s=%s: no %q in\n%s", debugVar, value, want, got)
		}
	}
}

func TestPrepareRepairsCopy(t *testing.T) {
	root, source := checkout(t)
	lt := libtorch{Dir: "/opt/libtorch", Version: "2.15.0", Std: 20, ABI: 1}
	file := filepath.Join(root, ".libtorch/gotch/libtch/tensor.go")
	for _, damage := range []func() error{
		func() error { return os.WriteFile(file, []byte("short"), 0o644) },
		func() error { return os.Remove(file) },
		func() error { return os.Remove(filepath.Join(root, ".libtorch/gotch", copiedName)) },
	} {
		if err := prepare(context.Background(), root, lt, source); err != nil {
			t.Fatal(err)
		}
		if err := damage(); err != nil {
			t.Fatal(err)
		}
		if err := prepare(context.Background(), root, lt, source); err != nil {
			t.Fatal(err)
		}
		gotch, _ := source(context.Background())
		if read(t, file) != read(t, filepath.Join(gotch, "libtch/tensor.go")) {
			t.Errorf("%s was not repaired", file)
		}
	}
}

func TestPrepareRefuses(t *testing.T) {
	root, source := checkout(t)
	for _, dir := range []string{"/opt/a,b", "/opt/a'b", "/opt/a\"b", "/opt/$ORIGIN", "/opt/a\nb", "/opt/(x)"} {
		wantErr(t, prepare(context.Background(), root, libtorch{Dir: dir}, source), dir, "cgo")
	}
	write(t, filepath.Join(root, "go.work"), "go 1.24.0\n\nuse (\n")
	wantErr(t, prepare(context.Background(), root, libtorch{Dir: "/opt"}, source), "go.work", "move it away")
	if _, err := os.Stat(filepath.Join(root, ".libtorch")); err == nil {
		t.Error("it wrote something before it refused")
	}
}

// What others put into go.work stays, and a second run changes nothing.
func TestPrepareKeepsOthersLinesInGoWork(t *testing.T) {
	root, source := checkout(t)
	lt, path := libtorch{Dir: "/opt/libtorch", Version: "2.15.0", Std: 20, ABI: 1}, filepath.Join(root, "go.work")
	write(t, path, "go 1.24.0\n\nuse ../app // mine\n\nreplace example.com/a => ../a\n")
	for range 2 {
		if err := prepare(context.Background(), root, lt, source); err != nil {
			t.Fatal(err)
		}
		text := read(t, path)
		for _, want := range []string{"../app // mine", "example.com/a => ../a", "github.com/sugarme/gotch => ./.libtorch/gotch"} {
			if strings.Count(text, want) != 1 {
				t.Errorf("%q is %d times in\n%s", want, strings.Count(text, want), text)
			}
		}
	}
}

// buildable makes a small libtorch whose answer is a number and whose headers say so, in a folder with a space.
func buildable(t *testing.T, version string, answer int) libtorch {
	t.Helper()
	lt := libtorch{Dir: filepath.Join(t.TempDir(), "lib torch"), Version: version, Std: 20, ABI: 1}
	write(t, filepath.Join(lt.Dir, "include/torch/version.h"), defines(version))
	write(t, filepath.Join(lt.Dir, "include/torch/torch.h"), fmt.Sprintf(
		"#define HEADERS %d\nnamespace at { struct Tensor {}; enum MemoryFormat { c }; }\nnamespace torch { using at::Tensor; }\n", answer))
	library(t, filepath.Join(lt.Dir, c10Lib), newString)
	// It lacks a name, as libtorch_cpu.so does where CUDA's libraries can't be seen.
	cmd := exec.Command("gcc", "-shared", "-fPIC", "-nostdlib", "-x", "c", "-", "-Wl,-soname,libtorch_cpu.so",
		"-o", filepath.Join(lt.Dir, cpuLib))
	cmd.Stdin = strings.NewReader(fmt.Sprintf(
		"int cuda(void); int maybe(int x){return x ? cuda() : 0;} int _Z10from_torchv(void){return %d;}\n", answer))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("gcc: %v\n%s", err, out)
	}
	return lt
}

// cgo must take the flags that were written, with spaces in both paths, and what is built must find the library;
// another libtorch, wherever the environment names it, must not come before.
func TestPreparedBuilds(t *testing.T) {
	for _, tool := range []string{"go", "g++"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skip("no " + tool)
		}
	}
	root, source := checkout(t)
	lt, other := buildable(t, "2.15.0", 41), buildable(t, "2.1.0", 7)
	if err := prepare(context.Background(), root, lt, source); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(root, "bindings/libtorch/shim.cc"),
		"#include <torch/torch.h>\nextern \"C\" { extern const int headers; const int headers = HEADERS; }\n")
	write(t, filepath.Join(root, "bindings/libtorch/shim.go"),
		"package libtorch\n\n// extern const int headers;\nimport \"C\"\n\n// Headers are those compiled against.\nvar Headers = C.headers\n")
	write(t, filepath.Join(root, "main.go"), `package main

import (
	"fmt"

	"cgan/bindings/libtorch"
	"github.com/sugarme/gotch/libtch"
)

func main() { fmt.Println(libtch.Answer(), libtorch.Headers, libtorch.Version, libtorch.ABI, libtorch.CUDA) }
`)
	run := func(settings ...string) (string, error) {
		build := exec.Command("go", "run", ".")
		build.Dir = root
		build.Env = append(os.Environ(), "GOWORK=", "GOFLAGS=", "GOPROXY=off", "GOTOOLCHAIN=local", "LD_BIND_NOW=", "CGO_ENABLED=1")
		build.Env = append(build.Env, settings...)
		out, err := build.CombinedOutput()
		return string(out), err
	}
	include, lib := filepath.Join(other.Dir, "include"), other.libDir()
	for _, settings := range [][]string{
		nil,
		{"LD_LIBRARY_PATH=" + lib, "LIBRARY_PATH=" + lib, "LD_RUN_PATH=" + lib, "CGO_LDFLAGS='-L" + lib + "'"},
		{"CPATH=" + include, "CGO_CXXFLAGS=-O1"},              // -O1: compiled anew
		{"CPLUS_INCLUDE_PATH=" + include, "CGO_CXXFLAGS=-O3"}, // not with CPATH: of the same folder in both, the later place counts
	} {
		if out, err := run(settings...); err != nil || out != "42 41 2.15.0 1 false\n" {
			t.Errorf("go run with %q: %v\n%s", settings, err, out)
		}
	}
	if out, err := run("CGO_CXXFLAGS='-I" + include + "'"); err == nil || !strings.Contains(out, "out of CGO_CXXFLAGS") {
		t.Errorf("headers of another libtorch before ours: %v\n%s", err, out)
	}
}
