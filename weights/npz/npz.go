// Package npz reads and writes NumPy's .npz files: arrays by name, as numpy.savez and numpy.savez_compressed write them. Files are
// hostile until read: an array takes no more memory than Read allows, whatever the file claims.
package npz

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	"cgan/weights"
)

// MaxBytes is the most that the arrays of a file may take together.
const MaxBytes = 1 << 30

const (
	maxArrays = 1000
	maxHeader = 1 << 16 // of one array; NumPy refuses more than 10,000 too
)

// Read reads the bytes of an .npz file and returns its arrays in the file's order, by their names without .npy. Integers,
// floating-point numbers and bools in row-major, little-endian order are read; the error, a *weights.FormatError, names the array
// and says how to save others.
func Read(file []byte) (weights.StateDict, error) {
	archive, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		return nil, weights.Refuse("", "is no .npz of numpy.savez: %v", err)
	}
	if len(archive.File) > maxArrays {
		return nil, weights.Refuse("", "holds %d arrays: at most %d are read", len(archive.File), maxArrays)
	}
	var all weights.StateDict
	left := int64(MaxBytes)
	for _, f := range archive.File {
		name := strings.TrimSuffix(f.Name, ".npy")
		if _, twice := all.Get(name); twice {
			return nil, weights.Refuse(weights.Show(f.Name), "is there twice")
		}
		t, err := readRecord(f, left)
		if err != nil {
			return nil, weights.Refuse(weights.Show(f.Name), "%v", err)
		}
		left -= int64(len(t.Data))
		all = append(all, weights.Entry{Key: name, Tensor: t})
	}
	return all, nil
}

// readRecord reads one array of at most so many bytes.
func readRecord(f *zip.File, most int64) (weights.Tensor, error) {
	r, err := f.Open()
	if err != nil {
		return weights.Tensor{}, err
	}
	defer r.Close()
	return readArray(r, most)
}

// readArray reads an .npy file: magic, version, the length of a header, a Python dict as the header, and the values.
func readArray(r io.Reader, most int64) (t weights.Tensor, err error) {
	var start [8]byte
	if _, err := io.ReadFull(r, start[:]); err != nil || string(start[:6]) != "\x93NUMPY" {
		return t, fmt.Errorf("is no NumPy array")
	}
	var length uint32
	switch start[6] {
	case 1:
		var short uint16
		err = binary.Read(r, binary.LittleEndian, &short)
		length = uint32(short)
	case 2, 3:
		err = binary.Read(r, binary.LittleEndian, &length)
	default:
		return t, fmt.Errorf("is a NumPy array of version %d: versions 1 to 3 are read", start[6])
	}
	if err != nil || length > maxHeader {
		return t, fmt.Errorf("has a header of %d bytes, or is cut short: at most %d bytes are read", length, maxHeader)
	}
	header := make([]byte, length)
	if _, err := io.ReadFull(r, header); err != nil {
		return t, fmt.Errorf("is cut short in its header")
	}
	if t, err = parseHeader(string(header)); err != nil {
		return t, err
	}
	size, err := t.DType.ByteSize(t.Shape)
	if err != nil {
		return t, err
	}
	if size > most {
		return t, fmt.Errorf("has %v values of type %v: all arrays of a file may take %d bytes together", t.Shape, t.DType, MaxBytes)
	}
	t.Data, err = readExactly(r, size)
	return t, err
}

// readExactly reads size bytes, after which r must end. Memory grows with what is there, not with what is claimed.
func readExactly(r io.Reader, size int64) ([]byte, error) {
	var data bytes.Buffer
	n, err := io.Copy(&data, io.LimitReader(r, size+1))
	if err != nil {
		return nil, err
	}
	if n != size {
		return nil, fmt.Errorf("its values take %d bytes, and its shape asks for %d", n, size)
	}
	return data.Bytes(), nil
}

var (
	descrField = regexp.MustCompile(`'descr'\s*:\s*'([^']*)'`)
	orderField = regexp.MustCompile(`'fortran_order'\s*:\s*(True|False)`)
	shapeField = regexp.MustCompile(`'shape'\s*:\s*\(([0-9,\s]*)\)`)
)

var dtypes = map[string]weights.DType{
	"<f8": weights.F64, "<f4": weights.F32, "<f2": weights.F16, "<i8": weights.I64, "<i4": weights.I32, "<i2": weights.I16,
	"|i1": weights.I8, "|u1": weights.U8, "|b1": weights.Bool,
}

// parseHeader gives an array without its values.
func parseHeader(header string) (t weights.Tensor, err error) {
	descr, order, shape := descrField.FindStringSubmatch(header), orderField.FindStringSubmatch(header), shapeField.FindStringSubmatch(header)
	if descr == nil || order == nil || shape == nil {
		return t, fmt.Errorf("has a header that is not NumPy's, or holds records: %s", weights.Quote(header))
	}
	if t.DType = dtypes[descr[1]]; t.DType == 0 {
		return t, fmt.Errorf("has the type %s, which is not read: save .astype(numpy.float32) or, for labels, .astype(numpy.int64)", weights.Quote(descr[1]))
	}
	if order[1] == "True" {
		return t, fmt.Errorf("lies column by column: save numpy.ascontiguousarray of it")
	}
	t.Shape = []int64{}
	for part := range strings.SplitSeq(shape[1], ",") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		n, err := strconv.ParseInt(part, 10, 64)
		if err != nil {
			return t, fmt.Errorf("has the shape (%s)", shape[1])
		}
		t.Shape = append(t.Shape, n)
	}
	return t, nil
}
