package dataset

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"math/bits"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// idxFile is an IDX file whose header has been read and found sound.
type idxFile struct {
	path   string
	file   *os.File
	data   io.Reader // unpacked
	offset int64     // bytes taken from data
	dims   []uint64
}

// openIDX opens the first of the places where dir may have the file, and reads the header.
func openIDX(dir, name string, rank int) (*idxFile, error) {
	if info, err := os.Stat(dir); err == nil && !info.IsDir() {
		f := &idxFile{path: dir}
		return nil, f.fail(0, nil, "is not a directory: name the folder with the four IDX files")
	}
	for _, path := range places(dir, name) {
		info, err := os.Stat(path)
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) || err == nil && info.IsDir() {
			continue
		}
		f := &idxFile{path: path}
		if err == nil && !info.Mode().IsRegular() { // opening a pipe would wait for ever
			return nil, f.fail(0, nil, "is a device or a pipe, not a file: %s", idxAdvice)
		}
		if err == nil {
			f.file, err = os.Open(path)
		}
		if err != nil {
			return nil, f.readError(err)
		}
		if err := f.start(f.file, rank); err != nil {
			f.file.Close()
			return nil, err
		}
		return f, nil
	}
	f := &idxFile{path: filepath.Join(dir, name)}
	return nil, f.fail(0, fs.ErrNotExist, "there is no such file, nor one with .gz: %s", nearby(dir))
}

// places are the paths that a file such as train-images-idx3-ubyte has in folders as people have them, the gzipped one
// before the plain one: as its authors name it, with a dot as Kaggle and unpackers write it, in a folder of its own name,
// and below the folders that torchvision makes.
func places(dir, name string) (paths []string) {
	dotted := strings.Replace(name, "-idx", ".idx", 1)
	for _, below := range []string{"", "raw", "MNIST/raw", "mnist"} {
		for _, base := range []string{name, dotted} {
			for _, file := range []string{base + ".gz", base, base + "/" + name + ".gz", base + "/" + base, base + "/" + name} {
				paths = append(paths, filepath.Join(dir, filepath.FromSlash(below), filepath.FromSlash(file)))
			}
		}
	}
	return paths
}

// nearby says what a folder without the wanted file has instead.
func nearby(dir string) string {
	const most = 6
	entries, err := os.ReadDir(dir)
	if err != nil {
		return "name the folder with the four IDX files"
	}
	var names []string
	for _, e := range entries {
		names = append(names, fmt.Sprintf("%.60q", e.Name()))
	}
	switch {
	case len(names) == 0:
		return "the folder is empty; name the one with the four IDX files"
	case len(names) > most:
		names = append(names[:most], fmt.Sprintf("and %d more", len(names)-most))
	}
	return "the folder has " + strings.Join(names, ", ") + "; name the one with the four IDX files"
}

// start begins to read raw, unpacking it where it is gzip by its content, and takes the header.
func (f *idxFile) start(raw io.Reader, rank int) error {
	data := bufio.NewReaderSize(raw, 1<<16)
	f.data = data
	begin, _ := data.Peek(512) // less of a short file
	if bytes.HasPrefix(begin, []byte("\x1f\x8b")) {
		unpacked, err := gzip.NewReader(data)
		if err != nil {
			return f.readError(err)
		}
		f.data = unpacked
	} else if what := foreign(begin); what != "" {
		return f.fail(0, nil, "is %s, not an IDX file: %s", what, idxAdvice)
	}
	return f.header(rank)
}

// foreign names what a file is that is often taken for an IDX file, or gives nothing.
func foreign(begin []byte) string {
	text := strings.ToLower(string(bytes.TrimLeft(begin, "\xef\xbb\xbf \t\r\n")))
	for _, f := range []struct{ start, what string }{
		{"<!doctype", "a web page: the download went wrong"}, {"<html", "a web page: the download went wrong"}, {"<?xml", "an XML page: the download went wrong"},
		{"version https://git-lfs", "a git-LFS pointer: run git lfs pull"}, {"pk\x03\x04", "a zip archive: unpack it first"},
		{"bzh", "compressed with bzip2: unpack it first"}, {"\xfd7zxz", "compressed with xz: unpack it first"}, {"\x28\xb5\x2f\xfd", "compressed with zstd: unpack it first"},
		{"7z\xbc\xaf", "a 7z archive: unpack it first"}, {"rar!", "a RAR archive: unpack it first"}, {"\x93numpy", "a NumPy array"}, {"par1", "a Parquet table"},
		{"\x89png", "a picture"}, {"label,", "a CSV table"},
	} {
		if strings.HasPrefix(text, strings.ToLower(f.start)) {
			return f.what
		}
	}
	if len(begin) > 262 && string(begin[257:262]) == "ustar" {
		return "a tar archive: unpack it first"
	}
	return ""
}

// header reads the magic (0, 0, 8 for bytes, rank) and one big-endian uint32 for each dimension.
func (f *idxFile) header(rank int) error {
	magic, sizes := make([]byte, 4), make([]byte, 4*rank)
	if err := f.read(magic); err != nil {
		return f.readError(err)
	}
	if want := string([]byte{0, 0, 8, byte(rank)}); string(magic) != want {
		return f.fail(0, nil, "starts with bytes % x, but an IDX file of bytes in %d dimensions starts with % x: %s",
			magic, rank, want, idxAdvice)
	}
	if err := f.read(sizes); err != nil {
		return f.readError(err)
	}
	product := uint64(1)
	for i := range rank {
		size := uint64(binary.BigEndian.Uint32(sizes[4*i:]))
		if size == 0 {
			return f.fail(4+4*int64(i), nil, "dimension %d of %d is 0, the set is empty: %s", i+1, rank, idxAdvice)
		}
		high, low := bits.Mul64(product, size)
		if high != 0 || low > math.MaxInt {
			return f.fail(4+4*int64(i), nil, "the sizes multiply to more than memory can address: %s", idxAdvice)
		}
		product, f.dims = low, append(f.dims, size)
	}
	return nil
}

// body reads exactly the bytes that the header promises, and sees that nothing follows them.
func (f *idxFile) body() ([]byte, error) {
	want := 1
	for _, size := range f.dims {
		want *= int(size)
	}
	data := make([]byte, 0, min(want, 1<<16))
	for len(data) < want {
		if len(data) == cap(data) { // doubles what has really been read, so a false header costs nothing
			data = append(make([]byte, 0, len(data)+min(len(data), want-len(data))), data...)
		}
		if err := f.read(data[len(data):cap(data)]); err != nil {
			return nil, f.readError(err)
		}
		data = data[:cap(data)]
	}
	end := f.offset
	if err := f.read(make([]byte, 1)); err == nil {
		return nil, f.fail(end, nil, "data goes on where the header says it ends: %s", idxAdvice)
	} else if err != io.EOF { // a wrong gzip checksum shows only here
		return nil, f.fail(end, err, "the gzip data does not end as it should (%v): %s", err, idxAdvice)
	}
	return data, nil
}

func (f *idxFile) read(p []byte) error {
	n, err := io.ReadFull(f.data, p)
	f.offset += int64(n)
	return err
}
