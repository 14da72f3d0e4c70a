//go:build unix

package dataset

import (
	"errors"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// pipes makes named pipes in a folder.
func pipes(t *testing.T, dir string, names ...string) {
	t.Helper()
	for _, name := range names {
		if err := syscall.Mkfifo(filepath.Join(dir, name), 0o600); err != nil {
			t.Skip("no named pipes:", err)
		}
	}
}

// openInTime is the error of Open, or that it waits for ever.
func openInTime(t *testing.T, data string) error {
	t.Helper()
	done := make(chan error, 1)
	go func() {
		set, err := Open(t.Context(), data, Options{}, nil)
		if err == nil {
			set.Close()
		}
		done <- err
	}()
	select {
	case err := <-done:
		return err
	case <-time.After(10 * time.Second):
		return errors.New("it hangs")
	}
}

// A pipe is refused, not waited for, by whatever name it is found.
func TestPipes(t *testing.T) {
	ownCache(t)
	dir := folderOf(t, map[string][]byte{
		"a/x": grey(t, 1, 1), "b/x": grey(t, 1, 2), "t.csv": []byte("a/x,a\na/pipe,b\n"), "table/x.png": nil,
		"images/" + labelsName: goodLabels, "names/" + imagesName: goodImages, "names/" + labelsName: goodLabels,
	})
	pipes(t, dir, "a/pipe", "table/train.csv", "images/"+imagesName, "names/mapping.txt")
	for path, want := range map[string]string{
		"a/pipe":               "is a device or a pipe",
		".":                    `the first is "a/pipe": it is not a file`,
		"t.csv":                `the first is "a/pipe": it is not a file`,
		"table":                "a device or a pipe",
		"images":               "a device or a pipe",
		"images/" + imagesName: "a device or a pipe",
	} {
		if err := openInTime(t, filepath.Join(dir, path)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", path, err)
		}
	}
	if err := openInTime(t, filepath.Join(dir, "names")); err != nil { // the classes have the names of the labels
		t.Error(err)
	}
}
