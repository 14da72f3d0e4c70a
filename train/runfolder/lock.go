package runfolder

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

const lockName = "lock"

// Lock is what a process holds of a run folder while it trains there, so that no other one does.
type Lock struct {
	file   *os.File
	holder string // what is in the file
	sure   bool   // the file system has locks
}

// ErrLocked says that another process trains in the run folder.
var ErrLocked = errors.New("another process trains there")

// Take takes the run folder for this process until Release. Where another one has it the error is ErrLocked and names that
// process. A file system without locks is no reason to fail.
func Take(dir string) (*Lock, error) {
	path := filepath.Join(dir, lockName)
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("lock the run: %w", err)
	}
	locked := lock(file)
	if errors.Is(locked, ErrLocked) {
		holder, _ := os.ReadFile(path) // by whom, as far as it says
		file.Close()
		return nil, fmt.Errorf("%s: %w: %.100q has it", dir, ErrLocked, strings.TrimSpace(string(holder)))
	}
	host, _ := os.Hostname()
	l := &Lock{file, fmt.Sprintf("process %d on %s\n", os.Getpid(), host), locked == nil}
	if err := file.Truncate(0); err == nil {
		_, _ = file.WriteString(l.holder)
	}
	return l, nil
}

// Check is ErrLocked where another process has the folder now: this one's was removed, and a run began in its place. A save that
// began before the other run did is not seen.
func (l *Lock) Check() error {
	holder, err := os.ReadFile(l.file.Name())
	if err != nil || len(holder) == 0 || string(holder) == l.holder { // without the file nobody else has it
		return nil
	}
	return fmt.Errorf("%s: %w now: %.100q has it, and the folder of this run is gone", filepath.Dir(l.file.Name()), ErrLocked, strings.TrimSpace(string(holder)))
}

// Release gives the run folder back. The file stays: taking it away would let two processes hold one each.
func (l *Lock) Release() { l.file.Close() }
