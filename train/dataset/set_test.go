package dataset

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestReadPlainAndGzip(t *testing.T) {
	for _, packed := range []bool{false, true} {
		dir := t.TempDir()
		put(t, dir, labelsName, goodLabels)
		if packed {
			put(t, dir, imagesName+".gz", gzipped(t, goodImages))
			put(t, dir, imagesName, []byte("the .gz comes first")) // must not be read
		} else {
			put(t, dir, imagesName, goodImages)
		}
		set, err := Open(t.Context(), dir, Options{}, nil)
		if err != nil {
			t.Fatal(err)
		}
		m := set.Images
		if m.N != 2 || m.Height != 3 || m.Width != 2 || string(m.Pixels) != "abcdefghijkl" || !slices.Equal(set.Labels, []int32{1, 0}) || !slices.Equal(set.Classes, []string{"0", "9"}) {
			t.Errorf("packed %v: got %+v", packed, set)
		}
	}
}

func TestReadRefuses(t *testing.T) {
	gz := gzipped(t, goodImages)
	badSum := bytes.Clone(gz)
	badSum[len(badSum)-8] ^= 1
	tests := []struct {
		name           string
		images, labels []byte
		packed         bool
		offset         int64
		file, reason   string
	}{
		{"empty", nil, goodLabels, false, 0, imagesName, "the file is empty"},
		{"empty gzip", nil, goodLabels, true, 0, imagesName + ".gz", "the file is empty"},
		{"gzip of nothing", gzipped(t, nil), goodLabels, true, 0, imagesName + ".gz", "the file is empty"},
		{"short header", goodImages[:10], goodLabels, false, 10, imagesName, "truncated"},
		{"short body", goodImages[:20], goodLabels, false, 20, imagesName, "truncated"},
		{"no body", goodImages[:16], goodLabels, false, 16, imagesName, "truncated"},
		{"cut gzip", gz[:len(gz)-9], goodLabels, true, 28, imagesName + ".gz", "does not end as it should (unexpected EOF)"},
		{"checksum", badSum, goodLabels, true, 28, imagesName + ".gz", "invalid checksum"},
		{"damaged gzip", append([]byte("\x1f\x8b\xff"), goodImages...), goodLabels, true, 0, imagesName + ".gz", "invalid header"},
		{"web page", []byte("\n<!DOCTYPE html><html>"), goodLabels, true, 0, imagesName + ".gz", "is a web page: the download went wrong"},
		{"LFS pointer", []byte("version https://git-lfs.github.com/spec/v1\noid"), goodLabels, false, 0, imagesName, "git lfs pull"},
		{"zip", []byte("PK\x03\x04 and more"), goodLabels, false, 0, imagesName, "a zip archive: unpack it first"},
		{"after the gzip", append(bytes.Clone(gz), "more"...), goodLabels, true, 28, imagesName + ".gz", "does not end as it should"},
		{"over-long", append(bytes.Clone(goodImages), 1), goodLabels, false, 28, imagesName, "goes on where the header says it ends"},
		{"over-long labels", goodImages, append(bytes.Clone(goodLabels), 1), false, 10, labelsName, "goes on"},
		{"floats", append([]byte{0, 0, 13, 3}, goodImages[4:]...), goodLabels, false, 0, imagesName, "starts with bytes 00 00 0d 03"},
		{"labels as images", goodLabels, goodLabels, false, 0, imagesName, "in 3 dimensions"},
		{"counts", goodImages, idxBytes([]byte{1, 2, 3}, 3), false, 4, labelsName, "3 labels for the 2 images"},
		{"no images", idxBytes(nil, 0, 3, 2), goodLabels, false, 4, imagesName, "dimension 1 of 3 is 0"},
		{"no width", idxBytes(nil, 2, 3, 0), goodLabels, false, 12, imagesName, "dimension 3 of 3 is 0"},
		{"overflow", idxBytes(nil, 1<<31, 1<<31, 1<<31), goodLabels, false, 12, imagesName, "more than memory can address"},
		{"too big", idxBytes(nil, 1<<31, 1<<31, 2), goodLabels, false, 12, imagesName, "more than memory can address"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir, name := t.TempDir(), imagesName
			if tt.packed {
				name += ".gz"
			}
			put(t, dir, name, tt.images)
			put(t, dir, labelsName, tt.labels)
			_, err := Open(t.Context(), dir, Options{}, nil)
			wantDataError(t, err, filepath.Join(dir, tt.file), tt.offset, tt.reason)
		})
	}
}

// Sets as Kaggle, torchvision and unpackers leave them, and names that lie about gzip.
func TestReadTakesSetsAsPeopleHaveThem(t *testing.T) {
	gz := gzipped(t, goodImages)
	for name, files := range map[string]map[string][]byte{
		"dots":              {"train-images.idx3-ubyte": goodImages, "train-labels.idx1-ubyte": goodLabels},
		"dots, gzipped":     {"train-images.idx3-ubyte.gz": gz, "train-labels.idx1-ubyte.gz": gzipped(t, goodLabels)},
		"folders":           {imagesName + "/" + imagesName: goodImages, labelsName + "/" + labelsName: goodLabels},
		"folders with dots": {"train-images.idx3-ubyte/train-images.idx3-ubyte": goodImages, "train-labels.idx1-ubyte/train-labels.idx1-ubyte": goodLabels},
		"Kaggle":            {"train-images-idx3-ubyte/train-images-idx3-ubyte": goodImages, "train-images.idx3-ubyte": goodImages, "train-labels.idx1-ubyte": goodLabels},
		"torchvision":       {"MNIST/raw/" + imagesName: goodImages, "MNIST/raw/" + labelsName: goodLabels},
		"plain in .gz":      {imagesName + ".gz": goodImages, labelsName + ".gz": goodLabels},
		"gzip without .gz":  {imagesName: gz, labelsName: gzipped(t, goodLabels)},
	} {
		dir := t.TempDir()
		for file, data := range files {
			if err := os.MkdirAll(filepath.Join(dir, filepath.Dir(file)), 0o755); err != nil {
				t.Fatal(err)
			}
			put(t, dir, file, data)
		}
		if set, err := Open(t.Context(), dir, Options{}, nil); err != nil || string(set.Images.Pixels) != "abcdefghijkl" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func wantDataError(t *testing.T, err error, file string, offset int64, reason string) {
	t.Helper()
	var data *DataError
	if !errors.As(err, &data) {
		t.Fatalf("got %v, want a *DataError", err)
	}
	if data.File != file || data.Offset != offset || !strings.Contains(data.Reason, reason) {
		t.Errorf("got %q, want %s, byte %d, %q", err, file, offset, reason)
	}
	if strings.Contains(err.Error(), "\n") || !strings.HasPrefix(err.Error(), file+": ") || strings.Count(err.Error(), file) != 1 {
		t.Errorf("not one line that names the file once: %q", err)
	}
}

func TestReadRefusesWhatIsNoFile(t *testing.T) {
	dir := t.TempDir()
	_, err := Open(t.Context(), dir, Options{}, nil)
	wantDataError(t, err, dir, -1, "there is no set: the folder is empty")
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v hides fs.ErrNotExist", err)
	}
	if err := os.Mkdir(filepath.Join(dir, imagesName), 0o755); err != nil {
		t.Fatal(err)
	}
	_, err = Open(t.Context(), dir, Options{}, nil)
	wantDataError(t, err, filepath.Join(dir, imagesName), 0, `the folder has "train-images-idx3-ubyte"`)

	put(t, dir, "file", nil)
	_, err = Open(t.Context(), filepath.Join(dir, "file"), Options{}, nil)
	wantDataError(t, err, filepath.Join(dir, "file"), -1, "not a directory")
	_, err = Open(t.Context(), filepath.Join(dir, "none"), Options{}, nil)
	wantDataError(t, err, filepath.Join(dir, "none"), -1, "no such folder or file")
	put(t, dir, labelsName, goodLabels)
	_, err = Open(t.Context(), dir, Options{}, nil)
	wantDataError(t, err, filepath.Join(dir, imagesName), 0, "there is no such file, nor one with .gz: the folder has")

}

func TestReadUnreadable(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root reads every file")
	}
	dir := t.TempDir()
	put(t, dir, imagesName, goodImages)
	if err := os.Chmod(filepath.Join(dir, imagesName), 0); err != nil {
		t.Fatal(err)
	}
	_, err := Open(t.Context(), dir, Options{}, nil)
	wantDataError(t, err, filepath.Join(dir, imagesName), 0, "permission denied")
}
