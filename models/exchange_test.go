package models

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"cgan/bindings/torch"
	"cgan/bindings/torch/torchtest"
	"cgan/weights"
	"cgan/weights/formats"
)

// pythons are the Pythons with torch that `make exchange` sets up, by torch's version.
func pythons(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	for version, variable := range map[string]string{"2.15.0": "CGAN_PYTHON_215", "2.1.0": "CGAN_PYTHON_210"} {
		if python := os.Getenv(variable); python != "" {
			found[version] = python
		}
	}
	if len(found) == 0 {
		t.Skip("CGAN_PYTHON_215 and CGAN_PYTHON_210 are not set: make exchange sets them")
	}
	return found
}

func runPython(t *testing.T, python string, args ...string) string {
	t.Helper()
	output, err := exec.Command(python, append([]string{"-W", "ignore", "testdata/draw.py"}, args...)...).Output()
	if err != nil {
		t.Fatalf("%v: %v", args, err)
	}
	return strings.TrimSpace(string(output))
}

// What Python trained and saved draws the same images here: to the bit on the same libtorch, closely on another.
func TestPythonsGeneratorDrawsTheSameImages(t *testing.T) {
	for version, python := range pythons(t) {
		dir := t.TempDir()
		file, noise, image := filepath.Join(dir, "g.pt"), filepath.Join(dir, "noise"), filepath.Join(dir, "image")
		runPython(t, python, "make", file, noise, image)
		got, want := drawFrom(t, file, noise), mustRead(t, image)
		if version == torch.Version() && !bytes.Equal(got, want) {
			t.Errorf("torch %s: the same libtorch drew other bits", version)
		}
		if worst := difference(t, got, want); worst > 1e-5 {
			t.Errorf("torch %s: images differ by %g", version, worst)
		}
	}
}

func drawFrom(t *testing.T, file, noise string) (image []byte) {
	t.Helper()
	opened, err := formats.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	state, err := weights.Find(opened.Root, "")
	if err != nil {
		t.Fatal(err)
	}
	c, err := ConfigOf(state, nil, 0)
	if err != nil || c != (Config{Noise: 6, NgF: 4, NdF: 64, Channels: 1, Size: 28, Classes: 10}) {
		t.Fatal(err, c)
	}
	g, err := LoadGenerator(state, c)
	if err != nil {
		t.Fatal(err)
	}
	defer g.Free()
	if err := g.Use(Compute{Exact: true}); err != nil {
		t.Fatal(err)
	}
	torchtest.Do(t, func() {
		torch.NoGrad(func() {
			g.Eval()
			label := torch.FromInt64s([]int64{0, 1, 2, 3, 4, 5, 6, 7, 8, 9})
			z := torch.FromBytes(mustRead(t, noise), []int64{10, 6, 1, 1}, torch.Float32)
			image = g.Forward(ConcatNoiseLabel(z, label, torch.CPU, 10)).Bytes()
		})
	})
	return image
}

func mustRead(t *testing.T, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// difference is the largest distance of two lists of float32.
func difference(t *testing.T, a, b []byte) (worst float64) {
	t.Helper()
	torchtest.Do(t, func() {
		size := []int64{int64(len(a) / 4)}
		x, y := torch.FromBytes(a, size, torch.Float32).Float32s(), torch.FromBytes(b, size, torch.Float32).Float32s()
		for i := range x {
			worst = max(worst, float64(x[i]-y[i]), float64(y[i]-x[i]))
		}
	})
	return worst
}
