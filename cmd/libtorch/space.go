package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// checkSpace refuses to start a fetch that can't end. At its peak there are
// the wheels and either pip's second copy of them or what is unpacked.
func (f fetcher) checkSpace() error {
	free, err := f.free(f.root)
	if err != nil {
		return fmt.Errorf("free space of %s: %w", f.root, err)
	}
	down := f.rel.download()
	need := uint64(down + max(down, f.rel.unpacked))
	if free < need {
		return fmt.Errorf("fetching libtorch %s needs %s, and %s has %s free: make room or set XDG_CACHE_HOME to a folder on another disk",
			f.rel.version, megabytes(need), f.root, megabytes(free))
	}
	return nil
}

// freeSpace is the number of bytes that the user may still write to dir's disk.
func freeSpace(dir string) (uint64, error) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return 0, err
	}
	return s.Bavail * uint64(s.Bsize), nil
}

// lock takes the lock file at path and returns what gives it back. It calls
// waiting once if another process holds it. The system gives it back when a
// process dies, however it dies.
func lock(ctx context.Context, path string, waiting func()) (func(), error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	for told := false; ; told = true {
		err := unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err == nil {
			return func() { file.Close() }, nil
		}
		if !errors.Is(err, unix.EWOULDBLOCK) && !errors.Is(err, unix.EINTR) {
			file.Close()
			return nil, fmt.Errorf("locking %s: %w", path, err)
		}
		if !told {
			waiting()
		}
		select {
		case <-ctx.Done():
			file.Close()
			return nil, ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// onDir calls a flush of the system on the folder dir.
func onDir(dir string, flush func(fd int) error) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return flush(int(d.Fd()))
}
