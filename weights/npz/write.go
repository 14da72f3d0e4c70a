package npz

import (
	"archive/zip"
	"encoding/binary"
	"fmt"
	"io"
	"strings"

	"cgan/weights"
)

// Write writes arrays as numpy.savez does, each under its key. The same arrays give the same bytes. The types are those that
// Read knows.
func Write(w io.Writer, arrays weights.StateDict) error {
	file := NewWriter(w)
	for _, e := range arrays {
		values, err := file.Array(e.Key, e.DType, e.Shape)
		if err == nil {
			_, err = values.Write(e.Data)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", e.Key, err)
		}
	}
	return file.Close()
}

// Writer writes arrays as Write does, but their values need not be in memory together.
type Writer struct {
	archive *zip.Writer
	array   *values // the one at hand
}

// NewWriter begins a file. Close ends it.
func NewWriter(w io.Writer) *Writer { return &Writer{archive: zip.NewWriter(w)} }

// Array begins an array. Its values go, row by row and little-endian, into what it returns, all of them before the next array
// begins.
func (w *Writer) Array(name string, dtype weights.DType, shape []int64) (io.Writer, error) {
	if err := w.end(); err != nil {
		return nil, err
	}
	header, err := headerOf(dtype, shape)
	if err != nil {
		return nil, err
	}
	size, err := dtype.ByteSize(shape)
	if err != nil {
		return nil, err
	}
	record, err := w.archive.CreateHeader(&zip.FileHeader{Name: name + ".npy", Method: zip.Store})
	if err != nil {
		return nil, err
	}
	w.array = &values{record, name, size}
	_, err = record.Write(header)
	return w.array, err
}

// end sees that the array at hand is whole.
func (w *Writer) end() error {
	if a := w.array; a != nil && a.left > 0 {
		return fmt.Errorf("%s: %d bytes of its values are missing", a.name, a.left)
	}
	return nil
}

// Close ends the file.
func (w *Writer) Close() error {
	if err := w.end(); err != nil {
		return err
	}
	return w.archive.Close()
}

// values counts what is written of an array.
type values struct {
	io.Writer
	name string
	left int64
}

func (v *values) Write(p []byte) (int, error) {
	if int64(len(p)) > v.left {
		return 0, fmt.Errorf("%s: its shape has no place for %d more bytes", v.name, int64(len(p))-v.left)
	}
	n, err := v.Writer.Write(p)
	v.left -= int64(n)
	return n, err
}

// headerOf is an .npy file up to its values, which begin at a multiple of 64 bytes.
func headerOf(dtype weights.DType, sizes []int64) ([]byte, error) {
	var descr string
	for name, known := range dtypes {
		if known == dtype {
			descr = name
		}
	}
	if descr == "" {
		return nil, fmt.Errorf("NumPy has no type %v", dtype)
	}
	var shape strings.Builder
	for _, n := range sizes {
		fmt.Fprintf(&shape, "%d,", n)
	}
	dict := fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': (%s), }", descr, shape.String())
	dict += strings.Repeat(" ", 63-(10+len(dict))%64) + "\n"
	header := append([]byte("\x93NUMPY\x01\x00"), 0, 0)
	binary.LittleEndian.PutUint16(header[8:], uint16(len(dict)))
	return append(header, dict...), nil
}
