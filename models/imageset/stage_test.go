package imageset

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// addAll adds images of one pixel, of class i % 2.
func addAll(t *testing.T, w Writer, n int) {
	t.Helper()
	for i := range n {
		if err := w.Add(Image{Pixels: []float32{0}, Class: i % 2, Row: i}); err != nil {
			t.Fatal(err)
		}
	}
}

// Many files join a folder or, where one of them can't, none, on file systems without links too.
func TestManyFilesJoinAFolderOrNone(t *testing.T) {
	const n = 60
	atOnce = 7
	t.Cleanup(func() { atOnce, link = 1024, os.Link })
	about := About{N: n, Channels: 1, Height: 1, Width: 1, Classes: []string{"new", "old"}}
	for name, linking := range map[string]func(string, string) error{
		"links": os.Link,
		"no links": func(from, to string) error {
			return &os.LinkError{Op: "link", Old: from, New: to, Err: errors.ErrUnsupported}
		},
	} {
		link = linking
		dir := t.TempDir()
		if err := os.Mkdir(filepath.Join(dir, "old"), 0o777); err != nil {
			t.Fatal(err)
		}
		for _, blocked := range []bool{true, false} {
			w, err := NewFolder(dir, about)
			if err != nil {
				t.Fatal(err)
			}
			addAll(t, w, n)
			mine := filepath.Join(dir, "old", "seed-0-row-31.png")
			if blocked { // while the set is being drawn
				if err := os.WriteFile(mine, nil, 0o666); err != nil {
					t.Fatal(err)
				}
			}
			var exists *ExistsError
			if err := w.Close(); blocked != errors.As(err, &exists) || !blocked && err != nil {
				t.Errorf("%s: got %v", name, err)
			}
			got := files(t, dir)
			if blocked && !slices.Equal(got, []string{"old/seed-0-row-31.png"}) || !blocked && len(got) != n {
				t.Errorf("%s, blocked %v: there are %d files", name, blocked, len(got))
			}
			if _, err := os.Lstat(filepath.Join(dir, "new")); blocked == (err == nil) {
				t.Errorf("%s, blocked %v: the folder new: %v", name, blocked, err)
			}
			if blocked {
				os.Remove(mine)
			} else if info, err := os.Stat(mine); err != nil || info.Size() == 0 {
				t.Errorf("%s: an image is empty: %v", name, err)
			}
		}
	}
}

// A folder that another program makes while the set is drawn is joined, and a file is in the way.
func TestAFolderThatAppearsMeanwhileIsJoined(t *testing.T) {
	about := About{N: 2, Channels: 1, Height: 1, Width: 1, Classes: []string{"a", "b"}}
	for want, make := range map[string]func(dir string) error{
		"a/seed-0-row-0.png b/seed-0-row-1.png": func(dir string) error { return os.Mkdir(dir, 0o777) },
		"a/mine a/seed-0-row-0.png b/seed-0-row-1.png": func(dir string) error {
			return errors.Join(os.MkdirAll(filepath.Join(dir, "a"), 0o777), os.WriteFile(filepath.Join(dir, "a", "mine"), nil, 0o666))
		},
		"a/seed-0-row-0.png": func(dir string) error {
			return errors.Join(os.MkdirAll(filepath.Join(dir, "a"), 0o777), os.WriteFile(filepath.Join(dir, "a", "seed-0-row-0.png"), nil, 0o666))
		},
		"": func(dir string) error { return os.WriteFile(dir, nil, 0o666) },
	} {
		above := t.TempDir()
		dir := filepath.Join(above, "set")
		w, err := NewFolder(dir, about)
		if err != nil {
			t.Fatal(err)
		}
		addAll(t, w, 2)
		if err := make(dir); err != nil {
			t.Fatal(err)
		}
		err = w.Close()
		w.Discard()
		var exists *ExistsError
		switch {
		case want == "":
			if err == nil || err.Error() != dir+" is a file: name a folder" {
				t.Errorf("got %v", err)
			}
		case want == "a/seed-0-row-0.png":
			if !errors.As(err, &exists) {
				t.Errorf("got %v", err)
			}
		case err != nil:
			t.Error(err)
		}
		if want != "" && strings.Join(files(t, dir), " ") != want {
			t.Errorf("there are %v, want %v", files(t, dir), want)
		}
		if left, err := os.ReadDir(above); err != nil || len(left) != 1 {
			t.Errorf("%v stays, %v", left, err)
		}
	}
}
