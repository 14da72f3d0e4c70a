package formats

import (
	"archive/zip"
	"bytes"
	"strings"
	"testing"
)

func zipOf(t *testing.T, method uint16, files ...string) []byte {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for i := 0; i < len(files); i += 2 {
		f, err := w.CreateHeader(&zip.FileHeader{Name: files[i], Method: method})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write([]byte(files[i+1])); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// What people take for weights is called by its name, with what to do.
func TestForeignZips(t *testing.T) {
	saved := string(ptFile(t))
	for _, method := range []uint16{zip.Store, zip.Deflate} {
		for _, c := range []struct {
			files []string
			want  string
		}{
			{[]string{"out/gen.pth", saved, "README.txt", "hi"}, `a zip with "out/gen.pth" in it: unpack it`},
			{[]string{"a.PT", saved, "b.ckpt", "", "c.bin", "", "d.safetensors", ""}, `"a.PT", "b.ckpt", "c.bin", 1 more in it`},
			{[]string{"w.npy", "x", "b.npy", "y"}, "an .npz of NumPy arrays"},
			{[]string{"m/archive_format", "pt2", "m/data/sample_inputs/model.pt", "x"}, "torch.export saved (.pt2)"},
			{[]string{"config.json", "{}", "model.weights.h5", "x"}, "a Keras file"},
			{[]string{"a\x1b[2J\n", "x"}, `not of torch.save: it holds "a\x1b[2J\n"`},
		} {
			_, err := Open(write(t, "x.pt", zipOf(t, method, c.files...)))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v does not say %q", err, c.want)
			}
		}
	}
	small := zipOf(t, zip.Store, "archive/data.pkl", "N.", "archive/version", "3")
	for _, shard := range [][]byte{append(small, small...), append(ptFile(t), ptFile(t)...)} {
		_, err := Open(write(t, "x.distcp", shard))
		if err == nil || !strings.Contains(err.Error(), "dcp_to_torch_save") {
			t.Error(err)
		}
	}
}

func TestFolderAdvice(t *testing.T) {
	for names, want := range map[string]string{
		"":                              "a run folder such as runs/00000-mnist, or a file",
		"notes.txt":                     "a run folder",
		"config.json model.safetensors": `a file in it, "model.safetensors"`,
		".metadata __0_0.distcp":        "dcp_to_torch_save",
		"m-00001-of-00002.safetensors m-00002-of-00002.safetensors m.safetensors.index.json": "shards are not read, so save them as one file",
	} {
		if got := FolderAdvice(strings.Fields(names)); !strings.Contains(got, want) {
			t.Errorf("%s: %q does not say %q", names, got, want)
		}
	}
}
