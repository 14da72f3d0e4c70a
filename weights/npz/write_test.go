package npz

import (
	"archive/zip"
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cgan/weights"
	"cgan/weights/internal/weightstest"
)

// written is an archive of an array of each kind.
func written(t *testing.T) (arrays weights.StateDict, file []byte) {
	t.Helper()
	images, err := weights.FromFloat32s([]float32{-1, -0.5, 0, 0.25, 0.5, 1}, 1, 2, 3)
	if err != nil {
		t.Fatal(err)
	}
	arrays = weights.StateDict{
		{Key: "images", Tensor: images},
		{Key: "labels", Tensor: weights.Tensor{DType: weights.I64, Shape: []int64{2}, Data: []byte{3, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255}}},
		{Key: "one", Tensor: weights.Tensor{DType: weights.U8, Shape: []int64{}, Data: []byte{200}}},
		{Key: "none", Tensor: weights.Tensor{DType: weights.F32, Shape: []int64{0, 4}}},
	}
	var out bytes.Buffer
	if err := Write(&out, arrays); err != nil {
		t.Fatal(err)
	}
	return arrays, out.Bytes()
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	arrays, file := written(t)
	state, err := Read(file)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range arrays {
		if got := state[i]; got.Key != want.Key || got.DType != want.DType || !slices.Equal(got.Shape, want.Shape) || !bytes.Equal(got.Data, want.Data) {
			t.Errorf("%s became %v", want.Key, got)
		}
	}
	if _, again := written(t); !bytes.Equal(file, again) {
		t.Error("the same arrays give other bytes")
	}
}

// The values of a record begin at a multiple of 64 bytes, as NumPy's do, so that they can be mapped.
func TestValuesAreAligned(t *testing.T) {
	arrays, file := written(t)
	archive, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	for i, f := range archive.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(r)
		if begin := len(content) - len(arrays[i].Data); err != nil || begin%64 != 0 || content[begin-1] != '\n' || f.Method != zip.Store {
			t.Errorf("%s: its values begin at %d, %v", f.Name, begin, err)
		}
	}
}

func TestWriteRefusesWhatNumPyHasNot(t *testing.T) {
	err := Write(io.Discard, weights.StateDict{{Key: "w", Tensor: weights.Tensor{DType: weights.BF16, Shape: []int64{1}, Data: []byte{0, 0}}}})
	if err == nil || !strings.Contains(err.Error(), "w: NumPy has no type") {
		t.Errorf("bfloat16: %v", err)
	}
}

func TestNumPyReadsWhatIsWritten(t *testing.T) {
	python := weightstest.Pythons(t)["CGAN_PYTHON_215"]
	if python == "" {
		t.Skip("CGAN_PYTHON_215 is not set")
	}
	_, file := written(t)
	path := filepath.Join(t.TempDir(), "a.npz")
	if err := os.WriteFile(path, file, 0o644); err != nil {
		t.Fatal(err)
	}
	const script = "import numpy, sys\nwith numpy.load(sys.argv[1]) as f:\n for k in f.files: print(k, f[k].dtype, f[k].shape, f[k].tolist())"
	const want = "images float32 (1, 2, 3) [[[-1.0, -0.5, 0.0], [0.25, 0.5, 1.0]]]\nlabels int64 (2,) [3, -1]\none uint8 () 200\nnone float32 (0, 4) []\n"
	if out, err := exec.Command(python, "-c", script, path).CombinedOutput(); err != nil || string(out) != want {
		t.Errorf("%v\n%s", err, out)
	}
}
