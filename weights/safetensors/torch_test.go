package safetensors

import (
	"bytes"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"cgan/weights"
	"cgan/weights/internal/weightstest"
)

// safeDump prints each file as dump.py does, loaded by the reference implementation.
const referenceDump = `
import sys
sys.path.insert(0, "../pt/testdata")
import dump, safetensors.torch
for path in sys.stdin.read().split():
    try:
        state = safetensors.torch.load_file(path)
        print("ok " + dump.dump({k: state[k] for k in sorted(state)}))
    except Exception as e:
        print("error", repr(e))`

// Whatever is written or accepted, the reference implementation reads with the same values.
func TestReference(t *testing.T) {
	python := weightstest.Pythons(t)["CGAN_PYTHON_215"]
	if exec.Command(python, "-c", "import safetensors.torch").Run() != nil {
		t.Skip("the Python of CGAN_PYTHON_215 has no safetensors")
	}
	var good bytes.Buffer
	s := weights.StateDict{weightstest.Entry("b", weights.F64, 2), weightstest.Entry("a é", weights.U8, 3), weightstest.Entry("c", weights.BF16), weightstest.Entry("d", weights.F32, 0, 2), weightstest.Entry("e", weights.U64, 1), weightstest.Entry("f", weights.Bool, 4)}
	if err := Write(&good, s, map[string]string{"format": "pt", "x": "\n"}); err != nil {
		t.Fatal(err)
	}
	files := append([][]byte{good.Bytes()}, safeMutants(good.Bytes(), 30_000)...)
	if len(files) < 300 {
		t.Fatalf("only %d mutants were accepted", len(files))
	}
	folder := t.TempDir()
	var paths, want []string
	for i, file := range files {
		path := filepath.Join(folder, strconv.Itoa(i))
		if err := os.WriteFile(path, file, 0o666); err != nil {
			t.Fatal(err)
		}
		state, _, err := Read(file)
		if err != nil {
			t.Fatal(err)
		}
		paths, want = append(paths, path), append(want, "ok "+weightstest.Dump(sorted(state)))
	}
	command := exec.Command(python, "-B", "-W", "ignore", "-c", referenceDump)
	command.Stdin = strings.NewReader(strings.Join(paths, "\n"))
	out, err := command.Output()
	got := strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
	if err != nil || len(got) != len(want) {
		t.Fatal(len(got), err)
	}
	for i := range got {
		if got[i] != want[i] {
			t.Errorf("%q:\nreference %s\nthis is   %s", files[i], got[i], want[i])
		}
	}
	t.Logf("%d files were compared", len(files))
}

// safeMutants damages a file a byte or two at a time and returns what is still accepted.
func safeMutants(good []byte, tries int) (files [][]byte) {
	random := rand.New(rand.NewPCG(5, 5))
	for range tries {
		file := bytes.Clone(good)
		for range 1 + random.IntN(2) {
			file[random.IntN(len(file))] = byte(random.IntN(128))
		}
		if readSafe(file) == nil {
			files = append(files, file)
		}
	}
	return files
}

// sorted is the state dict as a plain dict in order of its keys.
func sorted(s weights.StateDict) *weights.Dict {
	d, keys := &weights.Dict{}, s.Keys()
	slices.Sort(keys)
	for _, key := range keys {
		t, _ := s.Get(key)
		d.Set(key, &t)
	}
	return d
}
