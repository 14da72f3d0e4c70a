package models

import (
	"os"
	"path/filepath"
	"testing"
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
