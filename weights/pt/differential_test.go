package pt

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"cgan/weights"
	"cgan/weights/internal/strictzip"
	"cgan/weights/internal/strictzip/ziptest"
	"cgan/weights/internal/weightstest"
)

// mutants damages the pickles of the fixtures, a byte or two at a time, and packs them again with
// right checksums, so that the damage reaches the machine. It returns those that are accepted.
func mutants(t *testing.T, tries int) (files [][]byte, values []weights.Value) {
	t.Helper()
	random := rand.New(rand.NewPCG(7, 7))
	var archives [][]ziptest.Part
	for _, path := range fixtures(t) {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if records, err := strictzip.Read(data, nil); err == nil {
			var parts []ziptest.Part
			for _, r := range records {
				parts = append(parts, ziptest.Part{Name: r.Name, Data: string(r.Payload)})
			}
			archives = append(archives, parts)
		}
	}
	for range tries {
		parts := append([]ziptest.Part{}, archives[random.IntN(len(archives))]...)
		pickle := []byte(parts[0].Data)
		for range 1 + random.IntN(2) {
			pickle[random.IntN(len(pickle))] = byte(random.IntN(256))
		}
		parts[0].Data = string(pickle)
		file := ziptest.Build(false, parts...).Data
		if v, _, err := Read(file); err == nil {
			files, values = append(files, file), append(values, v)
		}
	}
	return files, values
}

// Whatever is accepted, torch 2.15 accepts under weights_only, with the same values.
func TestTorchAcceptsWhatIsAccepted(t *testing.T) {
	python := weightstest.Pythons(t)["CGAN_PYTHON_215"]
	if python == "" {
		t.Skip("CGAN_PYTHON_215 is not set")
	}
	files, values := mutants(t, 20_000)
	if len(files) < 500 {
		t.Fatalf("only %d mutants were accepted", len(files))
	}
	folder := t.TempDir()
	var paths []string
	for i, file := range files {
		path := filepath.Join(folder, fmt.Sprintf("%d.pt", i))
		if err := os.WriteFile(path, file, 0o666); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path)
	}
	different := 0
	for i, got := range torchDumps(t, python, paths) {
		if want := "ok " + weightstest.Dump(values[i]); got != want && different < 10 {
			different++
			t.Errorf("torch:   %.400s\nthis is: %.400s", got, want)
		}
	}
	t.Logf("%d mutants were accepted and compared", len(files))
}
