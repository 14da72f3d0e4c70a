package export

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"cgan/models"
	"cgan/weights"
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

// exportONNX writes a generator as NAME.onnx.
func exportONNX(t *testing.T, folder, name string, g *models.Net, c models.Config) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(folder, name+".onnx"), writeONNX(t, g, c, map[string]string{"source": name}), 0o644); err != nil {
		t.Fatal(err)
	}
}

// The sizes are those of the script.
var scriptSizes = map[string]models.Config{
	"article": models.Default(),
	"small":   {Noise: 7, NgF: 4, NdF: 4, Channels: 2, Size: 28, Classes: 3},
	"large":   {Noise: 5, NgF: 4, NdF: 4, Channels: 3, Size: 64, Classes: 4},
}

// The files are valid for onnx and run in onnxruntime.
func TestONNXIsValid(t *testing.T) {
	python, folder := onnxPython(t), t.TempDir()
	for name, c := range scriptSizes {
		exportONNX(t, folder, name, newGenerator(t, c), c)
	}
	if lines := onnxScript(t, python, "check", folder); len(lines) != 1+3*len(scriptSizes) {
		t.Errorf("%q", lines)
	}
}

// What torch saved draws in onnxruntime, and in ONNX's own reference, what it draws in torch, within 1e-5.
func TestONNXDrawsAsTorch(t *testing.T) {
	python := onnxPython(t)
	for _, variable := range []string{"CGAN_PYTHON_210", "CGAN_PYTHON_215"} {
		torch := os.Getenv(variable)
		if torch == "" {
			t.Logf("%s is not set: not compared with it", variable)
			continue
		}
		folder := t.TempDir()
		onnxScript(t, torch, "reference", folder)
		for name, c := range scriptSizes {
			file, err := models.OpenFile(filepath.Join(folder, name+".pt"))
			if err != nil {
				t.Fatal(err)
			}
			state, err := weights.Find(file.Root, "")
			if err != nil {
				t.Fatal(err)
			}
			g, err := models.LoadGenerator(state, c)
			if err != nil {
				t.Fatal(err)
			}
			defer g.Free()
			exportONNX(t, folder, name, g, c)
		}
		lines := onnxScript(t, python, "check", folder)
		if len(lines) != 1+4*len(scriptSizes) || strings.Count(strings.Join(lines, "\n"), "differs by") != 4*len(scriptSizes) {
			t.Errorf("%s: %q", variable, lines)
		}
		t.Logf("%s:\n%s", variable, strings.Join(lines, "\n"))
	}
}
