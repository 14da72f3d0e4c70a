package imageset

import (
	"bytes"
	"encoding/binary"
	"errors"
	"image/color"
	"image/png"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cgan/weights/npz"
)

// pixels is an image of the sizes of about, each another one, with its bytes as they lie there.
func pixels(about About, i int) (values []float32, level []byte) {
	for k := range about.Channels * about.Height * about.Width {
		b := byte(37*i + 11*k)
		values, level = append(values, float32(b)/127.5-1), append(level, b)
	}
	return values, level
}

// write writes all images of about, of class i % classes.
func write(t *testing.T, w Writer, about About) {
	t.Helper()
	for i := range about.N {
		values, _ := pixels(about, i)
		if err := w.Add(Image{Pixels: values, Class: i % max(1, len(about.Classes)), Seed: -3, Row: i}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	w.Discard()
}

// files are all files below a folder, hidden ones too.
func files(t *testing.T, dir string) (names []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err == nil && path != dir && !(e.IsDir() && !strings.HasPrefix(e.Name(), ".")) {
			name, _ := filepath.Rel(dir, path)
			names = append(names, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

var gray = About{N: 3, Channels: 1, Height: 2, Width: 3, Classes: []string{"hat/cap", "shoe"}}

func TestFolderHasAFileForEachImage(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "set")
	colours := About{N: 2, Channels: 3, Height: 2, Width: 2, Scale: 2}
	for _, about := range []About{gray, colours} {
		w, err := NewFolder(dir, about)
		if err != nil {
			t.Fatal(err)
		}
		write(t, w, about)
	}
	want := []string{"hat-cap/seed--3-row-0.png", "hat-cap/seed--3-row-2.png", "images/seed--3-row-0.png", "images/seed--3-row-1.png", "shoe/seed--3-row-1.png"}
	if got := files(t, dir); !slices.Equal(got, want) {
		t.Fatalf("there are %v, want %v", got, want)
	}
	content, err := os.ReadFile(filepath.Join(dir, want[1]))
	if err != nil {
		t.Fatal(err)
	}
	m, err := png.Decode(bytes.NewReader(content))
	_, level := pixels(gray, 2)
	if err != nil || m.Bounds().Dx() != 3 || m.Bounds().Dy() != 2 || m.At(2, 1) != (color.Gray{Y: level[5]}) {
		t.Errorf("%v, %v", m.Bounds(), err)
	}
	content, err = os.ReadFile(filepath.Join(dir, want[3]))
	if err != nil {
		t.Fatal(err)
	}
	m, err = png.Decode(bytes.NewReader(content))
	_, level = pixels(colours, 1)
	if err != nil || m.Bounds().Dx() != 4 || color.NRGBAModel.Convert(m.At(3, 2)) != (color.NRGBA{level[3], level[7], level[11], 255}) {
		t.Errorf("%v, %v", m.Bounds(), err)
	}
}

// What is in a folder already stays, and a set that would replace a file of it leaves nothing.
func TestAFolderThatIsThereKeepsItsFiles(t *testing.T) {
	dir := t.TempDir()
	mine := filepath.Join(dir, "shoe", "mine.png")
	if err := os.MkdirAll(filepath.Dir(mine), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(mine, []byte("mine"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, open := range []func(string, About) (Writer, error){NewFolder, NewIDX} {
		w, err := open(dir, gray)
		if err != nil {
			t.Fatal(err)
		}
		write(t, w, gray)
	}
	before := files(t, dir)
	if len(before) != 3+1+2 {
		t.Fatal(before)
	}
	more := gray
	more.N = 4 // the fourth is of row 3
	w, err := NewFolder(dir, more)
	if err != nil {
		t.Fatal(err)
	}
	values, _ := pixels(gray, 0)
	if err := w.Add(Image{Pixels: values, Class: 0, Seed: -3, Row: 3}); err != nil {
		t.Fatal(err)
	}
	var exists *ExistsError
	if err := w.Add(Image{Pixels: values, Class: 0, Seed: -3, Row: 2}); !errors.As(err, &exists) || !strings.HasSuffix(exists.Path, "hat-cap/seed--3-row-2.png") {
		t.Errorf("got %v", err)
	}
	w.Discard()
	if _, err := NewIDX(dir, gray); !errors.As(err, &exists) || !strings.HasSuffix(exists.Path, "train-images-idx3-ubyte") {
		t.Errorf("got %v", err)
	}
	if after := files(t, dir); !slices.Equal(after, before) {
		t.Errorf("there are %v, were %v", after, before)
	}
	if content, err := os.ReadFile(mine); err != nil || string(content) != "mine" {
		t.Errorf("%q, %v", content, err)
	}
}

// A file that appears while the set is being written stays, and the set's files that had their place already go again.
func TestASetThatCantBePlacedIsTakenBack(t *testing.T) {
	dir := t.TempDir()
	w, err := NewIDX(dir, gray)
	if err != nil {
		t.Fatal(err)
	}
	for i := range gray.N {
		values, _ := pixels(gray, i)
		if err := w.Add(Image{Pixels: values}); err != nil {
			t.Fatal(err)
		}
	}
	other := filepath.Join(dir, "train-labels-idx1-ubyte")
	if err := os.WriteFile(other, []byte("other"), 0o644); err != nil {
		t.Fatal(err)
	}
	var exists *ExistsError
	if err := w.Close(); !errors.As(err, &exists) {
		t.Errorf("got %v", err)
	}
	w.Discard()
	if got := files(t, dir); !slices.Equal(got, []string{"train-labels-idx1-ubyte"}) {
		t.Errorf("there are %v", got)
	}
	if content, err := os.ReadFile(other); err != nil || string(content) != "other" {
		t.Errorf("%q, %v", content, err)
	}
}

func TestWhatDoesNotComeToItsEndLeavesNothing(t *testing.T) {
	above := t.TempDir()
	for _, open := range []func(string, About) (Writer, error){NewFolder, NewIDX} {
		w, err := open(filepath.Join(above, "set"), gray)
		if err != nil {
			t.Fatal(err)
		}
		values, _ := pixels(gray, 0)
		if err := w.Add(Image{Pixels: values}); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err == nil || err.Error() != "there are 1 images of 3" {
			t.Errorf("got %v", err)
		}
		values[2] = float32(math.NaN())
		if err := w.Add(Image{Pixels: values}); err == nil || !strings.Contains(err.Error(), "image 1 holds NaN") {
			t.Errorf("got %v", err)
		}
		w.Discard()
	}
	if got := files(t, above); len(got) > 0 {
		t.Errorf("there are %v", got)
	}
}

func TestIDX(t *testing.T) {
	for _, c := range []struct {
		about          About
		images, labels []byte // headers
		want           []byte // labels
	}{
		{gray, []byte{0, 0, 8, 3, 0, 0, 0, 3, 0, 0, 0, 2, 0, 0, 0, 3}, []byte{0, 0, 8, 1, 0, 0, 0, 3}, []byte{0, 1, 0}},
		{About{N: 3, Channels: 3, Height: 1, Width: 2, Classes: []string{"1", "7"}}, []byte{0, 0, 8, 4, 0, 0, 0, 3, 0, 0, 0, 3, 0, 0, 0, 1, 0, 0, 0, 2}, []byte{0, 0, 8, 1, 0, 0, 0, 3}, []byte{1, 7, 1}},
		{About{N: 2, Channels: 1, Height: 1, Width: 1, Classes: make([]string, 300)}, []byte{0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 1}, []byte{0, 0, 12, 1, 0, 0, 0, 2}, []byte{0, 0, 0, 0, 0, 0, 0, 1}},
	} {
		dir := filepath.Join(t.TempDir(), "set")
		w, err := NewIDX(dir, c.about)
		if err != nil {
			t.Fatal(err)
		}
		write(t, w, c.about)
		names, want := files(t, dir), slices.Clone(c.images)
		for i := range c.about.N {
			_, level := pixels(c.about, i)
			want = append(want, level...)
		}
		images, err := os.ReadFile(filepath.Join(dir, names[0]))
		if err != nil || !bytes.Equal(images, want) {
			t.Errorf("%v: images are %v, %v", c.about, images, err)
		}
		labels, err := os.ReadFile(filepath.Join(dir, names[1]))
		if err != nil || !bytes.Equal(labels, append(c.labels, c.want...)) {
			t.Errorf("%v: labels are %v, %v", c.about, labels, err)
		}
	}
}

func TestStreams(t *testing.T) {
	about := About{N: 2, Channels: 3, Height: 1, Width: 2, Classes: []string{"a", "b"}}
	var plain, file bytes.Buffer
	write(t, NewRaw(&plain, about), about)
	_, a := pixels(about, 0)
	_, b := pixels(about, 1)
	if want := []byte{a[0], a[2], a[4], a[1], a[3], a[5], b[0], b[2], b[4], b[1], b[3], b[5]}; !bytes.Equal(plain.Bytes(), want) {
		t.Errorf("%v, want %v", plain.Bytes(), want)
	}
	w, err := NewNPZ(&file, about)
	if err != nil {
		t.Fatal(err)
	}
	write(t, w, about)
	arrays, err := npz.Read(file.Bytes())
	if err != nil || !slices.Equal(arrays.Keys(), []string{"images", "labels", "seeds", "rows"}) {
		t.Fatal(arrays.Keys(), err)
	}
	values, _ := pixels(about, 1)
	if got, err := arrays[0].Float32s(); err != nil || !slices.Equal(arrays[0].Shape, []int64{2, 3, 1, 2}) || !slices.Equal(got[6:], values) {
		t.Errorf("images %v %v, %v", arrays[0].Shape, got, err)
	}
	for i, want := range [][]int64{{0, 1}, {-3, -3}, {0, 1}} {
		if got, err := arrays[i+1].Int64s(); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s is %v, %v", arrays[i+1].Key, got, err)
		}
	}
	if size := binary.Size(arrays[3].Data); size != 16 {
		t.Errorf("%d bytes", size)
	}
}
