package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// findPython returns the absolute path of $PYTHON, or of python3 on PATH.
func findPython() (string, error) {
	name := os.Getenv("PYTHON")
	if name == "" {
		name = "python3"
	}
	path, err := exec.LookPath(name)
	if err != nil {
		return "", fmt.Errorf("no Python: %w; install python3 with pip, set PYTHON to one, or set LIBTORCH to a libtorch folder", err)
	}
	return filepath.Abs(path)
}

// Finding the spec takes milliseconds; importing torch takes seconds.
const torchSpec = `import importlib.util
spec = importlib.util.find_spec("torch")
print((spec and spec.origin and spec.submodule_search_locations or [""])[0])`

// pythonTorch returns the folder of Python's torch.
func pythonTorch(ctx context.Context) (string, error) {
	python, err := findPython()
	if err != nil {
		return "", err
	}
	cmd := exec.CommandContext(ctx, python, "-c", torchSpec)
	cmd.Dir = "/" // Python looks for torch in the working directory first
	var problem strings.Builder
	cmd.Stderr = &problem
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("LIBTORCH_USE_PYTORCH=1: asking %s for torch: %w\n%s", python, err, problem.String())
	}
	dir := strings.TrimSpace(string(out))
	if dir == "" {
		return "", fmt.Errorf("LIBTORCH_USE_PYTORCH=1, but %s has no torch: install it there, set PYTHON to another python3, or unset LIBTORCH_USE_PYTORCH", python)
	}
	return dir, nil
}
