//go:build unix

package atomicfile

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestNamedPipeIsRefusedAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe.pt")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Skip("the file system has no named pipes:", err)
	}
	if err := Write(path, true, nil); err == nil || !strings.Contains(err.Error(), "is a named pipe") {
		t.Error(err)
	}
}
