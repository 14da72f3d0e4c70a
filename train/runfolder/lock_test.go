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
