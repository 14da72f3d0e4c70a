package imageset

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
)

// stage is a hidden folder that is filled beside a folder, or in it where that is there already. In the end it becomes the folder,
// or its files join those that are there, none of which is replaced.
type stage struct {
	dir, target string
	joins       bool
}

func newStage(target string) (*stage, error) {
	target = filepath.Clean(target)
	s := &stage{target: target}
	info, err := os.Stat(target)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, err
	case !info.IsDir():
		return nil, fmt.Errorf("%s is a file: name a folder", target)
	default:
		s.joins = true
	}
	in := filepath.Dir(target)
	if s.joins {
		in = target
	}
	for {
		s.dir = filepath.Join(in, "."+filepath.Base(target)+"."+strconv.FormatUint(rand.Uint64(), 36)+".tmp")
		if err = os.Mkdir(s.dir, 0o777); !errors.Is(err, fs.ErrExist) {
			return s, errorOf(in, err)
		}
	}
}

// errorOf is err of a folder, without the hidden one's name.
func errorOf(dir string, err error) error {
	if at := (*fs.PathError)(nil); errors.As(err, &at) {
		return fmt.Errorf("the folder %s: %w", dir, at.Err)
	}
	return err
}

// taken is the error of a name that is in the folder already.
func (s *stage) taken(name string) error {
	if !s.joins {
		return nil
	}
	path := filepath.Join(s.target, name)
	if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if err != nil {
		return err
	}
	return &ExistsError{path}
}

// ExistsError is a file that is there already. Nothing replaces it.
type ExistsError struct{ Path string }

// Error is the file.
func (e *ExistsError) Error() string { return e.Path + " exists already" }

// publish gives the files their place, also in a folder that another program has made meanwhile.
func (s *stage) publish() error {
	if !s.joins {
		err := os.Rename(s.dir, s.target)
		if err == nil {
			return nil
		}
		if info, missing := os.Stat(s.target); missing != nil {
			return withoutName(err)
		} else if !info.IsDir() {
			return fmt.Errorf("%s is a file: name a folder", s.target)
		}
	}
	err := s.join()
	s.discard()
	return err
}

// join gives the files their place in a folder that is there, all of them or none. Those of large sets are never in memory together.
func (s *stage) join() error {
	var made []string // few: folders of classes
	err := s.each(".", func(name string, isFolder bool) error {
		from, to := filepath.Join(s.dir, name), filepath.Join(s.target, name)
		if !isFolder {
			return move(from, to)
		}
		err := os.Mkdir(to, 0o777)
		if err == nil {
			made = append(made, to)
		} else if errors.Is(err, fs.ErrExist) {
			return nil
		}
		return err
	})
	if err == nil {
		return nil
	}
	_ = s.each(".", func(name string, isFolder bool) error { // what can't go stays
		if from, to := filepath.Join(s.dir, name), filepath.Join(s.target, name); !isFolder && hasMoved(from, to) {
			os.Remove(to)
		}
		return nil
	})
	for _, folder := range slices.Backward(made) {
		os.Remove(folder)
	}
	return err
}

// each gives the names of all that is in a folder of the stage, a folder before what is in it, in the order of the disk.
func (s *stage) each(folder string, do func(name string, isFolder bool) error) error {
	f, err := os.Open(filepath.Join(s.dir, folder))
	if err != nil {
		return err
	}
	defer f.Close()
	for {
		entries, err := f.ReadDir(atOnce)
		for _, entry := range entries {
			name := filepath.Join(folder, entry.Name())
			err := do(name, entry.IsDir())
			if err == nil && entry.IsDir() {
				err = s.each(name, do)
			}
			if err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// Tests replace them.
var (
	atOnce = 1024 // names are read of a folder
	link   = os.Link
)

// move gives a file a name that nothing has, and leaves the old name, of an empty file where the file system has no links; there a
// look sees to it that nothing has the new one.
func move(from, to string) error {
	err := link(from, to)
	if err == nil || hasMoved(from, to) {
		return nil
	}
	if _, missing := os.Lstat(to); missing == nil {
		return &ExistsError{to}
	}
	if err := os.Rename(from, to); err != nil {
		return withoutName(err)
	}
	if err := os.WriteFile(from, nil, 0o666); err != nil {
		os.Remove(to)
		return err
	}
	return nil
}

// hasMoved says that move has given the file from the name to.
func hasMoved(from, to string) bool {
	a, err := os.Lstat(from)
	if err != nil {
		return false
	}
	b, err := os.Lstat(to)
	return err == nil && (os.SameFile(a, b) || a.Size() == 0)
}

// withoutName is err without the name of the hidden folder.
func withoutName(err error) error {
	if at := (*os.LinkError)(nil); errors.As(err, &at) {
		return at.Err
	}
	return err
}

func (s *stage) discard() { os.RemoveAll(s.dir) }
