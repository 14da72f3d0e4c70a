package imageset

import (
	"archive/zip"
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A class keeps its name wherever Linux has a folder of it, and no two share one.
func TestFoldersHaveTheExactNamesOfClasses(t *testing.T) {
	long := strings.Repeat("é", 128) // 256 bytes
	for _, c := range []struct{ classes, want []string }{
		{[]string{"3:4", "what?", "y.", "a", "A", " b ", "c\\d", "<|*>", "ÿ", "-"}, nil},
		{[]string{long[:254], "con", "Thumbs"}, nil},
		{[]string{"hat/cap", "hat-cap", "hat\x00cap"}, []string{"class-0", "hat-cap", "class-2"}},
		{[]string{"", "class-0", "class-0-2", "class-1"}, []string{"class-0-3", "class-0", "class-0-2", "class-1"}},
		{[]string{".", "..", ".git", "-git"}, []string{"-", "-.", "class-2", "-git"}},
		{[]string{long, "thumbs.DB", "desktop.ini", "__MACOSX"}, []string{"class-0", "class-1", "class-2", "class-3"}},
		{[]string{"a\nb", "a\u0085c", "a\xffd"}, []string{"a-b", "a-c", "a-d"}},
		{[]string{"same", "same", "class-1"}, []string{"same", "class-1-2", "class-1"}},
	} {
		want := c.want
		if want == nil {
			want = c.classes
		}
		got := FolderNames(c.classes)
		if !slices.Equal(got, want) {
			t.Errorf("%q becomes %q, want %q", c.classes, got, want)
		}
		for _, name := range got {
			if err := os.Mkdir(filepath.Join(t.TempDir(), name), 0o777); err != nil {
				t.Error(err)
			}
		}
	}
}

// An archive leads nowhere but to its own folders, on any system.
func TestNamesInAnArchiveAreSafe(t *testing.T) {
	classes := []string{"..", `..\..\x`, "/etc", `\\host\c`, "C:", "c:x", "3:4", "what?", ".."}
	names := ZipNames(classes)
	if want := []string{"-.", "-.-..-x", "-etc", "--host-c", "C-", "c-x", "3:4", "what?", "class-8"}; !slices.Equal(names, want) {
		t.Errorf("got %q, want %q", names, want)
	}
	var file bytes.Buffer
	w := zip.NewWriter(&file)
	for _, name := range names {
		if _, err := w.Create(name + "/0.png"); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	t.Setenv("GODEBUG", "zipinsecurepath=0")
	if _, err := zip.NewReader(bytes.NewReader(file.Bytes()), int64(file.Len())); err != nil {
		t.Error(err)
	}
}

// Images of a class join those of its folder in the set that it was trained on.
func TestImagesJoinTheFolderOfTheirClass(t *testing.T) {
	dir := t.TempDir()
	about := About{N: 4, Channels: 1, Height: 1, Width: 1, Classes: []string{"3:4", "3-4", "a", "A"}}
	for _, class := range about.Classes {
		if err := os.Mkdir(filepath.Join(dir, class), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	w, err := NewFolder(dir, about)
	if err != nil {
		t.Fatal(err)
	}
	write(t, w, about)
	want := []string{"3-4/seed--3-row-1.png", "3:4/seed--3-row-0.png", "A/seed--3-row-3.png", "a/seed--3-row-2.png"}
	if got := files(t, dir); !slices.Equal(got, want) {
		t.Errorf("there are %v, want %v", got, want)
	}
}
