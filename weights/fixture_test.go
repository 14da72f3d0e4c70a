package weights

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// fixtures returns the files of testdata that torch wrote.
func fixtures(t testing.TB) []string {
	t.Helper()
	paths, err := filepath.Glob("testdata/*.pt")
	if err != nil || len(paths) < 15 {
		t.Fatalf("testdata has %d files (%v)", len(paths), err)
	}
	return paths
}

// readBytes reads a .pt file from memory.
func readBytes(data []byte) (Value, []string, error) {
	return ReadPT(bytes.NewReader(data), int64(len(data)))
}

func TestFixturesReadAsTorchReadsThem(t *testing.T) {
	for _, path := range fixtures(t) {
		f, err := Open(path)
		if err != nil {
			t.Error(err)
			continue
		}
		want, err := os.ReadFile(strings.TrimSuffix(path, ".pt") + ".dump")
		if err != nil {
			t.Fatal(err)
		}
		if got := "ok " + dump(f.Root) + "\n"; got != string(want) {
			t.Errorf("%s:\ngot  %s\nwant %s", path, got, want)
		}
	}
}

func TestFixtureNotices(t *testing.T) {
	for path, want := range map[string][]string{
		"testdata/net.v215.pt":    nil,
		"testdata/nan.v215.pt":    {`NaN or infinity in "bad"`},
		"testdata/nocrc.v215.pt":  {"no checksums", `NaN or infinity in "bad"`},
		"testdata/legacy.v215.pt": nil,
	} {
		f, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		if len(f.Notices) != len(want) {
			t.Errorf("%s: notices %q, want %q", path, f.Notices, want)
			continue
		}
		for i, text := range want {
			if !strings.Contains(f.Notices[i], text) {
				t.Errorf("%s: notice %q does not say %q", path, f.Notices[i], text)
			}
		}
	}
}

// What is read can be written, and reads the same again, to the byte.
func TestFixturesWriteAndReadAgain(t *testing.T) {
	for _, path := range fixtures(t) {
		f, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		var first, second bytes.Buffer
		err = WritePT(&first, "again.pt", f.Root)
		if strings.Contains(path, "values.v215") { // it holds a uint16 tensor
			if err == nil || !strings.Contains(err.Error(), `[v3]: uint16 cannot go into a .pt file`) {
				t.Errorf("%s: %v", path, err)
			}
			continue
		}
		if err != nil {
			t.Fatal(path, err)
		}
		again, _, err := readBytes(first.Bytes())
		if err != nil {
			t.Fatal(path, err)
		}
		if dump(again) != dump(f.Root) {
			t.Errorf("%s changed:\n%s\n%s", path, dump(f.Root), dump(again))
		}
		if err := WritePT(&second, "again.pt", again); err != nil || !bytes.Equal(first.Bytes(), second.Bytes()) {
			t.Errorf("%s: written twice, the bytes differ (%v)", path, err)
		}
	}
}

func TestNoticesFindTensorsAnywhere(t *testing.T) {
	bad, good := entry("", F32, 1).Tensor, entry("", F32, 1).Tensor
	bad.Data = []byte("\x00\x00\xc0\x7f")
	var many List
	for range 9 {
		many = append(many, bad)
	}
	for want, v := range map[string]Value{
		`NaN or infinity in "nets.0.w", "nets.1"`: dict("nets", List{dict("w", bad), bad, good}),
		`NaN or infinity in "7.1"`:                dict(int64(7), Tuple{good, bad}),
		`"6", "7" and perhaps more`:               many,
	} {
		var out bytes.Buffer
		if err := WritePT(&out, "x.pt", v); err != nil {
			t.Fatal(err)
		}
		_, notices, err := readBytes(out.Bytes())
		if err != nil || len(notices) != 1 || !strings.HasSuffix(notices[0], want) {
			t.Errorf("%q does not say %q, %v", notices, want, err)
		}
	}
}
