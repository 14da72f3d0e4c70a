//go:build unix

package dataset

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// A pipe is refused, not waited for.
func TestPipes(t *testing.T) {
	ownCache(t)
	dir := folderOf(t, map[string][]byte{"a/x": grey(t, 1, 1), "b/x": grey(t, 1, 2), "t.csv": []byte("a/x,a\na/pipe,b\n")})
	if err := syscall.Mkfifo(filepath.Join(dir, "a", "pipe"), 0o600); err != nil {
		t.Skip("no named pipes:", err)
	}
	for path, want := range map[string]string{
		filepath.Join(dir, "a", "pipe"): "is a device or a pipe",
		dir:                             `the first is "a/pipe": it is not a file`,
		filepath.Join(dir, "t.csv"):     `the first is "a/pipe": it is not a file`,
	} {
		if _, err := Open(t.Context(), path, Options{}, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", path, err)
		}
	}
}
