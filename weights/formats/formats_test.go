package formats

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cgan/weights"
	"cgan/weights/internal/weightstest"
	"cgan/weights/pt"
)

func write(t *testing.T, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

// ptFile is the zip form of a state dict of one tensor "w".
func ptFile(t *testing.T) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := pt.Write(&out, "w.pt", weightstest.TensorDict("w"), nil); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// safeFile puts a length in front of a header, and a payload after it.
func safeFile(header, payload string) []byte {
	return append(binary.LittleEndian.AppendUint64(nil, uint64(len(header))), header+payload...)
}

func TestOpenDecidesByContent(t *testing.T) {
	legacy, err := os.ReadFile("../pt/testdata/legacy.v215.pt")
	if err != nil {
		t.Fatal(err)
	}
	safe := safeFile(`{"__metadata__":{"a":"b"},"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, "\x00\x00\x80\x7f")
	for _, c := range []struct {
		data   []byte
		format Format
		name   string
		notice string
		first  string // key of the state dict
	}{
		{ptFile(t), PyTorch, "PyTorch", "", "w"},
		{legacy, LegacyPyTorch, "PyTorch (legacy)", "", "0.weight"},
		{safe, Safetensors, "safetensors", `NaN or infinity in "w"`, "w"},
	} {
		f, err := Open(write(t, "named.onnx", c.data))
		if err != nil || f.Format != c.format || f.Size != int64(len(c.data)) || strings.Join(f.Notices, "") != c.notice || f.Format.String() != c.name {
			t.Errorf("%v: %+v, %v", c.format, f, err)
			continue
		}
		if s, err := weights.Find(f.Root, ""); err != nil || s[0].Key != c.first {
			t.Errorf("%v: %v, %v", c.format, s, err)
		}
		if c.format == Safetensors && f.Metadata["a"] != "b" {
			t.Errorf("metadata %v", f.Metadata)
		}
	}
}

func TestNoticesNameManyTensors(t *testing.T) {
	var header strings.Builder
	for i := range 9 {
		fmt.Fprintf(&header, `,"%d":{"dtype":"F32","shape":[1],"data_offsets":[%d,%d]}`, i, 4*i, 4*i+4)
	}
	f, err := Open(write(t, "w", safeFile("{"+header.String()[1:]+"}", strings.Repeat("\x00\x00\xc0\x7f", 9))))
	if err != nil || len(f.Notices) != 1 || !strings.HasSuffix(f.Notices[0], `"6", "7" and perhaps more`) {
		t.Errorf("%+v, %v", f, err)
	}
}

func TestOpenRefuses(t *testing.T) { // 93, and what sniffing knows
	refused := func(path, want string) {
		t.Helper()
		_, err := Open(path)
		var format *weights.FormatError
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
		"\n<!DOCTYPE html><html>Sign in</html>": "web page", "version https://git-lfs.github.com/spec/v1\noid sha256:0\n": "git lfs pull",
		"\x1f\x8b\x08\x00rest": "gzip", "7z\xbc\xaf\x27\x1c rest": "7z", strings.Repeat("a", 257) + "ustar\x00rest": "tar archive",
		"sixteen bytes..." + string(ptFile(t)):       "bytes before the zip",
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

func TestFileThatShrinks(t *testing.T) { // 94
	read := func(r io.ReaderAt, n int64) error { _, err := readAll(r, n); return err }
	data := ptFile(t)
	weightstest.CheckError(t, read(bytes.NewReader(data), int64(len(data))+10), "", "it changed while being read")
	weightstest.CheckError(t, read(bytes.NewReader(nil), 10), "", "it changed while being read")
	weightstest.CheckError(t, read(bytes.NewReader(nil), maxFileSize+1), "", "at most 17179869184 are read")
	weightstest.CheckError(t, read(bytes.NewReader(nil), -1), "", "the file has -1 bytes")
	if err := read(failingReader{}, 10); err == nil || !strings.Contains(err.Error(), "reading: the disk is gone") {
		t.Error(err)
	}
}

type failingReader struct{}

func (failingReader) ReadAt([]byte, int64) (int, error) { return 0, errors.New("the disk is gone") }
