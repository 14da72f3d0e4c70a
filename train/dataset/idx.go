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
	"path"
	"regexp"
	"slices"
	"strings"
	"syscall"
)

// idxFile is an IDX file whose header has been read and found sound.
type idxFile struct {
	path   string
	info   fs.FileInfo
	file   fs.File
	data   io.Reader // unpacked
	offset int64     // bytes taken from data
	kind   byte      // of the values, as IDX has it
	dims   []uint64
}

// idxName is what IDX files are called, from the folders that torchvision makes and from Kaggle: what stands before
// the split, the split, what it holds.
var idxName = regexp.MustCompile(`^(.*?)(train|t10k|test)-(images|labels)[-.]idx[134]-ubyte(?:\.gz)?$`)

// idxFolders are where in a folder the files may lie.
var idxFolders = []string{".", "raw", "MNIST/raw", "mnist", "FashionMNIST/raw", "KMNIST/raw", "EMNIST/raw", "gzip"}

// idxStem is where IDX files lie in a place, and what stands before the split in their names, such as emnist-letters-.
type idxStem struct{ folder, prefix string }

// stems finds the IDX files of the place, by one of each prefix; of those that begin with the prefix that was named.
func (p *place) stems() (found []idxStem) {
	for _, folder := range idxFolders {
		entries, err := fs.ReadDir(p.FS, folder)
		if err != nil {
			continue
		}
		for _, e := range entries {
			m := idxName.FindStringSubmatch(e.Name())
			if m != nil && strings.HasPrefix(m[1], p.prefix) && !slices.ContainsFunc(found, func(s idxStem) bool { return s.prefix == m[1] }) {
				found = append(found, idxStem{folder, m[1]})
			}
		}
	}
	return found
}

// openIDX opens the first of the places where p may have a file of one of those names, and reads the header.
func openIDX(p *place, names []string, ranks ...int) (*idxFile, error) {
	for _, name := range names {
		for _, path := range places(name) {
			if info, err := fs.Stat(p.FS, path); errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) || err == nil && info.IsDir() {
				continue
			}
			f := &idxFile{path: p.full(path)}
			var err error
			if f.file, f.info, err = p.openRegular(path); err != nil {
				return nil, f.readError(err)
			}
			if err := f.start(f.file, ranks...); err != nil {
				f.file.Close()
				return nil, err
			}
			return f, nil
		}
	}
	f := &idxFile{path: p.full(names[0])}
	return nil, f.fail(0, fs.ErrNotExist, "there is no such file, nor one with .gz: %s", p.nearby("; name the one with the four IDX files"))
}

// places are the paths that a file such as train-images-idx3-ubyte has in folders as people have them, the gzipped one
// before the plain one: as its authors name it, with a dot as Kaggle and unpackers write it, in a folder of its own name,
// and below the folders that torchvision makes.
func places(name string) (paths []string) {
	dotted := strings.Replace(name, "-idx", ".idx", 1)
	for _, below := range idxFolders {
		for _, base := range []string{name, dotted} {
			for _, file := range []string{base + ".gz", base, base + "/" + name + ".gz", base + "/" + base, base + "/" + name} {
				paths = append(paths, path.Join(below, file))
			}
		}
	}
	return paths
}

// nearby says what a folder without the wanted files has instead, and what to do.
func (p *place) nearby(advice string) string {
	const most = 6
	entries, err := fs.ReadDir(p.FS, ".")
	if err != nil {
		return "the folder cannot be read (" + cause(err) + ")" + advice
	}
	var names []string
	for _, e := range entries {
		names = append(names, fmt.Sprintf("%.60q", e.Name()))
	}
	switch {
	case len(names) == 0:
		return "the folder is empty" + advice
	case len(names) > most:
		names = append(names[:most], fmt.Sprintf("and %d more", len(names)-most))
	}
	return "the folder has " + strings.Join(names, ", ") + advice
}

// start begins to read raw, unpacking it where it is gzip by its content, and takes the header.
func (f *idxFile) start(raw io.Reader, ranks ...int) error {
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
	return f.header(ranks...)
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

// idxKinds are the bytes of a whole number by its kind; images are unsigned bytes, and labels any of these.
var idxKinds = map[byte]uint64{0x08: 1, 0x09: 1, 0x0b: 2, 0x0c: 4}

// header reads the magic (0, 0, kind of the values, rank) and one big-endian uint32 for each dimension.
func (f *idxFile) header(ranks ...int) error {
	magic := make([]byte, 4)
	if err := f.read(magic); err != nil {
		return f.readError(err)
	}
	rank := int(magic[3])
	f.kind = magic[2]
	if magic[0] != 0 || magic[1] != 0 || !slices.Contains(ranks, rank) || ranks[0] > 1 && f.kind != 8 || idxKinds[f.kind] == 0 {
		return f.fail(0, nil, "starts with bytes % x, but an IDX file of bytes in %d dimensions starts with % x: %s",
			magic, ranks[0], []byte{0, 0, 8, byte(ranks[0])}, idxAdvice)
	}
	sizes := make([]byte, 4*rank)
	if err := f.read(sizes); err != nil {
		return f.readError(err)
	}
	product := idxKinds[f.kind]
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
	want := int(idxKinds[f.kind])
	for _, size := range f.dims {
		want *= int(size)
	}
	data, err := f.take(nil, want)
	if err != nil {
		return nil, err
	}
	return data, f.end()
}

// take reads n bytes, into the room of a slice as far as that goes. It doubles what has really been read, so a false header
// costs nothing.
func (f *idxFile) take(room []byte, n int) ([]byte, error) {
	data := room[:0]
	for len(data) < n {
		if len(data) == cap(data) {
			data = append(make([]byte, 0, len(data)+min(max(len(data), 1<<16), n-len(data))), data...)
		}
		end := min(cap(data), n)
		if err := f.read(data[len(data):end]); err != nil {
			return nil, f.readError(err)
		}
		data = data[:end]
	}
	return data, nil
}

// end sees that nothing follows what the header promises.
func (f *idxFile) end() error {
	end := f.offset
	if err := f.read(make([]byte, 1)); err == nil {
		return f.fail(end, nil, "data goes on where the header says it ends: %s", idxAdvice)
	} else if err != io.EOF { // a wrong gzip checksum shows only here
		return f.fail(end, err, "the gzip data does not end as it should (%v): %s", err, idxAdvice)
	}
	return nil
}

func (f *idxFile) read(p []byte) error {
	n, err := io.ReadFull(f.data, p)
	f.offset += int64(n)
	return err
}
