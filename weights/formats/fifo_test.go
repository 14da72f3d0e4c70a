//go:build unix

package formats

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestNamedPipeIsRefusedAtOnce(t *testing.T) { // 93
	path := filepath.Join(t.TempDir(), "pipe.pt")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Skip("the file system has no named pipes:", err)
	}
	if _, err := Open(path); err == nil || !strings.Contains(err.Error(), "is a named pipe") {
		t.Error(err)
	}
}
