package imageset

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
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

// publish gives the files their place.
func (s *stage) publish() error {
	if !s.joins {
		return withoutName(os.Rename(s.dir, s.target))
	}
	var done []string
	err := filepath.WalkDir(s.dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(s.dir, path)
		if err != nil || name == "." {
			return err
		}
		to := filepath.Join(s.target, name)
		if entry.IsDir() {
			if err = os.Mkdir(to, 0o777); errors.Is(err, fs.ErrExist) {
				return nil
			}
		} else {
			err = move(path, to)
		}
		if err == nil {
			done = append(done, to)
		}
		return err
	})
	if err != nil {
		for i := len(done) - 1; i >= 0; i-- {
			os.Remove(done[i])
		}
	}
	s.discard()
	return err
}

// move gives a file a name that nothing has. A file system without links gets a look instead.
func move(from, to string) error {
	err := os.Link(from, to)
	if err == nil {
		return nil
	}
	if _, missing := os.Lstat(to); missing == nil {
		return &ExistsError{to}
	}
	return withoutName(os.Rename(from, to))
}

// withoutName is err without the name of the hidden folder.
func withoutName(err error) error {
	if at := (*os.LinkError)(nil); errors.As(err, &at) {
		return at.Err
	}
	return err
}

func (s *stage) discard() { os.RemoveAll(s.dir) }
