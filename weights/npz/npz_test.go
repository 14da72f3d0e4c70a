package npz

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"cgan/weights"
)

// What numpy.savez wrote, testdata/make.py.
func TestReadsWhatNumPyWrote(t *testing.T) {
	for _, name := range []string{"plain.npz", "compressed.npz"} {
		state, err := Read(fixture(t, name))
		if err != nil || !slices.Equal(state.Keys(), []string{"noise", "labels", "images", "few", "one"}) {
			t.Fatalf("%s: %v, %v", name, err, state.Keys())
		}
		for i, want := range []struct {
			dtype  weights.DType
			shape  []int64
			values []float32
		}{
			{weights.F32, []int64{2, 3}, []float32{0, 0.25, 0.5, 0.75, 1, 1.25}},
			{weights.I64, []int64{2}, []float32{3, -1}},
			{weights.F64, []int64{2, 1, 2, 2}, []float32{-1, -5. / 7, -3. / 7, -1. / 7, 1. / 7, 3. / 7, 5. / 7, 1}},
			{weights.I32, []int64{2}, []float32{7, 8}},
			{weights.F32, []int64{}, []float32{5}},
		} {
			e := state[i]
			values, err := e.Float32s()
			if err != nil || e.DType != want.dtype || !slices.Equal(e.Shape, want.shape) || !slices.Equal(values, want.values) {
				t.Errorf("%s: %s is %v %v %v, %v", name, e.Key, e.DType, e.Shape, values, err)
			}
		}
	}
}

func fixture(t *testing.T, name string) []byte {
	t.Helper()
	file, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// zipOf is a zip of records.
func zipOf(t *testing.T, records ...string) []byte {
	t.Helper()
	var file bytes.Buffer
	w := zip.NewWriter(&file)
	for i := 0; i < len(records); i += 2 {
		r, err := w.Create(records[i])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := r.Write([]byte(records[i+1])); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

// array is an .npy file.
func array(header, values string) string {
	length := binary.LittleEndian.AppendUint16(nil, uint16(len(header)))
	return "\x93NUMPY\x01\x00" + string(length) + header + values
}

func TestRefuses(t *testing.T) {
	const f4 = "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }\n"
	for want, file := range map[string][]byte{
		"is no .npz of numpy.savez":                                         []byte("\x93NUMPY"),
		"x.npy: lies column by column":                                      fixture(t, "columns.npz"),
		`x.npy: has the type ">f4", which is not`:                           fixture(t, "big-endian.npz"),
		`x.npy: has the type "|O", which is not read`:                       fixture(t, "objects.npz"),
		"x: is no NumPy array":                                              zipOf(t, "x", "text"),
		"x: is a NumPy array of version 9":                                  zipOf(t, "x", "\x93NUMPY\x09\x00"),
		"x.npy: is there twice":                                             zipOf(t, "x", array(f4, "12345678"), "x.npy", array(f4, "12345678")),
		"x: its values take 7 bytes":                                        zipOf(t, "x", array(f4, "1234567")),
		"x: its values take 9 bytes":                                        zipOf(t, "x", array(f4, "123456789")),
		"x: is cut short in its header":                                     zipOf(t, "x", array(f4, "")[:30]),
		"x: has a header that is not NumPy's":                               zipOf(t, "x", array("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2,)}", "")),
		"x: has [1099511627776] values":                                     zipOf(t, "x", array(strings.Replace(f4, "2", "1099511627776", 1), "")),
		"x: the size of shape [4294967296 4294967296 4294967296] overflows": zipOf(t, "x", array(strings.Replace(f4, "2", "4294967296, 4294967296, 4294967296", 1), "")),
		"x: has the shape (99999999999999999999,)":                          zipOf(t, "x", array(strings.Replace(f4, "2", "99999999999999999999", 1), "")),
	} {
		state, err := Read(file)
		var format *weights.FormatError
		if state != nil || !errors.As(err, &format) || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

// A small file of many zeros, which claims what it holds, takes no more memory than is allowed.
func TestABombIsRefused(t *testing.T) {
	const header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }\n"
	bomb := zipOf(t, "x", array(header, strings.Repeat("\x00", 64<<20)))
	if allocated := testing.Benchmark(func(b *testing.B) {
		b.ReportAllocs()
		for range b.N {
			if _, err := Read(bomb); err == nil {
				b.Fatal("read")
			}
		}
	}).AllocedBytesPerOp(); len(bomb) > 1<<20 || allocated > 1<<20 {
		t.Errorf("%d bytes were allocated for a file of %d", allocated, len(bomb))
	}
}

func TestWriterSeesThatArraysAreWhole(t *testing.T) {
	w := NewWriter(&bytes.Buffer{})
	values, err := w.Array("few", weights.U8, []int64{3})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := values.Write(make([]byte, 4)); err == nil || !strings.Contains(err.Error(), "few: its shape has no place for 1 more bytes") {
		t.Errorf("got %v", err)
	}
	if _, err := values.Write(make([]byte, 2)); err != nil {
		t.Fatal(err)
	}
	const want = "few: 1 bytes of its values are missing"
	if _, err := w.Array("next", weights.U8, []int64{1}); err == nil || err.Error() != want {
		t.Errorf("got %v", err)
	}
	if err := w.Close(); err == nil || err.Error() != want {
		t.Errorf("got %v", err)
	}
}
