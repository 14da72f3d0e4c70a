package runfolder

import (
	"cgan/weights/atomicfile"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestList(t *testing.T) {
	out := t.TempDir()
	var want []string
	for range 2 {
		dir, err := New(out, "a")
		if err != nil {
			t.Fatal(err)
		}
		if err := WriteConfig(atomicfile.System(), dir, map[string]int{"batch": 1}); err != nil {
			t.Fatal(err)
		}
		want = append(want, dir)
	}
	if err := os.MkdirAll(filepath.Join(out, "notes", "config.json"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(out, "a.txt"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if got, err := List(out); err != nil || !slices.Equal(got, want) {
		t.Errorf("%v, %v", got, err)
	}
	if got, err := List(want[1]); err != nil || !slices.Equal(got, want[1:]) {
		t.Errorf("a run folder gives %v, %v", got, err)
	}
	if got, err := List(t.TempDir()); err != nil || len(got) > 0 {
		t.Errorf("an empty folder gives %v, %v", got, err)
	}
	if _, err := List(filepath.Join(out, "none")); !os.IsNotExist(err) {
		t.Errorf("%v", err)
	}
}

func TestSize(t *testing.T) {
	dir := t.TempDir()
	before := Size(dir)
	for _, name := range []string{"a", "b"} {
		if err := os.WriteFile(filepath.Join(dir, name), make([]byte, 500), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got := Size(dir); before != 0 || got != 1000 {
		t.Errorf("%d, then %d bytes", before, got)
	}
}
