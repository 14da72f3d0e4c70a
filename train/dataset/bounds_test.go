package dataset

import (
	"bytes"
	"context"
	"errors"
	"image/color"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// allocated is how many bytes do takes in all, freed or not.
func allocated(do func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	do()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// inFew wants that do takes no more than some bytes.
func inFew(t *testing.T, what string, most uint64, do func()) {
	t.Helper()
	if n := allocated(do); n > most {
		t.Errorf("%s took %d bytes, at most %d are due", what, n, most)
	}
}

// A header costs what is there, not what it claims.
func TestIDXHeaderThatLies(t *testing.T) {
	ownCache(t)
	dir := folderOf(t, map[string][]byte{imagesName: idxBytes([]byte("abc"), 20, 4096, 4096), labelsName: idxBytes(make([]byte, 20), 20)})
	for size, most := range map[int]uint64{0: blockBytes + 1<<20, 28: 1 << 20} {
		inFew(t, "a false header", most, func() {
			if _, err := Open(t.Context(), dir, Options{Size: size}, nil); err == nil || !strings.Contains(err.Error(), "truncated") {
				t.Error(err)
			}
		})
	}
}

// What is decoded at once has its bound in bytes, whatever the images' size and however many cores there are.
func TestBlocks(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(32))
	for name, s := range map[string]*source{
		"large":           {frame: &frame{3, 1024, 1024, "", color.RGBA{}}},
		"large in a file": {frame: &frame{1, 28, 28, "", color.RGBA{}}, raw: 3 * 4096 * 4096},
		"small":           {frame: &frame{1, 1, 1, "", color.RGBA{}}},
	} {
		most := 0
		s.count, s.decode = 3*blockMost, func(int, []byte) (original, error) { return original{}, nil }
		s.prepare = func(start, end int) error { most = max(most, end-start); return nil }
		inFew(t, name, blockBytes+1<<20, func() {
			if err := s.each(t.Context(), func(string) {}, func(int, decoded) error { return nil }); err != nil {
				t.Error(err)
			}
		})
		if bytes := most * max(s.frame.size(), s.raw); bytes > max(blockBytes, s.raw) || most > blockMost {
			t.Errorf("%s: blocks of %d images, %d bytes", name, most, bytes)
		}
	}
}

// A table costs what its lines are worth, and no line is endless.
func TestTablesWithoutEnd(t *testing.T) {
	ownCache(t)
	long := bytes.Repeat([]byte("a"), 8<<20)
	few := map[string]string{
		"x.png,dog\n" + string(long):                            "line 2: it is longer than 1048576 bytes",
		"x.png,dog\n\"" + strings.Repeat("a\n", 4<<20):          "line 2: it is longer than 1048576 bytes",
		"x.png,dog\n" + strings.Repeat("\n", 8<<20):             "line 2: it is longer than 1048576 bytes",
		"x.png,dog\n" + strings.Repeat("x.png,cat\n", 1<<19):    "line 4: more lines than the archive has files, 3",
		"x.png,dog\n" + strings.Repeat("none.png,cat\n", 1<<19): "line 4: more lines than the archive has files, 3",
	}
	for table, want := range few {
		file := zipOf(t, map[string][]byte{"train.csv": []byte(table), "x.png": grey(t, 1, 1), "y.png": grey(t, 1, 2)})
		inFew(t, want, 8<<20, func() {
			if _, err := Open(t.Context(), file, Options{}, nil); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%.20q: %v", table, err)
			}
		})
	}
	dir := folderOf(t, map[string][]byte{"none.csv": []byte("x,dog\n" + strings.Repeat("none.png,cat\n", 200)), "large.csv": nil})
	if err := os.Truncate(filepath.Join(dir, "large.csv"), 2<<30); err != nil {
		t.Fatal(err)
	}
	defer func(n int) { maxProblems = n }(maxProblems)
	maxProblems = 100
	for name, want := range map[string]string{
		"large.csv": "has 2147483648 bytes: of a table at most 1073741824 are read",
		"none.csv":  `more than 100 files cannot be taken, the last one is "none.png": it cannot be read (no such file`,
	} {
		if _, err := Open(t.Context(), filepath.Join(dir, name), Options{}, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Listing a table hears that it is to end.
func TestTableIsLeft(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	dir := folderOf(t, map[string][]byte{"x": grey(t, 1, 1), "set.csv": []byte(strings.Repeat("x,a\n", 1000))})
	p := &place{FS: left{folder(dir), cancel}, path: dir}
	if l, err := p.readTable(ctx, "set.csv"); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, %v", l, err)
	}
}

// left is a folder in which the first look at a file named x is interrupted.
type left struct {
	folder
	cancel func()
}

func (f left) Stat(name string) (fs.FileInfo, error) {
	if name == "x" {
		f.cancel()
	}
	return f.folder.Stat(name)
}
