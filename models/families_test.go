package models

import (
	"bytes"
	"encoding/binary"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"cgan/bindings/torch"
	"cgan/models/arch"
	"cgan/weights"
	"cgan/weights/npz"
)

// completed is what a person would change in the guess of each network of testdata/families.py: text and its replacement in
// pairs, once for each place. Those without changes are drawn as they are.
var completed = map[string][]string{
	"mlp_embedding":     {"cat(noise, label)", "cat(label, noise)", "BatchNorm1d(64)", "BatchNorm1d(64, eps=0.8)", "BatchNorm1d(128)", "BatchNorm1d(128, eps=0.8)"},
	"mlp_onehot":        {"Tanh()", "Sigmoid()"},
	"mlp_deep":          {" ReLU()", " LeakyReLU(0.2)"},
	"conv_onehot":       nil,
	"conv_embedding":    nil,
	"conv_leaky":        {" ReLU()", " LeakyReLU(0.2)"},
	"linear_conv":       {"Tanh()", "Sigmoid()"},
	"two_paths":         nil,
	"output_padding":    nil,
	"upsample_nearest":  {"noise: randn(64)", "noise: randn(54)\n  label: one_hot(10)\n  join: cat(noise, label)"},
	"upsample_bilinear": {"LeakyReLU(0.2)", "ReLU()", "Upsample(scale_factor=2.0)", "Upsample(scale_factor=2.0, mode='bilinear')", ", eps=0.8", ""},
	"shuffle": {"one_hot(8)", "one_hot(10)", "randn(32)", "randn(30)", "784)\n    - LeakyReLU(0.2)", "784)", "PixelShuffle(2)\n    - LeakyReLU(0.2)\n    - blocks.2", "PixelShuffle(2)\n    - blocks.2",
		", eps=0.8", "", "Dropout()", "ReLU()", "LeakyReLU(0.2)", "ReLU()"},
	"times_upsample":    nil,
	"times_conv":        nil,
	"times_mlp":         nil,
	"dcgan":             nil,
	"plain_mlp":         {" ReLU()", " LeakyReLU(0.2)"},
	"plain_linear_conv": nil,
}

// complete changes the guess of a file; nil where nothing is to be changed.
func complete(t *testing.T, name, path string) *arch.File {
	t.Helper()
	if completed[name] == nil {
		return nil
	}
	file, err := OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	w, err := Find(file, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	text := regexp.MustCompile(` # \? .*`).ReplaceAllString(string(arch.Write(w.Config.Arch)), "")
	for i := 0; i < len(completed[name]); i += 2 {
		old, changed := completed[name][i], completed[name][i+1]
		if !strings.Contains(text, old) {
			t.Fatalf("%s: there is no %q in the guess\n%s", name, old, text)
		}
		text = strings.ReplaceAll(text, old, changed)
	}
	f, err := arch.Read([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// What Python draws of each family is drawn here: to the bit in exact mode on the same libtorch, closely elsewhere.
func TestFamiliesDrawWhatPythonDraws(t *testing.T) {
	for version, python := range pythons(t) {
		dir := t.TempDir()
		if out, err := exec.Command(python, "-B", "-W", "ignore", "testdata/families.py", dir).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		for name := range completed {
			path := filepath.Join(dir, name+".pt")
			file, err := OpenFile(path)
			if err != nil {
				t.Fatal(err)
			}
			w, err := Find(file, "", complete(t, name, path))
			if err != nil {
				t.Errorf("torch %s, %s: %v", version, name, err)
				continue
			}
			exact, want := drawReference(t, w, Compute{Exact: true}, filepath.Join(dir, name+".npz"))
			fast, _ := drawReference(t, w, Compute{}, filepath.Join(dir, name+".npz"))
			equal := bytes.Equal(bytesOf(exact), bytesOf(want))
			t.Logf("torch %s, %s: equal bits %v, exact differs by %.1e, fast by %.1e", version, name, equal, largest(exact, want), largest(fast, want))
			if version == torch.Version() && !equal {
				t.Errorf("torch %s, %s: the same libtorch drew other bits", version, name)
			}
			if apart := max(largest(exact, want), largest(fast, want)); !(apart <= 1e-5) {
				t.Errorf("torch %s, %s: images differ by %g", version, name, apart)
			}
		}
	}
}

// drawReference draws the noise and labels of a reference, and gives its images too.
func drawReference(t *testing.T, w *Weights, how Compute, path string) (got, want []float32) {
	t.Helper()
	g, err := w.LoadGenerator()
	if err != nil {
		t.Fatal(err)
	}
	defer g.Free()
	if err := g.Use(how); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	arrays, err := npz.Read(content)
	if err != nil {
		t.Fatal(err)
	}
	values := func(name string) []float32 {
		a, _ := arrays.Get(name)
		f, err := a.Float32s()
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	var labels []int64
	if w.Config.Classes > 0 {
		var a weights.Tensor
		if a, _ = arrays.Get("labels"); a.Data != nil {
			labels, err = a.Int64s()
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	got, err = g.Images(w.Config, values("noise"), labels)
	if err != nil {
		t.Fatal(err)
	}
	if want = values("images"); len(got) != len(want) {
		t.Fatalf("%s: %d values, want %d", path, len(got), len(want))
	}
	return got, want
}

func bytesOf(values []float32) (all []byte) {
	for _, v := range values {
		all = binary.LittleEndian.AppendUint32(all, math.Float32bits(v))
	}
	return all
}
