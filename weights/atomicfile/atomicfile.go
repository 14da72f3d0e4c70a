// Package atomicfile writes files whole or not at all.
package atomicfile

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"

	"cgan/weights/internal/filekind"
)

// Write makes the file at path appear whole or not at all: write fills a temporary file in the
// same folder, which is synced, read back and then renamed. An existing file is refused without force, and
// anything that is not a regular file always. Nothing is left when it fails; with force, the file that
// was there, or where only the folder could not be synced the new one. The error names the path.
func Write(path string, force bool, write func(io.Writer) error) error {
	return System().Write(path, force, write)
}

// Write is the function Write on this disk.
func (d Disk) Write(path string, force bool, write func(io.Writer) error) error {
	target, mode, err := writeTarget(path, force)
	if err != nil {
		return err
	}
	temp, err := d.createTemp(target, mode)
	if err != nil {
		return fmt.Errorf("cannot write %s: the folder %s: %w", path, filepath.Dir(target), cause(err))
	}
	defer func() { _ = d.Remove(temp.Name()) }() // fails once the file has its final name
	defer temp.Close()                           // for a write that panics; closing twice does no harm
	sum := sha256.New()
	err = writeTemp(temp, func(w io.Writer) error { return write(io.MultiWriter(w, sum)) })
	if err == nil {
		err = d.readBack(temp.Name(), sum.Sum(nil))
	}
	if err != nil {
		return fmt.Errorf("cannot write %s: %w", path, err)
	}
	if err := d.publish(temp.Name(), target, force); err != nil {
		return fmt.Errorf("cannot write %s: %w", path, err)
	}
	if err := d.SyncFolder(filepath.Dir(target)); err != nil {
		if !force {
			_ = d.Remove(target)
		}
		return fmt.Errorf("cannot write %s: %w", path, err)
	}
	return nil
}

// writeTarget returns the file to replace, where any symbolic links lead, and the mode it should get.
func writeTarget(path string, force bool) (string, fs.FileMode, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return path, 0o666, nil
	}
	if err != nil {
		return "", 0, err
	}
	if !info.Mode().IsRegular() {
		return "", 0, fmt.Errorf("cannot write %s: it is %s, not a file", path, filekind.Name(info.Mode()))
	}
	if !force {
		return "", 0, errExists(path)
	}
	target, err := filepath.EvalSymlinks(path)
	return target, info.Mode().Perm(), err
}

func errExists(path string) error {
	return fmt.Errorf("%s exists already: choose another name or force to overwrite it: %w", path, fs.ErrExist)
}

// Temporary is the pattern, as of filepath.Match, of the names of temporary files: one that a killed process left is no use
// to anybody. Files whose own name has no ending have others.
const Temporary = ".*.*.*.tmp"

// createTemp makes a new hidden file beside the target. Unlike os.CreateTemp it gives the file the
// mode it will keep.
func (d Disk) createTemp(target string, mode fs.FileMode) (File, error) {
	for {
		suffix := strconv.FormatUint(rand.Uint64(), 36)
		name := filepath.Join(filepath.Dir(target), "."+filepath.Base(target)+"."+suffix+".tmp")
		temp, err := d.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
		if !errors.Is(err, fs.ErrExist) {
			return temp, err
		}
	}
}

// cause is an error without the name of a temporary file.
func cause(err error) error {
	if at := (*fs.PathError)(nil); errors.As(err, &at) {
		return at.Err
	}
	return err
}

// writeTemp writes, syncs and closes the temporary file.
func writeTemp(temp File, write func(io.Writer) error) error {
	buffered := bufio.NewWriterSize(temp, 1<<16)
	if err := write(buffered); err != nil {
		return err
	}
	if err := buffered.Flush(); err != nil {
		return err
	}
	if err := temp.Sync(); err != nil {
		return err
	}
	return temp.Close()
}

// readBack sees that a file holds what was written.
func (d Disk) readBack(path string, want []byte) error {
	file, err := d.OpenFile(path, os.O_RDONLY, 0)
	if err != nil {
		return err
	}
	defer file.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, file); err != nil {
		return err
	}
	if !bytes.Equal(sum.Sum(nil), want) {
		return errors.New("what was read back is not what was written: the disk is damaged")
	}
	return nil
}

// publish gives the temporary file its name. Without force it links, which fails where a file has
// appeared meanwhile; a file system without links gets a last look instead.
func (d Disk) publish(temp, target string, force bool) error {
	if !force {
		err := d.Link(temp, target)
		if err == nil {
			return nil
		}
		if _, missing := os.Lstat(target); errors.Is(err, fs.ErrExist) || missing == nil {
			return errExists(target)
		}
	}
	return d.Rename(temp, target)
}
