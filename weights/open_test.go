package weights

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func write(t *testing.T, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestOpenDecidesByContent(t *testing.T) {
	safe := safeFile(`{"__metadata__":{"a":"b"},"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, "\x00\x00\x80\x7f")
	for _, c := range []struct {
		data   []byte
		format Format
		name   string
		notice string
	}{
		{goodFile(false).data, FormatZip, "PyTorch", ""},
		{legacyOps{}.file(), FormatLegacy, "PyTorch (legacy)", ""},
		{safe, FormatSafetensors, "safetensors", `NaN or infinity in "w"`},
	} {
		f, err := Open(write(t, "named.onnx", c.data))
		if err != nil || f.Format != c.format || f.Size != int64(len(c.data)) || strings.Join(f.Notices, "") != c.notice || f.Format.String() != c.name {
			t.Errorf("%v: %+v, %v", c.format, f, err)
			continue
		}
		if s, _, err := FindStateDict(f.Root, ""); err != nil || len(s) != 1 || s[0].Key != "w" {
			t.Errorf("%v: %v, %v", c.format, s, err)
		}
		if c.format == FormatSafetensors && f.Metadata["a"] != "b" {
			t.Errorf("metadata %v", f.Metadata)
		}
	}
}

func TestOpenRefuses(t *testing.T) { // 93, and what sniffing knows
	refused := func(path, want string) {
		t.Helper()
		_, err := Open(path)
		var format *FormatError
		if !errors.As(err, &format) || format.File != path || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not say %q", err, want)
		}
	}
	refused(t.TempDir(), "is a directory")
	if _, err := os.Stat("/dev/zero"); err == nil {
		refused("/dev/zero", "is a device")
	}
	for start, want := range map[string]string{
		"": "empty", "\x08\x07\x12\x07pytorch model.......": "ONNX", "PK\x05\x06": "empty zip", "hello": `begins with "hello"`,
		"<html>": "web page", "GGUF": "GGUF", "\x89HDF\r\n": "HDF5", "\x93NUMPY": "NumPy", "BZh9": "bzip2",
		"\x0a\x00\x00\x00\x00\x00\x00\x00 {}       ": "does not begin with '{'", "\xff\x00\x00\x00\x00\x00\x00\x00{\"w\":": "cut short",
	} {
		refused(write(t, "x.pt", []byte(start)), want)
	}
	if _, err := Open(filepath.Join(t.TempDir(), "none.pt")); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	locked := write(t, "locked.pt", []byte("x"))
	if err := os.Chmod(locked, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(locked); os.Geteuid() != 0 && !errors.Is(err, fs.ErrPermission) {
		t.Error(err)
	}
}

func TestReadPTNamesSafetensors(t *testing.T) {
	checkError(t, readPT(safeFile("{}", "")), "", "is a safetensors file")
}

func TestFileThatShrinks(t *testing.T) { // 94
	data := goodFile(false).data
	for _, read := range []func(io.ReaderAt, int64) error{
		func(r io.ReaderAt, n int64) error { _, _, err := ReadPT(r, n); return err },
		func(r io.ReaderAt, n int64) error { _, _, err := ReadSafetensors(r, n); return err },
	} {
		checkError(t, read(bytes.NewReader(data), int64(len(data))+10), "", "it changed while being read")
		checkError(t, read(bytes.NewReader(nil), 10), "", "it changed while being read")
		checkError(t, read(bytes.NewReader(nil), maxFileSize+1), "", "at most 17179869184 are read")
		checkError(t, read(bytes.NewReader(nil), -1), "", "the file has -1 bytes")
	}
	if err := readFailing(); err == nil || !strings.Contains(err.Error(), "reading: the disk is gone") {
		t.Error(err)
	}
}

type failingReader struct{}

func (failingReader) ReadAt([]byte, int64) (int, error) { return 0, errors.New("the disk is gone") }

func readFailing() error { _, _, err := ReadPT(failingReader{}, 10); return err }
