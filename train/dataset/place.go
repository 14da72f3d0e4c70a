package dataset

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"syscall"
)

// place is where a set lies: a folder on the disk or in an archive.
type place struct {
	fs.FS
	path   string // of the folder, for messages
	csv    string // the table in it that was named; empty for none
	prefix string // what the names of the IDX files begin with that were named; empty for none
	zip    *zip.ReadCloser
}

// folder is a folder on the disk. Other than of os.DirFS its names may lead outside, as a user's own table may.
type folder string

func (d folder) full(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(string(d), filepath.FromSlash(name))
}

func (d folder) Open(name string) (fs.File, error)          { return os.Open(d.full(name)) }
func (d folder) Stat(name string) (fs.FileInfo, error)      { return os.Stat(d.full(name)) }
func (d folder) ReadDir(name string) ([]fs.DirEntry, error) { return os.ReadDir(d.full(name)) }

// full is a name in the place as messages have it.
func (p *place) full(name string) string { return folder(p.path).full(name) }

// fail is an error of the place, or of a name in it.
func (p *place) fail(name string, cause error, reason string) error {
	return &DataError{File: p.full(name), Offset: -1, Reason: reason, Err: cause}
}

// errNoFile is why a pipe is not opened: that would wait for ever.
var errNoFile = errors.New("it is a folder, a device or a pipe, not a file")

// openRegular opens a file of the place, and nothing that is none.
func (p *place) openRegular(name string) (fs.File, fs.FileInfo, error) {
	info, err := fs.Stat(p.FS, name)
	if err == nil && !info.Mode().IsRegular() {
		err = &fs.PathError{Op: "open", Path: name, Err: errNoFile}
	}
	if err != nil {
		return nil, nil, err
	}
	f, err := p.Open(name)
	return f, info, err
}

// locate finds what data names: a folder, an archive, a file in one of them, or with DIR/emnist-letters
// the IDX files in DIR whose names begin so.
func locate(data string) (*place, error) {
	info, err := os.Stat(data)
	switch {
	case err == nil && info.IsDir():
		return &place{FS: folder(data), path: data}, nil
	case err == nil && !info.Mode().IsRegular(): // opening a pipe would wait for ever
		return nil, fileError(data, nil, "is a device or a pipe, not a file: "+idxAdvice)
	case err == nil:
		return locateFile(data, "")
	case !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENOTDIR):
		return nil, fileError(data, err, cause(err)+": name a folder or file that can be read")
	}
	for up := filepath.Dir(data); ; up = filepath.Dir(up) {
		if info, err := os.Stat(up); err == nil && info.Mode().IsRegular() {
			within, err := filepath.Rel(up, data)
			if err != nil {
				return nil, err
			}
			return locateFile(up, filepath.ToSlash(within))
		} else if err == nil && up == filepath.Dir(data) && info.IsDir() {
			return (&place{FS: folder(up), path: up}).pick(filepath.Base(data))
		} else if err == nil || up == filepath.Dir(up) {
			return nil, missing(data)
		}
	}
}

func missing(data string) error {
	return fileError(data, fs.ErrNotExist, "there is no such folder or file: name one, or a set such as mnist or fashion-mnist")
}

func fileError(file string, cause error, reason string) error {
	return &DataError{File: file, Offset: -1, Reason: reason, Err: cause}
}

// cause is an error without the path that it may carry.
func cause(err error) string {
	var path *fs.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	return err.Error()
}

// locateFile finds what is named within a file: an archive, or else nothing.
func locateFile(file, within string) (*place, error) {
	begin, err := beginning(file)
	if err != nil {
		return nil, fileError(file, err, cause(err)+": name a file that can be read")
	}
	if !bytes.HasPrefix(begin, []byte("PK\x03\x04")) && !bytes.HasPrefix(begin, []byte("PK\x05\x06")) {
		if within != "" {
			return nil, missing(filepath.Join(file, filepath.FromSlash(within)))
		}
		return (&place{FS: folder(filepath.Dir(file)), path: filepath.Dir(file)}).pick(filepath.Base(file))
	}
	archive, err := zip.OpenReader(file)
	if err != nil {
		return nil, fileError(file, err, "is a zip archive that cannot be read ("+err.Error()+"): "+idxAdvice)
	}
	p := &place{FS: archive, path: file, zip: archive}
	if within == "" {
		return p, nil
	}
	picked, err := p.pick(within)
	if err != nil {
		archive.Close()
	}
	return picked, err
}

// beginning is the first 512 bytes of a file, or less of a short one.
func beginning(file string) ([]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	begin := make([]byte, 512)
	n, err := io.ReadFull(f, begin)
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		err = nil
	}
	return begin[:n], err
}

// pick is what a name within the place names: a folder, a table, an IDX file, or what IDX files begin with.
func (p *place) pick(name string) (*place, error) {
	info, err := fs.Stat(p.FS, name)
	if err == nil && info.IsDir() {
		return p.below(name)
	}
	base := path.Base(name)
	picked, belowErr := p.below(path.Dir(name))
	if belowErr != nil {
		return nil, missing(p.full(name))
	}
	if err != nil {
		if picked.prefix = base + "-"; len(picked.stems()) == 0 {
			return nil, missing(p.full(name))
		}
		return picked, nil
	}
	if strings.EqualFold(path.Ext(name), ".csv") {
		picked.csv = base
		return picked, nil
	}
	if m := idxName.FindStringSubmatch(base); m != nil {
		picked.prefix = m[1]
		return picked, nil
	}
	return nil, p.unknown(name)
}

// below is a folder of the place.
func (p *place) below(name string) (*place, error) {
	if name == "." {
		return p, nil
	}
	if f, ok := p.FS.(folder); ok {
		return &place{FS: folder(f.full(name)), path: f.full(name)}, nil
	}
	sub, err := fs.Sub(p.FS, name)
	return &place{FS: sub, path: p.full(name), zip: p.zip}, err
}

// unknown says what a file is that holds no set.
func (p *place) unknown(name string) error {
	what := "is none of these"
	if f, _, err := p.openRegular(name); err == nil {
		defer f.Close()
		begin := make([]byte, 512)
		n, _ := io.ReadFull(f, begin) // less of a short file
		if found := foreign(begin[:n]); found != "" {
			what = "is " + found
		}
	}
	return p.fail(name, nil, "is not a directory: name a folder, a .zip, a .csv or an IDX file; this "+what)
}

func (p *place) close() {
	if p.zip != nil {
		p.zip.Close()
	}
}
