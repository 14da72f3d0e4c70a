package main

import (
	"encoding/json"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// classFolders writes PNGs of one value each, by path.
func classFolders(t *testing.T, files map[string]color.Color) string {
	t.Helper()
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	dir := t.TempDir()
	for name, c := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		m := image.NewNRGBA(image.Rect(0, 0, 4, 4))
		for i := range 16 {
			m.Set(i%4, i/4, c)
		}
		f, err := os.Create(path)
		if err == nil {
			err = png.Encode(f, m)
		}
		if err != nil {
			t.Fatal(err)
		}
		f.Close()
	}
	return dir
}

func TestData(t *testing.T) {
	grey := func(v byte) color.Color { return color.Gray{v} }
	dir := classFolders(t, map[string]color.Color{
		"train/cat/1.png": grey(10), "train/cat/2.png": grey(10), "train/cat/3.png": grey(200), "train/dog\x1b[2J/1.png": grey(200), "train/dog\x1b[2J/2.png": grey(50),
		"test/cat/1.png": grey(10), "test/cat/2.png": grey(77),
	})
	writeFile(t, filepath.Join(dir, "train", "cat", "4.png"), nil)
	out := filepath.Join(t.TempDir(), "samples.png")
	code, stdout, stderr := invoke("data", dir, "--out", out)
	if code != exitData || !strings.Contains(stderr, "1 files cannot be taken: mend or remove them, or train without them (--skip-bad)") {
		t.Errorf("exit code %d, %s", code, stderr)
	}
	for _, want := range []string{
		"5 images of 2 classes", "images      4x4, grey; in the files 4x4 (5); 0 with colours",
		`duplicates  1 within a class, 1 in different classes: cat and dog\x1b[2J (1)`,
		"class cat has 3 images: with fewer than 100", "the test images: ", "train/cat/4.png is empty",
	} {
		if !strings.Contains(strings.ReplaceAll(stdout, "cat/4.png", "train/cat/4.png"), want) {
			t.Errorf("%q lacks %q", stdout, want)
		}
	}
	if strings.Contains(stdout, "\x1b") {
		t.Error("an escape of a name reaches the terminal")
	}
	f, err := os.Open(out)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	m, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	if m.Bounds() != image.Rect(0, 0, 10*6+2, 2*6+2) {
		t.Fatalf("the grid is %v", m.Bounds())
	}
	for at, want := range map[image.Point]byte{{3, 3}: 10, {9, 3}: 10, {15, 3}: 200, {21, 3}: 0, {3, 9}: 200, {9, 9}: 50} {
		if got := color.GrayModel.Convert(m.At(at.X, at.Y)).(color.Gray).Y; got != want {
			t.Errorf("the grid at %v is %d, want %d", at, got, want)
		}
	}
}

func TestDataAsJSON(t *testing.T) {
	grey := func(v byte) color.Color { return color.Gray{v} }
	dir := classFolders(t, map[string]color.Color{
		"train/a/1.png": grey(1), "train/b/2.png": color.NRGBA{255, 0, 0, 255}, "test/a/1.png": grey(1), "test/b/2.png": grey(2), "test/b/3.png": grey(1),
	})
	writeFile(t, filepath.Join(dir, "train", "a", "bad"), []byte("no image"))
	code, stdout, stderr := invoke("data", "--json", "--skip-bad", "--size", "8", "--out", filepath.Join(t.TempDir(), "x.PNG"), dir)
	var v view
	if err := json.Unmarshal([]byte(stdout), &v); err != nil || code != exitOK {
		t.Fatalf("exit code %d, %v, %s", code, err, stderr)
	}
	if v.Images != 2 || v.Test != 3 || v.Channels != 3 || v.Width != 8 || len(v.Classes) != 2 || v.Classes[1] != (classView{"b", 1}) || len(v.SHA256) != 64 {
		t.Errorf("%+v", v)
	}
	if len(v.Bad) != 1 || v.Bad[0].Name != "a/bad" || v.Found.Sizes[0].Width != 4 || v.Found.Colour != 1 {
		t.Errorf("%+v", v)
	}
	if !strings.Contains(strings.Join(v.Problems, "\n"), "2 of the 3 test images are among those to train on") {
		t.Errorf("%q", v.Problems)
	}
}

// Images of many sizes are looked at in a size of their own, which a training must be told.
func TestDataOfManySizes(t *testing.T) {
	dir := classFolders(t, map[string]color.Color{"a/1.png": color.White, "b/1.png": color.Black})
	m := image.NewGray(image.Rect(0, 0, 300, 200))
	f, err := os.Create(filepath.Join(dir, "b", "2.png"))
	if err == nil {
		err = png.Encode(f, m)
	}
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
	out := filepath.Join(t.TempDir(), "x.png")
	code, stdout, stderr := invoke("data", dir, "--out", out)
	if code != exitOK || !strings.Contains(stdout, "images      64x64, grey; in the files 4x4 (2), 300x200 (1)") || !strings.Contains(stdout, "choose one with --size") {
		t.Errorf("exit code %d, %s%s", code, stdout, stderr)
	}
	if code, _, stderr = invoke("data", dir, "--out", out, "--size", "256"); code != exitOK { // drawn smaller
		t.Error(stderr)
	}
}

func TestDataRefuses(t *testing.T) {
	dir := classFolders(t, map[string]color.Color{"a/1.png": color.White})
	for name, c := range map[string]struct {
		args []string
		code int
		want string
	}{
		"nothing":       {nil, exitUsage, "data takes one NAME or PATH"},
		"two":           {[]string{dir, dir}, exitUsage, "data takes one NAME or PATH"},
		"no picture":    {[]string{dir, "--out", "x.jpg"}, exitUsage, "end the name in .png"},
		"size":          {[]string{dir, "--size", "2000"}, exitUsage, "--size is 2000: it must be from 1 to 1024"},
		"channels":      {[]string{dir, "--channels", "2"}, exitUsage, "--channels is 2"},
		"fit":           {[]string{dir, "--fit", "zoom"}, exitUsage, `--fit is "zoom"`},
		"background":    {[]string{dir, "--background", "red"}, exitUsage, `--background is "red"`},
		"no such place": {[]string{"/nowhere"}, exitData, "/nowhere: there is no such folder or file"},
		"one class":     {[]string{dir}, exitData, "of one class"},
	} {
		if code, _, stderr := invoke(append([]string{"data"}, c.args...)...); code != c.code || !strings.Contains(stderr, c.want) {
			t.Errorf("%s: exit code %d, %s", name, code, stderr)
		}
	}
}
