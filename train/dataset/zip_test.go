package dataset

import (
	"archive/zip"
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// zipOf writes an archive with the files, in order of their names.
func zipOf(t testing.TB, files map[string][]byte) string {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	names := make([]string, 0, len(files))
	for name := range files {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		w, err := z.Create(name)
		if err == nil {
			_, err = w.Write(files[name])
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	put(t, dir, "set.zip", b.Bytes())
	return filepath.Join(dir, "set.zip")
}

// Every form of a set in an archive, in a folder of it or not, is the set outside of it.
func TestZip(t *testing.T) {
	ownCache(t)
	one, two := grey(t, 1, 1), grey(t, 1, 2)
	idx := map[string][]byte{imagesName: idxBytes([]byte{1, 2}, 2, 1, 1), labelsName + ".gz": gzipped(t, idxBytes([]byte{0, 1}, 2))}
	for name, files := range map[string]map[string][]byte{
		"class folders": {"a/x": one, "b/x": two, "__MACOSX/a/._x": nil},
		"splits":        {"train/a/x": one, "train/b/x": two, "test/a/x": two},
		"table":         {"set.csv": []byte("x,a\nsub/y,b\n"), "x": one, "sub/y": two},
		"IDX":           idx,
	} {
		for _, top := range []string{"", "top/", "a top/of a top/"} {
			inside := map[string][]byte{}
			for file, data := range files {
				inside[top+file] = data
			}
			file := zipOf(t, inside)
			for _, path := range []string{file, filepath.Join(file, top)} {
				set := open(t, path, Options{})
				if !bytes.Equal(set.Images.Pixels, []byte{1, 2}) || !slices.Equal(set.Labels, []int32{0, 1}) || len(set.Classes) != 2 {
					t.Errorf("%s in %q: %+v", name, path, set)
				}
			}
		}
	}
	file := zipOf(t, map[string][]byte{"sub/x.csv": []byte("x,a\ny,b\n"), "sub/y.csv": []byte("y,a\nx,b\n"), "sub/x": one, "sub/y": two})
	if set := open(t, filepath.Join(file, "sub", "y.csv"), Options{}); !bytes.Equal(set.Images.Pixels, []byte{2, 1}) {
		t.Errorf("%+v", set)
	}
	for _, path := range []string{filepath.Join(file, "none"), filepath.Join(file, "sub", "x", "y")} {
		if _, err := Open(t.Context(), path, Options{}, nil); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// Names that lead out of the archive reach nothing outside of it, and a table that has some is refused.
func TestZipNamesStayInside(t *testing.T) {
	ownCache(t)
	secret := folderOf(t, map[string][]byte{"x": grey(t, 1, 99)})
	file := zipOf(t, map[string][]byte{"../a/x": grey(t, 1, 1), "../../b/x": grey(t, 1, 2), "/c/x": grey(t, 1, 3), `d\x`: grey(t, 1, 4)})
	if set, err := Open(t.Context(), file, Options{}, nil); err == nil && slices.Contains(set.Images.Pixels, 99) {
		t.Errorf("%+v", set)
	}
	for _, name := range []string{"../x", "/etc/passwd", filepath.Join(secret, "x"), "sub/../../x"} {
		file := zipOf(t, map[string][]byte{"top/set.csv": []byte("x,a\n" + name + ",b\n"), "top/x": grey(t, 1, 1), "x": grey(t, 1, 2)})
		_, err := Open(t.Context(), filepath.Join(file, "top", "set.csv"), Options{}, nil)
		if err == nil || !strings.Contains(err.Error(), "line 2: ") || !strings.Contains(err.Error(), "leads out of the archive's folder") {
			t.Errorf("%q: %v", name, err)
		}
	}
	entries, err := os.ReadDir(filepath.Dir(file))
	if err != nil || len(entries) != 1 {
		t.Errorf("beside the archive lie %v, %v", entries, err)
	}
}

func TestZipRefuses(t *testing.T) {
	ownCache(t)
	good, err := os.ReadFile(zipOf(t, map[string][]byte{"a/x": grey(t, 1, 1), "b/x": grey(t, 1, 2)}))
	if err != nil {
		t.Fatal(err)
	}
	wrongSum := bytes.Clone(good)
	wrongSum[bytes.Index(wrongSum, []byte("PK\x01\x02"))+16] ^= 1
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"cut":     {good[:len(good)-10], "is a zip archive that cannot be read"},
		"damaged": {wrongSum, `the first is "a/x"`},
		"empty":   {[]byte("PK\x05\x06" + strings.Repeat("\x00", 18)), "the folder is empty"},
		"xz":      {[]byte("\xfd7zXZ\x00"), "compressed with xz: unpack it first"},
		"nothing": {nil, "is none of these"},
	} {
		dir := t.TempDir()
		put(t, dir, "set.zip", c.data)
		_, err := Open(t.Context(), filepath.Join(dir, "set.zip"), Options{}, nil)
		var data *DataError
		if !errors.As(err, &data) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	bomb := zipOf(t, map[string][]byte{"a/x": make([]byte, 300<<20), "b/x": grey(t, 1, 1)})
	if _, err := Open(t.Context(), bomb, Options{}, nil); err == nil || !strings.Contains(err.Error(), "has 314572800 bytes: at most 268435456 are read") {
		t.Errorf("bomb: %v", err)
	}
}
