// Package formats opens weights files of every format that is read, by what they hold.
package formats

import (
	"errors"
	"fmt"
	"io"
	"os"

	"cgan/weights"
	"cgan/weights/internal/filekind"
	"cgan/weights/pt"
	"cgan/weights/safetensors"
)

// File is what Open found.
type File struct {
	Path     string
	Format   Format
	Size     int64             // bytes
	Root     weights.Value     // of a safetensors file a StateDict
	Metadata map[string]string // __metadata__ of a safetensors file, or what pt.Write put beside the weights
	Notices  []string          // worth a line to the user, no reason to refuse
}

// Open reads a weights file whole, whatever its name: its content decides the format. It reads
// regular files only. Errors name the path; what is wrong inside the file is a
// *weights.FormatError.
func Open(path string) (*File, error) {
	info, err := os.Stat(path) // before opening, which would wait on a named pipe
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, &weights.FormatError{File: path, Reason: fmt.Sprintf("is %s, not a file", filekind.Name(info.Mode()))}
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := readAll(f, info.Size())
	if err != nil {
		return nil, inFile(path, err)
	}
	return Parse(path, data)
}

// Parse is Open of what is in memory already; path names it in errors. The tensors of what it gives may lie in data.
func Parse(path string, data []byte) (*File, error) {
	file := &File{Path: path, Size: int64(len(data))}
	if err := file.parse(data); err != nil {
		return nil, inFile(path, err)
	}
	return file, nil
}

func (f *File) parse(data []byte) (err error) {
	kind := sniff(data)
	f.Format = kind.format
	switch kind.format {
	case PyTorch, LegacyPyTorch:
		if f.Root, f.Notices, err = pt.Read(data); err != nil && isZip(data) {
			if reason := foreignZip(data); reason != "" {
				err = weights.Refuse("", "%s", reason)
			}
		} else if err == nil && isZip(data) {
			f.Metadata = pt.Metadata(data)
		}
	case Safetensors:
		err = f.parseSafetensors(data)
	default:
		err = weights.Refuse("", "%s", kind.reason)
	}
	return err
}

func (f *File) parseSafetensors(data []byte) error {
	state, metadata, err := safetensors.Read(data)
	if err != nil {
		return err
	}
	nonFinite := func(t *weights.Tensor) bool { return t.DType.HasNonFinite(t.Data) }
	if notice := weights.NonFiniteNotice(state, nonFinite); notice != "" {
		f.Notices = append(f.Notices, notice)
	}
	f.Root, f.Metadata = state, metadata
	return nil
}

// maxFileSize keeps a sparse file from asking for more memory than a machine has.
const maxFileSize = 16 << 30

// readAll reads the whole of a file into one buffer: every check then sees the bytes that are
// used, and contiguous tensors need no copy. Files are read, never mapped: a mapped file that
// shrinks kills the process.
func readAll(r io.ReaderAt, size int64) ([]byte, error) {
	if size < 0 || size > maxFileSize {
		return nil, weights.Refuse("", "the file has %d bytes; at most %d are read", size, int64(maxFileSize))
	}
	buffer := make([]byte, size)
	n, err := io.ReadFull(io.NewSectionReader(r, 0, size), buffer)
	if err == io.EOF && size == 0 {
		err = nil
	}
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return nil, weights.Refuse("", "ended after %d of %d bytes: it changed while being read", n, size)
	}
	if err != nil {
		return nil, fmt.Errorf("reading: %w", err)
	}
	return buffer, nil
}

// inFile adds the path to an error that was made without one.
func inFile(path string, err error) error {
	var format *weights.FormatError
	if errors.As(err, &format) {
		format.File = path
		return err
	}
	return fmt.Errorf("%s: %w", path, err)
}
