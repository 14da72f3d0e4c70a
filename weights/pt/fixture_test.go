package pt

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cgan/weights"
	"cgan/weights/internal/weightstest"
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

// readFile reads a .pt file.
func readFile(path string) (weights.Value, []string, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, err
	}
	return Read(data)
}

func TestFixturesReadAsTorchReadsThem(t *testing.T) {
	for _, path := range fixtures(t) {
		root, _, err := readFile(path)
		if err != nil {
			t.Error(path, err)
			continue
		}
		want, err := os.ReadFile(strings.TrimSuffix(path, ".pt") + ".dump")
		if err != nil {
			t.Fatal(err)
		}
		if got := "ok " + weightstest.Dump(root) + "\n"; got != string(want) {
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
		_, notices, err := readFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if len(notices) != len(want) {
			t.Errorf("%s: notices %q, want %q", path, notices, want)
			continue
		}
		for i, text := range want {
			if !strings.Contains(notices[i], text) {
				t.Errorf("%s: notice %q does not say %q", path, notices[i], text)
			}
		}
	}
}

// What is read can be written, and reads the same again, to the byte.
func TestFixturesWriteAndReadAgain(t *testing.T) {
	for _, path := range fixtures(t) {
		root, _, err := readFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var first, second bytes.Buffer
		err = Write(&first, "again.pt", root, nil)
		if strings.Contains(path, "values.v215") { // it holds a uint16 tensor
			if err == nil || !strings.Contains(err.Error(), `[v3]: uint16 cannot go into a .pt file`) {
				t.Errorf("%s: %v", path, err)
			}
			continue
		}
		if err != nil {
			t.Fatal(path, err)
		}
		again, _, err := Read(first.Bytes())
		if err != nil {
			t.Fatal(path, err)
		}
		if weightstest.Dump(again) != weightstest.Dump(root) {
			t.Errorf("%s changed:\n%s\n%s", path, weightstest.Dump(root), weightstest.Dump(again))
		}
		if err := Write(&second, "again.pt", again, nil); err != nil || !bytes.Equal(first.Bytes(), second.Bytes()) {
			t.Errorf("%s: written twice, the bytes differ (%v)", path, err)
		}
	}
}

func TestNoticesFindTensorsAnywhere(t *testing.T) {
	bad, good := weightstest.Entry("", weights.F32, 1).Tensor, weightstest.Entry("", weights.F32, 1).Tensor
	bad.Data = []byte("\x00\x00\xc0\x7f")
	var many weights.List
	for range 9 {
		many = append(many, bad)
	}
	for want, v := range map[string]weights.Value{
		`NaN or infinity in "nets.0.w", "nets.1"`: weightstest.Dict("nets", weights.List{weightstest.Dict("w", bad), bad, good}),
		`NaN or infinity in "7.1"`:                weightstest.Dict(int64(7), weights.Tuple{good, bad}),
		`"6", "7" and perhaps more`:               many,
	} {
		var out bytes.Buffer
		if err := Write(&out, "x.pt", v, nil); err != nil {
			t.Fatal(err)
		}
		_, notices, err := Read(out.Bytes())
		if err != nil || len(notices) != 1 || !strings.HasSuffix(notices[0], want) {
			t.Errorf("%q does not say %q, %v", notices, want, err)
		}
	}
}

func readPT(file []byte) error {
	_, _, err := Read(file)
	return err
}
