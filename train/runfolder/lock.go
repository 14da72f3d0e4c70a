package runfolder

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

const lockName = "lock"

// Lock is what a process holds of a run folder while it trains there, so that no other one does.
type Lock struct {
	file   *os.File
	folder *os.File // kept open, so that no other folder gets its number on the disk
	sure   bool     // the file system has locks
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
	for try := 0; try < 10 && errors.Is(locked, ErrLocked); try++ { // taken has it for a moment
		time.Sleep(10 * time.Millisecond)
		locked = lock(file)
	}
	if errors.Is(locked, ErrLocked) {
		holder, _ := os.ReadFile(path) // by whom, as far as it says
		file.Close()
		return nil, fmt.Errorf("%s: %w: %.100q has it", dir, ErrLocked, strings.TrimSpace(string(holder)))
	}
	folder, err := os.Open(dir)
	if err != nil {
		file.Close()
		return nil, fmt.Errorf("lock the run: %w", err)
	}
	host, _ := os.Hostname()
	if err := file.Truncate(0); err == nil {
		_, _ = fmt.Fprintf(file, "process %d on %s\n", os.Getpid(), host)
	}
	return &Lock{file, folder, locked == nil}, nil
}

// Check is ErrLocked where another run has the folder now: this one's was removed, and a run began in its place. A save that
// began before the other run did is not seen.
func (l *Lock) Check() error {
	dir := l.folder.Name()
	mine, err := l.folder.Stat()
	there, missing := os.Stat(dir)
	if err != nil || missing != nil || os.SameFile(mine, there) { // who writes into a missing folder learns of it
		return nil
	}
	return fmt.Errorf("%s: %w now, and the folder of this run is gone", dir, ErrLocked)
}

// taken says whether a process trains in the run folder. Where the file system has no locks it can't tell.
func taken(dir string) bool {
	file, err := os.Open(filepath.Join(dir, lockName))
	if err != nil {
		return false
	}
	defer file.Close() // and gives back a lock that it got
	return errors.Is(lock(file), ErrLocked)
}

// Release gives the run folder back. The file stays: taking it away would let two processes hold one each.
func (l *Lock) Release() {
	l.file.Close()
	l.folder.Close()
}
