package dataset

import (
	"bufio"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"math"
	"math/bits"
	"os"
	"path/filepath"
	"strings"
)

// idxFile is an IDX file whose header has been read and found sound.
type idxFile struct {
	path   string
	file   *os.File
	data   io.Reader // unpacked
	offset int64     // bytes taken from data
	dims   []uint64
}

// openIDX opens dir/name.gz or else dir/name, as the original does, and reads the header.
func openIDX(dir, name string, rank int) (*idxFile, error) {
	for _, path := range []string{filepath.Join(dir, name+".gz"), filepath.Join(dir, name)} {
		info, err := os.Stat(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		f := &idxFile{path: path}
		if err == nil && !info.Mode().IsRegular() { // opening a pipe would wait for ever
			return nil, f.fail(0, nil, "is a folder or a device, not a file: %s", idxAdvice)
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
	f := &idxFile{path: filepath.Join(dir, name+".gz")}
	return nil, f.fail(0, fs.ErrNotExist, "there is no such file, nor one without .gz: name the folder with the IDX files by --data")
}

// start begins to read raw, unpacking it where the name ends in .gz, and takes the header.
func (f *idxFile) start(raw io.Reader, rank int) error {
	f.data = bufio.NewReaderSize(raw, 1<<16)
	if strings.HasSuffix(f.path, ".gz") {
		unpacked, err := gzip.NewReader(f.data)
		if err != nil {
			return f.readError(err)
		}
		f.data = unpacked
	}
	return f.header(rank)
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
