package dataset

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"image/jpeg"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// hugePNG is the beginning of a PNG that claims as many pixels.
func hugePNG(width, height uint32) []byte {
	chunk := binary.BigEndian.AppendUint32([]byte("IHDR"), width)
	chunk = append(binary.BigEndian.AppendUint32(chunk, height), 8, 2, 0, 0, 0)
	return binary.BigEndian.AppendUint32(append([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0d"), chunk...), crc32.ChecksumIEEE(chunk))
}

func TestBadImages(t *testing.T) {
	ownCache(t)
	good := grey(t, 2, 1, 2, 3, 4)
	var b bytes.Buffer
	if err := jpeg.Encode(&b, image.NewGray(image.Rect(0, 0, 64, 64)), nil); err != nil {
		t.Fatal(err)
	}
	broken := bytes.Clone(good)
	broken[45] ^= 1
	bad := map[string]struct {
		data   []byte
		reason string
	}{
		"a/00 empty.png":  {nil, "is empty"},
		"a/01 cut.png":    {good[:len(good)-20], "is cut short"},
		"a/02 cut.jpg":    {b.Bytes()[:b.Len()/2], "is cut short"},
		"a/03 notes.txt":  {[]byte("a note"), "is no PNG, JPEG, GIF, WebP, BMP or TIFF"},
		"b/04 page.png":   {[]byte("<!DOCTYPE html>"), "is a web page: the download went wrong"},
		"b/05 pointer":    {[]byte("version https://git-lfs.github.com/spec/v1"), "is a git-LFS pointer"},
		"b/06 huge.png":   {hugePNG(9000, 9000), "is 9000x9000: at most 64 megapixels are decoded"},
		"b/07 wide.png":   {hugePNG(40000, 1), "is 40000x1: at most"},
		"b/08 broken.png": {broken, "is damaged (png: invalid format: "},
	}
	files := map[string][]byte{"a/good": good, "b/good": good}
	for name, c := range bad {
		files[name] = c.data
	}
	dir := folderOf(t, files)
	put(t, dir, "beside.png", good)
	_, err := Open(t.Context(), dir, Options{}, nil)
	var data *DataError
	want := `10 of 12 files cannot be taken, the first is "beside.png": it lies in no class folder; mend or remove them, or leave them out`
	if !errors.As(err, &data) || data.Field != "skip_bad" || data.Reason != want || data.File != dir {
		t.Errorf("%v", err)
	}
	set := open(t, dir, Options{SkipBad: true})
	if set.Images.N != 2 || !slices.Equal(set.Labels, []int32{0, 1}) || len(set.Skipped) != 10 {
		t.Errorf("%+v", set)
	}
	for _, p := range set.Skipped {
		if c, ok := bad[p.Name]; ok && !strings.HasPrefix(p.Reason, c.reason) || !ok && p.Name != "beside.png" {
			t.Errorf("%s %s", p.Name, p.Reason)
		}
	}
}

// Folders that are called as parts of a set are none of its classes, unless one holds the images of a class called so.
func TestFoldersThatAreParts(t *testing.T) {
	ownCache(t)
	one, two := grey(t, 1, 1), grey(t, 1, 2)
	for name, c := range map[string]struct {
		files   map[string][]byte
		classes []string // what is trained on, nil for an error
		reason  string
	}{
		"training and testing": {map[string][]byte{"training/a/x": one, "training/b/x": two, "testing/a/x": two}, []string{"a", "b"}, ""},
		"a table beside":       {map[string][]byte{"train/x": one, "train/y": two, "test/z": two, "train.csv": []byte("train/x,cat\ntrain/y,dog\n")}, []string{"cat", "dog"}, ""},
		"a class called train": {map[string][]byte{"car/x": one, "train/x": two}, []string{"car", "train"}, ""},
		"no class folders":     {map[string][]byte{"train/x": one, "test/x": two}, nil, "test and train are parts of a set, not classes"},
		"a part and more":      {map[string][]byte{"train/a/x": one, "train/b/x": two, "extra/x": two}, nil, "train has folders of its own and stands beside extra: name the folder of the class folders, such as "},
	} {
		set, err := Open(t.Context(), folderOf(t, c.files), Options{}, nil)
		switch {
		case err != nil && (c.classes != nil || !strings.Contains(err.Error(), c.reason)):
			t.Errorf("%s: %v", name, err)
		case err == nil && !slices.Equal(set.Classes, c.classes):
			t.Errorf("%s: trained on %q", name, set.Classes)
		}
	}
}

func TestSetsThatCannotBeTrainedOn(t *testing.T) {
	ownCache(t)
	good := grey(t, 1, 9)
	for want, files := range map[string]map[string][]byte{
		"the folder is empty":            nil,
		"there is no set":                {"one.txt": good, "two": good},
		"of one class or none":           {"one.png": good, "two.png": good},
		"of one class":                   {"a/sub/1.png": good, "a/sub/2.png": good},
		"the class has no image":         {"a/x": good, "b/.DS_Store": nil},
		`class "b" has no image that`:    {"a/x": good, "b/x": []byte("no image")},
		"is 1x2, and others are 1x1":     {"a/x": good, "b/x": grey(t, 1, 8, 8)},
		"there are several sets":         {"emnist-a-train-images-idx3-ubyte": nil, "emnist-b-train-images-idx3-ubyte": nil},
		"there are several tables":       {"x.csv": nil, "y.csv": nil},
		"the first is \"a/x\": it is no": {"a/x": []byte("none"), "b/x": []byte("none")},
	} {
		_, err := Open(t.Context(), folderOf(t, files), Options{SkipBad: true}, nil)
		var data *DataError
		if !errors.As(err, &data) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", want, err)
		}
	}
	_, err := Open(t.Context(), folderOf(t, map[string][]byte{"a/x": good, "b\x1b[2J/\nx": grey(t, 1, 8, 8)}), Options{}, nil)
	if err == nil || strings.ContainsAny(err.Error(), "\x1b\n") {
		t.Errorf("%q", err)
	}
	_, err = Open(t.Context(), folderOf(t, map[string][]byte{"a/x": good, "b/x": good}), Options{Split: "test"}, nil)
	if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "no test images") {
		t.Errorf("a set without a split: %v", err)
	}
}

// Folders as people have them: nested, with spaces, letters of any script, junk of other systems, and links in a circle.
func TestClassFolders(t *testing.T) {
	ownCache(t)
	at := func(v byte) []byte { return grey(t, 1, v) }
	dir := folderOf(t, map[string][]byte{
		"10/z": at(5), "2/deep/er/x": at(2), "2/a": at(1), "9 lives/größe ☃.png": at(4), "猫/1": at(6), "2/zz": at(3),
		".git/x": at(0), "__MACOSX/2/._a": at(0), "2/.DS_Store": at(0), "2/Thumbs.db": at(0), "2/._a": at(0), "README.md": at(0),
	})
	if err := os.Symlink("..", filepath.Join(dir, "2", "loop")); err != nil {
		t.Skip("no symbolic links:", err)
	}
	outside := folderOf(t, map[string][]byte{"x": at(7)})
	if err := os.Symlink(outside, filepath.Join(dir, "linked")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("nowhere", filepath.Join(dir, "10", "broken")); err != nil {
		t.Fatal(err)
	}
	set := open(t, dir, Options{SkipBad: true})
	if want := []string{"2", "9 lives", "10", "linked", "猫"}; !slices.Equal(set.Classes, want) {
		t.Errorf("classes %q", set.Classes)
	}
	// In the circle lie all files of the set once more, as they do for every program that follows links.
	if !bytes.HasPrefix(set.Images.Pixels, []byte{1, 2}) || !bytes.HasSuffix(set.Images.Pixels, []byte{3, 4, 5, 7, 6}) {
		t.Errorf("pixels %v of classes %v", set.Images.Pixels, set.Labels)
	}
	var names []string
	for _, p := range set.Skipped {
		names = append(names, p.Name)
	}
	if !slices.Contains(names, "10/broken") || !slices.ContainsFunc(names, func(s string) bool { return strings.HasPrefix(s, "2/loop") }) {
		t.Errorf("problems %q", set.Skipped)
	}
}

// A folder that holds nothing but a link to itself ends in an error.
func TestFolderInItself(t *testing.T) {
	dir := t.TempDir()
	if err := os.Symlink(".", filepath.Join(dir, "self")); err != nil {
		t.Skip("no symbolic links:", err)
	}
	if _, err := Open(t.Context(), dir, Options{}, nil); err == nil || !strings.Contains(err.Error(), "there is no set") {
		t.Errorf("%v", err)
	}
}

// Names that are not UTF-8 would become the same name in records and checkpoints.
func TestNamesOfClassesAreUTF8(t *testing.T) {
	ownCache(t)
	good := grey(t, 1, 9)
	files := map[string][]byte{"caf\xe9/x": good, "caf\xe8/x": good, "ok/x": good}
	table := map[string][]byte{"x": good, "train.csv": []byte("x,ok\nx,caf\xe9\n")}
	for path, want := range map[string]string{
		folderOf(t, files): `the name "caf\xe8" of a class is not UTF-8: rename the folder`,
		zipOf(t, files):    `cannot be read (invalid file name: caf\xe8): make the archive with names in UTF-8`,
		folderOf(t, table): `line 2: the label "caf\xe9" is not UTF-8: save the table as UTF-8`,
		zipOf(t, table):    `line 2: the label "caf\xe9" is not UTF-8: save the table as UTF-8`,
	} {
		if set, err := Open(t.Context(), path, Options{SkipBad: true}, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, %+v", err, set)
		}
	}
}

// A class folder that cannot be reached is a problem, not a class that is not there.
func TestClassBehindABrokenLink(t *testing.T) {
	ownCache(t)
	dir := folderOf(t, map[string][]byte{"a/x": grey(t, 1, 1), "b/x": grey(t, 1, 2)})
	if err := os.Symlink("nowhere", filepath.Join(dir, "c")); err != nil {
		t.Skip("no symbolic links:", err)
	}
	if _, err := Open(t.Context(), dir, Options{}, nil); err == nil || !strings.Contains(err.Error(), `the first is "c": it cannot be read (no such file`) {
		t.Error(err)
	}
	if set := open(t, dir, Options{SkipBad: true}); len(set.Classes) != 2 || len(set.Skipped) != 1 {
		t.Errorf("%+v", set)
	}
}

// Links that lead to the same folders by many ways are followed once, and a listing can be left.
func TestLinksThatFanOut(t *testing.T) {
	ownCache(t)
	const deep = 25
	dir, chain := folderOf(t, map[string][]byte{"dog/1": grey(t, 1, 1)}), t.TempDir()
	for i := range deep {
		folder := filepath.Join(chain, strconv.Itoa(i))
		if err := os.Mkdir(folder, 0o755); err != nil {
			t.Fatal(err)
		}
		put(t, folder, "x", grey(t, 1, byte(i)))
		for _, name := range []string{"a", "b"} {
			if err := os.Symlink(filepath.Join("..", strconv.Itoa(i+1)), filepath.Join(folder, name)); err != nil {
				t.Skip("no symbolic links:", err)
			}
		}
	}
	if err := os.Mkdir(filepath.Join(chain, strconv.Itoa(deep)), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(chain, "0"), filepath.Join(dir, "cat")); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	set, err := Open(ctx, dir, Options{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer set.Close()
	if set.Images.N != deep+1 {
		t.Errorf("%d images", set.Images.N)
	}
	cancel()
	p := &place{FS: folder(dir), path: dir}
	l := &listing{place: p}
	w := walk{l, 0, folders{}}
	if err := w.folder(ctx, "cat", nil); !errors.Is(err, context.Canceled) || len(l.files) > 0 {
		t.Errorf("%v after %d files", err, len(l.files))
	}
	if _, err := Open(ctx, dir, Options{Size: 3}, nil); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestManyClasses(t *testing.T) {
	ownCache(t)
	for _, n := range []int{47, 1000} {
		files := map[string][]byte{}
		for i := range n {
			files[fmt.Sprintf("class %d/x", i)] = grey(t, 1, byte(i))
		}
		set := open(t, folderOf(t, files), Options{})
		if len(set.Classes) != n || set.Images.N != n {
			t.Fatalf("%d classes of %d", len(set.Classes), n)
		}
		for i, label := range set.Labels {
			if int(label) != i || set.Images.Pixels[i] != byte(i) || set.Classes[i] != fmt.Sprintf("class %d", i) {
				t.Errorf("image %d is of class %d, %q", i, label, set.Classes[i])
			}
		}
	}
}

func TestSplits(t *testing.T) {
	ownCache(t)
	for _, test := range []string{"test", "val", "Validation"} {
		dir := folderOf(t, map[string][]byte{
			"set/train/a/x": grey(t, 1, 1), "set/train/b/x": grey(t, 1, 2), "set/" + test + "/a/x": grey(t, 1, 3), "set/" + test + "/b/x": grey(t, 1, 4),
		})
		for split, want := range map[string][]byte{"": {1, 2}, "train": {1, 2}, "test": {3, 4}} {
			if set := open(t, dir, Options{Split: split}); !bytes.Equal(set.Images.Pixels, want) || !slices.Equal(set.Classes, []string{"a", "b"}) {
				t.Errorf("%s, %q: %+v", test, split, set)
			}
		}
	}
}

func TestNaturalOrder(t *testing.T) {
	want := []string{"", "01", "1", "2", "10", "a", "a2", "a10", "a10b", "ab", "b"}
	got := slices.Clone(want)
	slices.Reverse(got)
	slices.SortFunc(got, natural)
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}
