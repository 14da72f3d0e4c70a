package models

import (
	"os"
	"path/filepath"
	"testing"
)

func TestTheLastCheckpointIsThatOfTheHighestStep(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"checkpoint-000100.pt", "checkpoint-999999.pt", "checkpoint-1000000.pt"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if path, err := weightsFile(dir); err != nil || filepath.Base(path) != "checkpoint-1000000.pt" {
		t.Errorf("got %s, %v", path, err)
	}
}
