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
	"strings"

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
	target, replaced, err := writeTarget(path, force)
	if err != nil {
		return err
	}
	mode := fs.FileMode(0o666)
	if replaced != nil {
		mode = replaced.Mode().Perm()
	}
	temp, err := d.createTemp(target, mode)
	if err != nil {
		return fmt.Errorf("cannot write %s: the folder %s: %w", path, filepath.Dir(target), cause(err))
	}
	defer func() { _ = d.Remove(temp.Name()) }() // fails once the file has its final name
	defer temp.Close()                           // for a write that panics; closing twice does no harm
	if replaced != nil {
		_ = temp.Chmod(mode) // what umask took away; fails where the file system has no modes
	}
	sum := sha256.New()
	err = writeTemp(temp, func(w io.Writer) error { return write(io.MultiWriter(w, sum)) })
	if err == nil {
		err = d.readBack(temp.Name(), sum.Sum(nil))
	}
	if err == nil {
		err = d.publish(temp.Name(), target, force)
	}
	if err != nil {
		if strings.Contains(err.Error(), temp.Name()) {
			err = cause(err)
		}
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

// writeTarget returns the file to write, where any symbolic links lead, and what is there to be replaced.
func writeTarget(path string, force bool) (target string, replaced fs.FileInfo, err error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		if to, err := os.Readlink(path); err == nil {
			return "", nil, fmt.Errorf("cannot write %s: it is a symbolic link to %s, which does not exist: remove the link", path, to)
		}
		return path, nil, nil
	}
	if err != nil {
		return "", nil, err
	}
	if !info.Mode().IsRegular() {
		return "", nil, fmt.Errorf("cannot write %s: it is %s, not a file", path, filekind.Name(info.Mode()))
	}
	if !force {
		return "", nil, errExists(path)
	}
	target, err = filepath.EvalSymlinks(path)
	return target, info, err
}

func errExists(path string) error {
	return fmt.Errorf("%s exists already: choose another name or force to overwrite it: %w", path, fs.ErrExist)
}

// Temporary is the pattern, as of filepath.Match, of the names of temporary files: one that a killed process left is no use
// to anybody. Files whose own name has no ending have others.
const Temporary = ".*.*.*.tmp"

// longestBase leaves room in a temporary file's name, of which file systems take 255 bytes.
const longestBase = 200

// createTemp makes a new hidden file beside the target, with a mode less what umask takes away.
func (d Disk) createTemp(target string, mode fs.FileMode) (File, error) {
	base := filepath.Base(target)
	base = strings.ToValidUTF8(base[max(0, len(base)-longestBase):], "")
	for {
		suffix := strconv.FormatUint(rand.Uint64(), 36)
		name := filepath.Join(filepath.Dir(target), "."+base+"."+suffix+".tmp")
		temp, err := d.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
		if !errors.Is(err, fs.ErrExist) {
			return temp, err
		}
	}
}

// cause is an error about a temporary file without its name.
func cause(err error) error {
	var at *fs.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &at):
		return at.Err
	case errors.As(err, &link):
		return link.Err
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
