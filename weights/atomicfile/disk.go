package atomicfile

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"runtime"
	"syscall"
)

// Disk is the calls that put files on a disk, and that read back what became of them. System has the machine's own, and
// package disktest those of a disk that breaks.
type Disk struct {
	OpenFile     func(path string, flag int, mode fs.FileMode) (File, error) // a folder too, for its Sync
	Link, Rename func(from, to string) error
	Remove       func(path string) error
}

// File is what a Disk opens.
type File interface {
	io.ReadWriteCloser
	Name() string
	Stat() (fs.FileInfo, error)
	Sync() error
	Truncate(size int64) error
	Chmod(mode fs.FileMode) error
}

// System is the machine's own calls.
func System() Disk {
	open := func(path string, flag int, mode fs.FileMode) (File, error) { return os.OpenFile(path, flag, mode) }
	return Disk{open, os.Link, os.Rename, os.Remove}
}

// SyncFolder makes what was made, renamed and removed in a folder last through a power cut. Windows cannot sync a folder
// and needs not.
func (d Disk) SyncFolder(path string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	folder, err := d.OpenFile(path, os.O_RDONLY, 0)
	if err != nil {
		return err
	}
	defer folder.Close()
	if err := folder.Sync(); !lacksSync(err) {
		return err
	}
	return nil
}

// lacksSync says that the file system has no sync of a folder, as some network and shared ones have none.
func lacksSync(err error) bool {
	return errors.Is(err, syscall.EINVAL) || errors.Is(err, errors.ErrUnsupported)
}
