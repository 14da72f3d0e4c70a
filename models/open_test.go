package models

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cgan/weights/pretrained"
)

func TestTheLastCheckpointIsThatOfTheHighestStep(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"checkpoint-000100.pt", "checkpoint-999999.pt", "checkpoint-1000000.pt", "checkpoint-000100-good.pt", "checkpoint-best.pt"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if paths, err := weightsFiles(dir); err != nil || len(paths) != 3 || filepath.Base(paths[0]) != "checkpoint-1000000.pt" || filepath.Base(paths[2]) != "checkpoint-000100.pt" {
		t.Errorf("got %s, %v", paths, err)
	}
}

// A name of the generators that ship with cgan is that one, as the name of a data set is the set, and a folder has its path.
func TestOpenPretrained(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, name := range pretrained.Names() {
		if err := os.Mkdir(name, 0o755); err != nil {
			t.Fatal(err)
		}
		w, err := Open(name, "")
		if err != nil || w.File.Path != name || len(w.Classes) != 10 || len(w.File.Notices) > 0 || w.Assumed != nil {
			t.Errorf("%s: %+v, %v", name, w, err)
		}
		if _, err := Open("./"+name, ""); err == nil || !strings.Contains(err.Error(), "holds no checkpoint") {
			t.Errorf("%s: a folder of that name: %v", name, err)
		}
	}
	if _, err := Open("mnis", ""); err == nil || !strings.Contains(err.Error(), "mnist") {
		t.Errorf("%v", err)
	}
}
