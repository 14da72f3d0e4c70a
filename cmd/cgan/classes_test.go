package main

import (
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// writeClassFolders makes a folder of RGB images for each class.
func writeClassFolders(t *testing.T, size int, classes ...string) string {
	t.Helper()
	dir := t.TempDir()
	for i, class := range classes {
		for j := range 4 {
			m := image.NewNRGBA(image.Rect(0, 0, size, size))
			for k := range size * size {
				m.SetNRGBA(k%size, k/size, color.NRGBA{uint8(60 * i), uint8(k + j), uint8(k * j), 255})
			}
			path := filepath.Join(dir, class, string(rune('a'+j))+".png")
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			file, err := os.Create(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := png.Encode(file, m); err != nil {
				t.Fatal(err)
			}
			file.Close()
		}
	}
	return dir
}

// What the classes are called goes with the weights into every file that has a place for it.
func TestClassesKeepTheirNames(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	out := t.TempDir()
	mustInvoke(t, "train", "--data", writeClassFolders(t, 40, "shoe", "trouser", "hat, cap"), "--size", "32", "--flip", "--out", out, "--device", "cpu",
		"--steps", "3", "--batch", "4", "--nz", "5", "--ngf", "4", "--ndf", "4")
	run := filepath.Join(out, "00000-"+setName(t, out))
	picture := filepath.Join(out, "p.png")
	draw := func(weights, class string) string {
		t.Helper()
		mustInvoke(t, "generate", "--weights", weights, "--class", class, "--seed", "3", "--out", picture)
		content, err := os.ReadFile(picture)
		if err != nil {
			t.Fatal(err)
		}
		return string(content)
	}
	want, other := draw(run, "Trouser"), draw(run, "shoe")
	if want == other || want != draw(run, "2") || other != draw(run, "1") {
		t.Error("a name is not the class that its number in the alphabet is")
	}
	for _, name := range []string{"g.pt", "g.safetensors"} {
		path := filepath.Join(out, name)
		mustInvoke(t, "export", run, "--out", path)
		if draw(path, "trouser") != want {
			t.Errorf("%s draws another trouser", name)
		}
	}
	mustInvoke(t, "export", run, "--out", filepath.Join(out, "g.onnx"))
	for _, path := range []string{run, filepath.Join(out, "g.pt"), filepath.Join(out, "g.safetensors"), filepath.Join(out, "g.onnx")} {
		if text := mustInvoke(t, "inspect", path); !strings.Contains(text, "trouser") {
			t.Errorf("%s does not name its classes:\n%s", path, text)
		}
	}
	text := mustInvoke(t, "generate", "--weights", run, "--out", picture)
	if !strings.Contains(text, "columns: hat, cap, shoe, trouser\n") {
		t.Errorf("no legend in %q", text)
	}
	file, err := os.Open(picture)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if m, err := png.Decode(file); err != nil || m.Bounds().Dx() != 3*34+2 || m.ColorModel() == color.GrayModel {
		t.Errorf("%v, %v: want three columns of 32 pixels in RGB", err, m.Bounds())
	}
	if code, _, stderr := invoke("generate", "--weights", run, "--class", "sock"); code != exitUsage || !strings.Contains(stderr, `--class sock: "sock" is none of the classes: there are hat, cap, shoe, trouser`) {
		t.Errorf("exit code %d, %q", code, stderr)
	}
}
