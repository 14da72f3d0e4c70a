package runfolder

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
)

func take(t *testing.T, dir string) *Lock {
	t.Helper()
	l, err := Take(dir)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestOneProcessHasARun(t *testing.T) {
	dir := t.TempDir()
	first := take(t, dir)
	_, err := Take(dir)
	if !errors.Is(err, ErrLocked) || !strings.Contains(err.Error(), dir) || !strings.Contains(err.Error(), fmt.Sprintf("process %d on", os.Getpid())) {
		t.Errorf("taken twice: %v", err)
	}
	first.Release()
	take(t, dir).Release()
}

// A process whose folder was removed does not write into that of the run which began in its place.
func TestAFolderThatIsAnothersNow(t *testing.T) {
	dir := t.TempDir()
	l := take(t, dir)
	defer l.Release()
	if err := l.Check(); err != nil {
		t.Error(err)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := l.Check(); err != nil {
		t.Errorf("where nobody else has it: %v", err)
	}
	if err := os.Mkdir(dir, 0o755); err != nil { // before the other run has locked it
		t.Fatal(err)
	}
	if err := l.Check(); !errors.Is(err, ErrLocked) || !strings.Contains(err.Error(), dir) {
		t.Errorf("another has it: %v", err)
	}
}
