package main

import (
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func sampleTrace() trace {
	return trace{
		Torch: "2.15.0", Threads: 2, Seed: 1, Batch: 8,
		Losses:        [][2]string{{"0x1.8p+0", "0x1.0p-1"}, {"0x1.4p+0", "0x1.0p-2"}},
		Generator:     map[string]string{"layer1.0.weight": "aa"},
		Discriminator: map[string]string{"layer1.0.bias": "bb"},
	}
}

func TestEqualTracesDoNotDiffer(t *testing.T) {
	if got := compare(sampleTrace(), sampleTrace()); len(got) != 0 {
		t.Errorf("got %q", got)
	}
}

func TestEveryDifferenceIsFound(t *testing.T) {
	for want, change := range map[string]func(*trace){
		"Loss_G of step 2: 0x1.1p-2, Python 0x1.0p-2": func(tr *trace) { tr.Losses[1][1] = "0x1.1p-2" },
		"Loss_D of step 1: 0x1.9p+0, Python 0x1.8p+0": func(tr *trace) { tr.Losses[0][0] = "0x1.9p+0" },
		"number of losses: 1, Python 2":               func(tr *trace) { tr.Losses = tr.Losses[:1] },
		"generator: layer1.0.weight: ac, Python aa":   func(tr *trace) { tr.Generator["layer1.0.weight"] = "ac" },
		"discriminator: layer1.0.bias: , Python bb":   func(tr *trace) { tr.Discriminator = map[string]string{"other": "bb"} },
		"generator: number of tensors: 2, Python 1":   func(tr *trace) { tr.Generator["more"] = "dd" },
		"torch: 2.15.0+cu132, Python 2.15.0":          func(tr *trace) { tr.Torch += "+cu132" },
		"threads: 1, Python 2":                        func(tr *trace) { tr.Threads = 1 },
	} {
		mine := sampleTrace()
		change(&mine)
		if got := compare(mine, sampleTrace()); !slices.Equal(got, []string{want}) {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestCutIDXKeepsTheFirstItems(t *testing.T) {
	dir := t.TempDir()
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	w.Write([]byte{0, 0, 8, 1, 0, 0, 0, 5, 10, 11, 12, 13, 14})
	w.Close()
	from, to := filepath.Join(dir, "from.gz"), filepath.Join(dir, "to")
	if err := os.WriteFile(from, packed.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := cutIDX(from, to, 8, 1, 2); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(to)
	if want := []byte{0, 0, 8, 1, 0, 0, 0, 2, 10, 11}; err != nil || !bytes.Equal(got, want) {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestTraceWithoutLossesIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "trace.json")
	if err := os.WriteFile(path, []byte(`{"torch": "2.15.0", "losses": []}`), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := readTrace(path); err == nil {
		t.Error("an empty trace counts as a comparison")
	}
}
