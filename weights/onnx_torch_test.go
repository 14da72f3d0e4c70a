package weights

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// onnxPython returns the Python with onnx and onnxruntime that the environment names.
func onnxPython(t *testing.T) string {
	t.Helper()
	python := os.Getenv("CGAN_PYTHON_ONNX")
	if python == "" {
		t.Skip("set CGAN_PYTHON_ONNX to a Python executable with onnx, onnxruntime and numpy to check ONNX files")
	}
	return python
}

// onnxScript runs testdata/onnx_check.py and returns its lines.
func onnxScript(t *testing.T, python, command, folder string) []string {
	t.Helper()
	run := exec.Command(python, "-B", "-W", "ignore", "testdata/onnx_check.py", command, folder)
	var problems bytes.Buffer
	run.Stderr = &problems
	out, err := run.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s%s", command, err, out, problems.String())
	}
	return strings.Split(strings.TrimSpace(string(out)), "\n")
}

// exportONNX writes a state dict as NAME.onnx.
func exportONNX(t *testing.T, folder, name string, s StateDict, classes int) {
	t.Helper()
	path := filepath.Join(folder, name+".onnx")
	err := WriteFile(path, false, func(w io.Writer) error { return WriteONNX(w, s, classes, map[string]string{"source": name}) })
	if err != nil {
		t.Fatal(err)
	}
}

// The files are valid for onnx and run in onnxruntime. The sizes are those of the script.
func TestONNXIsValid(t *testing.T) {
	python, folder := onnxPython(t), t.TempDir()
	exportONNX(t, folder, "article", generator(t, generatorSizes{classes: 10, inputs: 110, base: 128, channels: 1}), 10)
	exportONNX(t, folder, "small", generator(t, generatorSizes{classes: 3, inputs: 10, base: 4, channels: 2}), 3)
	if lines := onnxScript(t, python, "check", folder); len(lines) != 7 {
		t.Errorf("%q", lines)
	}
}

// What torch saved draws in onnxruntime what it draws in torch, within 1e-5.
func TestONNXDrawsAsTorch(t *testing.T) {
	python := onnxPython(t)
	for name, torch := range pythons(t) {
		folder := t.TempDir()
		onnxScript(t, torch, "reference", folder)
		for file, classes := range map[string]int{"article": 10, "small": 3} {
			f, err := Open(filepath.Join(folder, file+".pt"))
			if err != nil {
				t.Fatal(err)
			}
			s, err := FindStateDict(f.Root, "")
			if err != nil {
				t.Fatal(err)
			}
			exportONNX(t, folder, file, s, classes)
		}
		lines := onnxScript(t, python, "check", folder)
		if len(lines) != 7 || strings.Count(strings.Join(lines, "\n"), "differs by") != 6 {
			t.Errorf("%s: %q", name, lines)
		}
		t.Logf("%s:\n%s", name, strings.Join(lines, "\n"))
	}
}
