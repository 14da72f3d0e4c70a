package dataset

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// labelBytes is an IDX file of labels of a kind, as big-endian numbers.
func labelBytes(kind byte, values any, n int) []byte {
	var b bytes.Buffer
	_ = binary.Write(&b, binary.BigEndian, values)
	return append([]byte{0, 0, kind, 1, 0, 0, 0, byte(n)}, b.Bytes()...)
}

// Labels are classes whatever numbers they are.
func TestLabels(t *testing.T) {
	for name, c := range map[string]struct {
		labels  []byte
		classes []string
		want    []int32
	}{
		"1 to 10":  {labelBytes(8, []byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, 10), strings.Fields("1 2 3 4 5 6 7 8 9 10"), []int32{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}},
		"gaps":     {labelBytes(8, []byte{9, 200, 9}, 3), []string{"9", "200"}, []int32{0, 1, 0}},
		"int8":     {labelBytes(9, []int8{-1, 1, -128}, 3), []string{"-128", "-1", "1"}, []int32{1, 2, 0}},
		"int16":    {labelBytes(11, []int16{1000, -2}, 2), []string{"-2", "1000"}, []int32{1, 0}},
		"int32":    {labelBytes(12, []int32{1 << 30, -1 << 31, 7}, 3), []string{"-2147483648", "7", "1073741824"}, []int32{2, 0, 1}},
		"unsorted": {labelBytes(8, []byte{3, 1, 2, 0}, 4), []string{"0", "1", "2", "3"}, []int32{3, 1, 2, 0}},
	} {
		n := len(c.want)
		set := open(t, folderOf(t, map[string][]byte{imagesName: idxBytes(make([]byte, n), uint32(n), 1, 1), labelsName: c.labels}), Options{})
		if !slices.Equal(set.Classes, c.classes) || !slices.Equal(set.Labels, c.want) {
			t.Errorf("%s: %q, %v", name, set.Classes, set.Labels)
		}
	}
	for want, labels := range map[string][]byte{
		"starts with bytes 00 00 0d 01": labelBytes(13, []float32{1, 2}, 2),
		"truncated":                     labelBytes(12, []byte{1, 2, 3, 4, 5}, 2),
		"goes on":                       labelBytes(11, []int16{1, 2, 3}, 2),
		"of one class":                  labelBytes(8, []byte{4, 4}, 2),
	} {
		dir := folderOf(t, map[string][]byte{imagesName: idxBytes(make([]byte, 2), 2, 1, 1), labelsName: labels})
		if _, err := Open(t.Context(), dir, Options{}, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", want, err)
		}
	}
}

func TestIDXInColour(t *testing.T) {
	ownCache(t)
	pixels := []byte{255, 0, 255, 0, 0, 255, 0, 255, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12} // two images [3, 2, 2]
	files := map[string][]byte{"train-images-idx4-ubyte": idxBytes(pixels, 2, 3, 2, 2), labelsName: idxBytes([]byte{0, 1}, 2)}
	dir := folderOf(t, files)
	for _, o := range []Options{{}, {Size: 2}, {Size: 2, Channels: 3, Fit: "pad"}} {
		if set := open(t, dir, o); set.Images.Channels != 3 || !bytes.Equal(set.Images.Pixels, pixels) {
			t.Errorf("%+v: %+v", o, set)
		}
	}
	if set := open(t, dir, Options{Channels: 1}); !bytes.Equal(set.Images.Pixels[:4], []byte{76, 150, 76, 150}) {
		t.Errorf("as grey: %v", set.Images.Pixels)
	}
	if set := open(t, dir, Options{Size: 4}); set.Images.Size() != 48 || len(set.Images.Pixels) != 96 {
		t.Errorf("larger: %d bytes of %d", len(set.Images.Pixels), set.Images.Size())
	}
	for want, images := range map[string][]byte{
		"have 2 channels":          idxBytes(make([]byte, 16), 2, 2, 2, 2),
		"are 5000x1: at most 4096": idxBytes(make([]byte, 10000), 2, 1, 5000),
	} {
		files["train-images-idx4-ubyte"] = images
		if _, err := Open(t.Context(), folderOf(t, files), Options{}, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", want, err)
		}
	}
}

// Fitted sets are fitted image by image, in memory and through the cache.
func TestIDXFitted(t *testing.T) {
	ownCache(t)
	dir := folderOf(t, map[string][]byte{imagesName: idxBytes([]byte("abcdefghijkl"), 2, 3, 2), labelsName: goodLabels})
	want := []byte("cdij") // the middle row, of two columns: scaled from 2x2
	set := open(t, dir, Options{Size: 2})
	if got := set.Images.Pixels; len(got) != 8 || !bytes.Contains(got, want[:1]) {
		t.Errorf("%q", got)
	}
	hash := set.Hash()
	onDisk(t)
	for range 2 {
		set := open(t, dir, Options{Size: 2})
		if set.Images.Pixels != nil || set.Hash() != hash || !slices.Equal(set.Labels, []int32{1, 0}) || !slices.Equal(set.Classes, []string{"0", "9"}) {
			t.Errorf("%+v", set)
		}
	}
	put(t, dir, imagesName, goodImages[:20])
	if _, err := Open(t.Context(), dir, Options{Size: 2}, nil); err == nil || !strings.Contains(err.Error(), "truncated") {
		t.Errorf("%v", err)
	}
}

// A set of several blocks is fitted in its order, and what follows its end is an error as elsewhere.
func TestIDXInBlocks(t *testing.T) {
	n := 2*blockMost + 100
	body, labels := make([]byte, n), make([]byte, n)
	for i := range body {
		body[i], labels[i] = byte(i*7), byte(i%2)
	}
	files := map[string][]byte{imagesName: idxBytes(body, uint32(n), 1, 1), labelsName: idxBytes(labels, uint32(n))}
	set := open(t, folderOf(t, files), Options{Size: 2})
	for i, v := range body {
		if got := set.Images.Pixels[4*i:][:4]; !bytes.Equal(got, []byte{v, v, v, v}) {
			t.Fatalf("image %d is %v, want %d", i, got, v)
		}
	}
	files[imagesName] = append(files[imagesName], 0)
	if _, err := Open(t.Context(), folderOf(t, files), Options{Size: 2}, nil); err == nil || !strings.Contains(err.Error(), "goes on where the header says it ends") {
		t.Errorf("%v", err)
	}
}

// EMNIST's images lie on their side, its files have names of their own, and a table names the classes.
func TestEMNIST(t *testing.T) {
	images := idxBytes([]byte{1, 2, 3, 4, 5, 6, 11, 12, 13, 14, 15, 16}, 2, 3, 2)
	files := map[string][]byte{
		"gzip/emnist-letters-train-images-idx3-ubyte.gz": gzipped(t, images),
		"gzip/emnist-letters-train-labels-idx1-ubyte.gz": gzipped(t, idxBytes([]byte{2, 1}, 2)),
		"gzip/emnist-letters-test-images-idx3-ubyte.gz":  gzipped(t, images),
		"gzip/emnist-letters-test-labels-idx1-ubyte.gz":  gzipped(t, idxBytes([]byte{1, 2}, 2)),
		"gzip/emnist-letters-mapping.txt":                []byte("1 65 97\n2 66 98 \n"),
	}
	ownCache(t)
	dir := folderOf(t, files)
	check := func(path string) {
		t.Helper()
		for split, labels := range map[string][]int32{"train": {1, 0}, "test": {0, 1}} {
			set := open(t, path, Options{Split: split})
			im := set.Images
			if im.Height != 2 || im.Width != 3 || !bytes.Equal(im.Pixels, []byte{1, 3, 5, 2, 4, 6, 11, 13, 15, 12, 14, 16}) {
				t.Errorf("%s: %+v", path, im)
			}
			if !slices.Equal(set.Classes, []string{"A", "B"}) || !slices.Equal(set.Labels, labels) {
				t.Errorf("%s: %q, %v", path, set.Classes, set.Labels)
			}
		}
	}
	check(dir)
	check(filepath.Join(dir, "gzip"))
	put(t, dir, "gzip/emnist-digits-train-images-idx3-ubyte", nil)
	for _, path := range []string{"emnist-letters", "emnist-letters-train-images-idx3-ubyte.gz", "emnist-letters-test-labels-idx1-ubyte.gz"} {
		check(filepath.Join(dir, "gzip", path))
	}
	if _, err := Open(t.Context(), dir, Options{}, nil); err == nil || !strings.Contains(err.Error(), "several sets: name one of them, such as "+filepath.Join(dir, "gzip", "emnist-digits")) {
		t.Errorf("%v", err)
	}
	check(filepath.Join(zipOf(t, files), "gzip", "emnist-letters"))
	check(zipOf(t, files))
}

// The hash of a set like MNIST is the one that runs have noted since before sets had names and channels.
func TestHash(t *testing.T) {
	set := func(change func(*Set)) string {
		s := &Set{Images: Images{N: 2, Channels: 1, Height: 3, Width: 2, Pixels: []byte("abcdefghijkl")}, Labels: []int32{1, 0}, Classes: []string{"0", "1"}}
		change(s)
		return s.Hash()
	}
	plain := sha256.Sum256([]byte("2 3 2\nabcdefghijkl\x01\x00"))
	if got := set(func(*Set) {}); got != hex.EncodeToString(plain[:]) {
		t.Errorf("the hash is now %s", got)
	}
	seen := map[string]string{}
	for name, change := range map[string]func(*Set){
		"plain":    func(*Set) {},
		"pixels":   func(s *Set) { s.Images.Pixels[3]++ },
		"labels":   func(s *Set) { s.Labels[0] = 0 },
		"names":    func(s *Set) { s.Classes[0] = "zero" },
		"names, 2": func(s *Set) { s.Classes[0], s.Classes[1] = "zero", "one" },
		"named, labels": func(s *Set) {
			s.Classes[0], s.Labels[0] = "zero", 0
		},
		"sizes":    func(s *Set) { s.Images.Height, s.Images.Width = 2, 3 },
		"channels": func(s *Set) { s.Images.Channels, s.Images.Height = 3, 1 },
	} {
		hash := set(change)
		if other := seen[hash]; other != "" {
			t.Errorf("%s and %s have the same hash", name, other)
		}
		seen[hash] = name
	}
}

// The real set, where make sets or Debian's package has put it.
func TestFashionMNIST(t *testing.T) {
	dir, err := fashionMNIST()
	if err != nil {
		t.Skip(err)
	}
	for split, n := range map[string]int{"train": 60000, "test": 10000} {
		set := open(t, "fashion-mnist", Options{Split: split})
		if set.Images.N != n || !slices.Equal(set.Classes, fashionClasses) {
			t.Errorf("%d images of %q", set.Images.N, set.Classes)
		}
	}
	if set := open(t, dir, Options{}); set.Classes[1] != "trouser" {
		t.Errorf("by its folder: %q", set.Classes)
	}
}

func TestFashionMNISTIsChecked(t *testing.T) {
	if _, err := os.Stat(filepath.Join(debianSets, "fashion-mnist")); err == nil {
		t.Skip("the package is installed")
	}
	cache := filepath.Dir(ownCache(t))
	_, err := Open(t.Context(), "fashion-mnist", Options{}, nil)
	if err == nil || !strings.Contains(err.Error(), "make sets fetches it") {
		t.Errorf("%v", err)
	}
	if err := os.MkdirAll(filepath.Join(cache, "fashion-mnist"), 0o755); err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(cache, "fashion-mnist"), fashionFiles[0].name, []byte("half"))
	_, err = Open(t.Context(), "fashion-mnist", Options{}, nil)
	if err == nil || !strings.Contains(err.Error(), fashionFiles[0].name+" is not the set's file (wrong size): make sets") {
		t.Errorf("%v", err)
	}
}
