package torch

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"cgan/bindings/libtorch"
)

const scaleSource = `def forward(self, x: Tensor) -> Tensor:
    part = getattr(self.layer, "0")
    return x * part.weight + part.shift
`

// scale gives the archive of y = 3x + 1.
func scale(t *testing.T) (archive []byte) {
	t.Helper()
	do(t, func() {
		archive = Script(scaleSource, []ScriptTensor{
			{Key: "layer.0.weight", Tensor: Full([]int64{1}, 3, CPU)},
			{Key: "layer.0.shift", Tensor: Full([]int64{1}, 1, CPU), Buffer: true},
		})
	})
	return archive
}

func TestScriptReportsMistakesInItsSource(t *testing.T) {
	err := Do("compile", func() error { Script("def forward(self, x):\n    return self.nothing\n", nil); return nil })
	if err == nil || !strings.Contains(err.Error(), "nothing") {
		t.Errorf("got %v", err)
	}
}

// TestScriptLoadsInPlainCpp builds a C++ program; `make exchange` asks for it, as that takes a while.
func TestScriptLoadsInPlainCpp(t *testing.T) {
	if os.Getenv("CGAN_CPP") == "" {
		t.Skip("CGAN_CPP is not set: make exchange sets it")
	}
	dir := t.TempDir()
	archive, program := filepath.Join(dir, "scale.torchscript"), filepath.Join(dir, "load")
	if err := os.WriteFile(archive, scale(t), 0o644); err != nil {
		t.Fatal(err)
	}
	include := filepath.Join(libtorch.Dir, "include")
	build := exec.Command("g++", "-std=c++20", "-w", fmt.Sprintf("-D_GLIBCXX_USE_CXX11_ABI=%d", libtorch.ABI),
		"-isystem", include, "-isystem", filepath.Join(include, "torch/csrc/api/include"), "testdata/load_script.cpp", "-o", program,
		"-L"+libtorch.LibDir, "-Wl,-rpath,"+libtorch.LibDir, "-Wl,--unresolved-symbols=ignore-in-shared-libs", "-ltorch_cpu", "-lc10")
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	output, err := exec.Command(program, archive).CombinedOutput()
	if err != nil || string(output) != "1 4 7 " {
		t.Errorf("got %q, %v; want 1 4 7", output, err)
	}
}
