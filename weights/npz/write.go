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
	archive := zip.NewWriter(w)
	for _, e := range arrays {
		header, err := headerOf(e.Tensor)
		if err != nil {
			return fmt.Errorf("%s: %w", e.Key, err)
		}
		record, err := archive.CreateHeader(&zip.FileHeader{Name: e.Key + ".npy", Method: zip.Store})
		if err == nil {
			_, err = record.Write(append(header, e.Tensor.Data...))
		}
		if err != nil {
			return err
		}
	}
	return archive.Close()
}

// headerOf is an .npy file up to its values, which begin at a multiple of 64 bytes.
func headerOf(t weights.Tensor) ([]byte, error) {
	var descr string
	for name, dtype := range dtypes {
		if dtype == t.DType {
			descr = name
		}
	}
	if descr == "" {
		return nil, fmt.Errorf("NumPy has no type %v", t.DType)
	}
	var shape strings.Builder
	for _, n := range t.Shape {
		fmt.Fprintf(&shape, "%d,", n)
	}
	dict := fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': (%s), }", descr, shape.String())
	dict += strings.Repeat(" ", 63-(10+len(dict))%64) + "\n"
	header := append([]byte("\x93NUMPY\x01\x00"), 0, 0)
	binary.LittleEndian.PutUint16(header[8:], uint16(len(dict)))
	return append(header, dict...), nil
}
