package main

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

//go:embed requirements-*.txt
var requirements embed.FS

// python gives the Python of a virtual environment made on first use: with the torch of a version, with onnx, or with
// tensorboard. Its folder is named by the pins, and counts only once the file "complete" is in it.
func python(ctx context.Context, name string) (string, error) {
	pins, err := requirements.ReadFile("requirements-" + name + ".txt")
	if err != nil {
		return "", fmt.Errorf("no pinned wheels for %s: write them with cmd/compare/lock.py", name)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(pins)
	dir := filepath.Join(cache, "cgan", "python", name+"-"+hex.EncodeToString(sum[:6]))
	unlock, err := lock(dir)
	if err != nil {
		return "", err
	}
	defer unlock()
	program, complete := filepath.Join(dir, "bin", "python"), filepath.Join(dir, "complete")
	if _, err := os.Stat(complete); err == nil {
		return program, nil
	}
	fmt.Fprintf(os.Stderr, "installing Python's wheels for %s into %s (5 GB for a torch)\n", name, dir)
	if err := install(ctx, dir, pins); err != nil {
		return "", err
	}
	return program, os.WriteFile(complete, nil, 0o644)
}

func install(ctx context.Context, dir string, pins []byte) error {
	base := os.Getenv("PYTHON")
	if base == "" {
		base = "python3"
	}
	version, err := exec.CommandContext(ctx, base, "-c", "import sys; print('%d.%d' % sys.version_info[:2])").Output()
	if err != nil {
		return fmt.Errorf("%s does not run: %w; set PYTHON to a Python 3.11", base, err)
	}
	if got := strings.TrimSpace(string(version)); got != "3.11" {
		return fmt.Errorf("%s is Python %s, and the pinned wheels are for 3.11: set PYTHON to a Python 3.11", base, got)
	}
	if err := os.RemoveAll(dir); err != nil { // what an interrupted installation left
		return err
	}
	if err := quiet(ctx, base, "-m", "venv", dir); err != nil {
		return err
	}
	list := filepath.Join(dir, "requirements.txt")
	if err := os.WriteFile(list, pins, 0o644); err != nil {
		return err
	}
	return quiet(ctx, filepath.Join(dir, "bin", "python"), "-m", "pip", "install", "--quiet", "--no-cache-dir", "--no-deps",
		"--only-binary=:all:", "--require-hashes", "-r", list)
}

// lock waits until no other process works on dir.
func lock(dir string) (unlock func(), err error) {
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return nil, err
	}
	file, err := os.OpenFile(dir+".lock", os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(file.Fd()), unix.LOCK_EX); err != nil {
		file.Close()
		return nil, err
	}
	return func() { file.Close() }, nil
}

// quiet runs a program and shows what it printed only when it fails.
func quiet(ctx context.Context, name string, args ...string) error {
	output, err := exec.CommandContext(ctx, name, args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s %s: %w\n%s", name, strings.Join(args, " "), err, output)
	}
	return nil
}
