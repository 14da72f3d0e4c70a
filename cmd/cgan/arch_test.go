package main

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cgan/bindings/torch"
	"cgan/models"
	"cgan/models/arch"
	"cgan/weights"
	"cgan/weights/pt"
)

// mlpArch is a network of which the keys and shapes tell all but the order of noise and label, activations and output.
const mlpArch = `generator:
  noise: randn(12)
  label:
    label_emb: Embedding(10, 6)
  join: cat(label, noise)
  layers:
    - model.0: Linear(18, 16)
    - LeakyReLU(0.2)
    - model.2: Linear(16, 784)
    - Sigmoid()
    - Reshape(1, 28, 28)
`

const plainArch = `generator:
  noise: randn(12)
  layers:
    - model.0: Linear(12, 16)
    - LeakyReLU(0.2)
    - model.2: Linear(16, 784)
    - Tanh()
    - Reshape(1, 28, 28)
`

// foreign is weights of another program, with their network and images that were drawn with them.
type foreign struct{ weights, arch, reference string }

// writeForeign makes a seeded generator and writes its weights, without a word of the network, under keys that begin with prefix.
func writeForeign(t *testing.T, text, prefix string) (f foreign) {
	t.Helper()
	dir := t.TempDir()
	f = foreign{filepath.Join(dir, "g.pt"), filepath.Join(dir, "arch.yaml"), filepath.Join(dir, "reference.npz")}
	read, err := arch.Read([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	c, err := models.ConfigOfArch(read)
	if err != nil {
		t.Fatal(err)
	}
	var g *models.Net
	err = torch.Do("make a generator", func() error {
		torch.ManualSeed(2)
		g = c.NewGenerator()
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	defer g.Free()
	state, err := models.StateDict(g.StateDict())
	if err != nil {
		t.Fatal(err)
	}
	for i := range state {
		state[i].Key = prefix + state[i].Key
	}
	var file bytes.Buffer
	if err := pt.Write(&file, "g.pt", state, nil); err != nil {
		t.Fatal(err)
	}
	writeFile(t, f.weights, file.Bytes())
	writeFile(t, f.arch, []byte(text))
	f.writeReference(t, g, c)
	return f
}

// writeReference draws three images and writes them as numpy.savez does.
func (f foreign) writeReference(t *testing.T, g *models.Net, c models.Config) {
	t.Helper()
	noise, labels := make([]float32, 3*c.Noise), []int64{7, 0, 1}[:min(3, c.Classes)]
	for i := range noise {
		noise[i] = float32(i%7) / 4
	}
	if err := g.Use(models.Compute{Exact: true}); err != nil {
		t.Fatal(err)
	}
	images, err := g.Images(c, noise, labels)
	if err != nil {
		t.Fatal(err)
	}
	n, err := weights.FromFloat32s(noise, 3, int64(c.Noise))
	if err != nil {
		t.Fatal(err)
	}
	i, err := weights.FromFloat32s(images, 3, 1, 28, 28)
	if err != nil {
		t.Fatal(err)
	}
	state := weights.StateDict{{Key: "noise", Tensor: n}, {Key: "images", Tensor: i}}
	if c.Classes > 0 {
		l, err := weights.FromInt64s(labels, 3)
		if err != nil {
			t.Fatal(err)
		}
		state = append(state, weights.Entry{Key: "labels", Tensor: l})
	}
	writeNPZ(t, f.reference, state)
}

func writeNPZ(t *testing.T, path string, arrays weights.StateDict) {
	t.Helper()
	var file bytes.Buffer
	w := zip.NewWriter(&file)
	for _, a := range arrays {
		r, err := w.Create(a.Key + ".npy")
		if err != nil {
			t.Fatal(err)
		}
		descr := map[weights.DType]string{weights.F32: "<f4", weights.I64: "<i8"}[a.DType]
		header := fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': (%s,), }\n", descr, strings.Trim(strings.ReplaceAll(fmt.Sprint(a.Shape), " ", ", "), "[]"))
		r.Write([]byte("\x93NUMPY\x01\x00"))
		r.Write(binary.LittleEndian.AppendUint16(nil, uint16(len(header))))
		r.Write([]byte(header))
		r.Write(a.Data)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	writeFile(t, path, file.Bytes())
}

// drawWith draws with the given flags, and gives the picture's bytes and what was said on stderr.
func drawWith(t *testing.T, args ...string) (picture, notes string) {
	t.Helper()
	out := filepath.Join(t.TempDir(), "p.png")
	code, _, stderr := invoke(append([]string{"generate", "--device", "cpu", "--seed", "3", "--out", out, "--weights"}, args...)...)
	if code != exitOK {
		t.Fatalf("%v: %s", args, stderr)
	}
	content, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return string(content), stderr
}

// Weights that nobody says anything of are drawn from as their keys and shapes suggest, with a word on it; the column that was
// guessed is printed, changed and given, goes with what is exported, and is asked for once.
func TestForeignWeightsAreDrawnFrom(t *testing.T) {
	f := writeForeign(t, mlpArch, "")
	guessed, notes := drawWith(t, f.weights)
	for _, want := range []string{"note: " + f.weights + ": its layers are guessed from keys and shapes", "cat(noise, label) (or cat(label, noise))", "cgan inspect " + f.weights + " --arch > arch.yaml"} {
		if !strings.Contains(notes, want) {
			t.Errorf("no %q in %q", want, notes)
		}
	}
	text := func(args ...string) string {
		t.Helper()
		code, stdout, stderr := invoke(args...)
		if code != exitOK {
			t.Fatalf("%v: %s", args, stderr)
		}
		return stdout
	}
	column := text("inspect", f.weights, "--arch")
	if !strings.Contains(column, "join: cat(noise, label) # ? or cat(label, noise)") || !strings.Contains(column, "    - model.0: Linear(18, 16)\n") {
		t.Fatalf("the column is\n%s", column)
	}
	column = strings.ReplaceAll(strings.ReplaceAll(column, "join: cat(noise, label)", "join: cat(label, noise)"), "Tanh()", "Sigmoid()")
	column = strings.ReplaceAll(strings.ReplaceAll(column, " ReLU()", " LeakyReLU(0.2)"), "values: [-1, 1]", "values: [0, 1]")
	completed := writeFile(t, filepath.Join(t.TempDir(), "arch.yaml"), []byte(column))
	want, notes := drawWith(t, f.weights, "--arch", completed)
	if want == guessed || notes != "" {
		t.Errorf("the arch file changes nothing, or there is a note: %q", notes)
	}
	if again, _ := drawWith(t, f.weights, "--arch", f.arch); again != want {
		t.Error("the completed guess is another network")
	}
	for _, name := range []string{"g.pt", "g.safetensors"} {
		out := filepath.Join(t.TempDir(), name)
		mustInvoke(t, "export", f.weights, "--arch", f.arch, "--out", out)
		if again, notes := drawWith(t, out); again != want || notes != "" {
			t.Errorf("%s draws something else, or there is a note: %q", name, notes)
		}
	}
	for _, name := range []string{"g.onnx", "g.torchscript"} {
		mustInvoke(t, "export", f.weights, "--arch", f.arch, "--out", filepath.Join(t.TempDir(), name))
	}
	if python := text("inspect", f.arch, "--as-python"); !strings.Contains(python, "class Generator(nn.Module):") || !strings.Contains(python, "nn.Linear(18, 16)") {
		t.Errorf("the module is\n%s", python)
	}
	if table := text("inspect", f.arch); !strings.Contains(table, "Linear-2") || !strings.Contains(table, "1x28x28") || !strings.Contains(table, "13,328") {
		t.Errorf("the table is\n%s", table)
	}
	if report := text("inspect", f.weights); !strings.Contains(report, "generator: noise randn(12), images 1x28x28, 10 classes: 0 to 9") || !strings.Contains(report, "Linear-2") || !strings.Contains(report, "label_emb.weight") {
		t.Errorf("the report is\n%s", report)
	}
}

func TestKeysAreRenamedByMap(t *testing.T) {
	f, plain := writeForeign(t, mlpArch, "net.gen."), writeForeign(t, mlpArch, "")
	want, _ := drawWith(t, plain.weights, "--arch", plain.arch)
	if got, _ := drawWith(t, f.weights, "--arch", f.arch, "--map", "net.gen="); got != want {
		t.Error("with --map it draws something else")
	}
	if got, _ := drawWith(t, f.weights, "--arch", f.arch, "--map", "net.gen.model=model", "--map", "net.gen.label_emb=label_emb"); got != want {
		t.Error("with two rules it draws something else")
	}
	if code, stdout, stderr := invoke("inspect", f.weights, "--arch", "--map", "net.gen="); code != exitOK || !strings.Contains(stdout, "    - model.0: Linear(18, 16)\n") || !strings.Contains(stdout, "map:\n  net.gen: \"\"\n") {
		t.Errorf("%s\n%s", stderr, stdout)
	}
}

func TestWithoutClasses(t *testing.T) {
	f := writeForeign(t, plainArch, "")
	one, _ := drawWith(t, f.weights, "--arch", f.arch)
	many, _ := drawWith(t, f.weights, "--arch", f.arch, "--count", "11")
	if one == many {
		t.Error("--count changes nothing")
	}
	code, stdout, _ := invoke("generate", "--weights", f.weights, "--arch", f.arch, "--count", "11", "--out", filepath.Join(t.TempDir(), "p.png"))
	if code != exitOK || !strings.HasPrefix(stdout, "drew 11 images into ") || strings.Contains(stdout, "columns") {
		t.Errorf("%q", stdout)
	}
	if code, _, stderr := invoke("generate", "--weights", f.weights, "--arch", f.arch, "--class", "3"); code != exitUsage || !strings.Contains(stderr, "--class 3: the generator knows no classes: leave it out") {
		t.Errorf("exit code %d, %q", code, stderr)
	}
	if code, stdout, stderr := invoke("generate", "--weights", f.weights, "--arch", f.arch, "--compare-with", f.reference); code != exitOK || !strings.HasPrefix(stdout, "exact: equal, bit for bit\nfast: ") {
		t.Errorf("exit code %d, %q, %q", code, stdout, stderr)
	}
}

// A wrong guess shows: images that Python drew are compared.
func TestCompareWithAReference(t *testing.T) {
	f := writeForeign(t, mlpArch, "")
	if code, stdout, stderr := invoke("generate", "--exact", "--weights", f.weights, "--arch", f.arch, "--compare-with", f.reference); code != exitOK || stdout != "exact: equal, bit for bit\n" {
		t.Errorf("exit code %d, %q, %q", code, stdout, stderr)
	}
	code, stdout, stderr := invoke("generate", "--weights", f.weights, "--compare-with", f.reference)
	if code != exitFailure || !strings.HasPrefix(stdout, "exact: largest difference ") || !strings.Contains(stdout, " at image ") || !strings.Contains(stderr, "noise and label in the other order") {
		t.Errorf("exit code %d, %q, %q", code, stdout, stderr)
	}
	one, err := weights.FromFloat32s([]float32{1, 2}, 2, 1)
	if err != nil {
		t.Fatal(err)
	}
	bad := filepath.Join(t.TempDir(), "bad.npz")
	writeNPZ(t, bad, weights.StateDict{{Key: "noise", Tensor: one}, {Key: "images", Tensor: one}})
	for want, args := range map[string][]string{
		"leave out --class": {"--compare-with", f.reference, "--class", "3"},
		"bad.npz: noise has 1 values for each image, and the network takes 12 (nz)": {"--compare-with", bad},
		"arch.yaml: is no .npz of numpy.savez":                                      {"--compare-with", f.arch},
		"none.npz: no such file":                                                    {"--compare-with", "none.npz"},
	} {
		code, _, stderr := invoke(append([]string{"generate", "--weights", f.weights, "--arch", f.arch}, args...)...)
		if code == exitOK || code == exitFailure || !strings.Contains(stderr, want) || strings.Count(stderr, "\n") != 1 {
			t.Errorf("exit code %d, %q, want %q", code, stderr, want)
		}
	}
}

// Images that Python drew tell what keys and shapes leave open: what inspect prints then draws them.
func TestInspectSettlesByAReference(t *testing.T) {
	f := writeForeign(t, mlpArch, "")
	code, stdout, stderr := invoke("inspect", f.weights, "--arch", "--compare-with", f.reference)
	if code != exitOK || stderr != "" || stdout != mlpArch {
		t.Errorf("exit code %d, %q\n%s", code, stderr, stdout)
	}
	settled := filepath.Join(t.TempDir(), "settled.yaml")
	writeFile(t, settled, []byte(stdout))
	if code, stdout, stderr := invoke("generate", "--exact", "--weights", f.weights, "--arch", settled, "--compare-with", f.reference); code != exitOK || stdout != "exact: equal, bit for bit\n" {
		t.Errorf("exit code %d, %q, %q", code, stdout, stderr)
	}
	other := writeForeign(t, plainArch, "")
	for want, args := range map[string][]string{
		"none.npz: no such file":                       {f.weights, "--arch", "--compare-with", "none.npz"},
		"the reference holds no labels":                {f.weights, "--arch", "--compare-with", other.reference},
		"--compare-with is for inspect WEIGHTS --arch": {f.weights, "--compare-with", f.reference},
		"cgan generate --compare-with compares":        {f.arch, "--arch", "--compare-with", f.reference},
		"arch.yaml: is no .npz of numpy.savez":         {f.weights, "--arch", "--compare-with", f.arch},
	} {
		code, stdout, stderr := invoke(append([]string{"inspect"}, args...)...)
		if code == exitOK || stdout != "" || !strings.Contains(stderr, want) || strings.Count(stderr, "\n") != 1 {
			t.Errorf("exit code %d, %q, want %q", code, stderr, want)
		}
	}
}

// One-hot rows are labels too.
func TestReferenceLabels(t *testing.T) {
	rows := func(values ...float32) weights.StateDict {
		tensor, err := weights.FromFloat32s(values, 2, int64(len(values)/2))
		if err != nil {
			t.Fatal(err)
		}
		return weights.StateDict{{Key: "labels", Tensor: tensor}}
	}
	if labels, err := readLabels(rows(0, 0, 1, 0, 1, 0), 2); err != nil || !slices.Equal(labels, []int64{2, 1}) {
		t.Error(labels, err)
	}
	if labels, err := readLabels(rows(3, 9), 2); err != nil || !slices.Equal(labels, []int64{3, 9}) {
		t.Error(labels, err)
	}
	for want, values := range map[string][]float32{
		"is not one-hot: row 1 is [0 1 1]":  {0, 0, 1, 0, 1, 1},
		"is not one-hot: row 0 is [0 0 0]":  {0, 0, 0, 0, 1, 0},
		"is not one-hot: row 1 is [0 .5 0]": {0, 0, 1, 0, .5, 0},
	} {
		if labels, err := readLabels(rows(values...), 2); err == nil || !strings.Contains(err.Error(), strings.Replace(want, ".5", "0.5", 1)) {
			t.Error(labels, err)
		}
	}
	if labels, err := readLabels(nil, 2); labels != nil || err != nil {
		t.Error(labels, err)
	}
}

func TestArchErrorsNameFlagFileAndLine(t *testing.T) {
	f := writeForeign(t, mlpArch, "")
	archOf := func(old, changed string) string {
		if !strings.Contains(mlpArch, old) {
			t.Fatal(old)
		}
		return writeFile(t, filepath.Join(t.TempDir(), "a.yaml"), []byte(strings.Replace(mlpArch, old, changed, 1)))
	}
	linear := archOf("Linear(16, 784)", "Linear(15, 784)")
	for want, c := range map[string]struct {
		args []string
		code int
	}{
		"--arch none.yaml: no such file":                                       {[]string{"--arch", "none.yaml"}, exitData},
		"--arch " + linear + ": line 9: ":                                      {[]string{"--arch", linear}, exitData},
		"line 4, label_emb: Embedding(9, 6) has a weight of [9 6], the file's": {[]string{"--arch", archOf("Embedding(10, 6)", "Embedding(9, 6)")}, exitData},
		"line 7, layer.0: Linear(18, 16) has a weight of [16 18], the file has no layer.0.weight: model.0.weight would fit": {[]string{"--arch", archOf("model.0", "layer.0")}, exitData},
		`--map a: write OLD=NEW`: {[]string{"--map", "a"}, exitUsage},
		`the rule "modell": "m" fits no key that is left; the nearest is "model"`: {[]string{"--map", "modell=m"}, exitData},
	} {
		code, _, stderr := invoke(append([]string{"generate", "--weights", f.weights}, c.args...)...)
		if code != c.code || !strings.Contains(stderr, want) || strings.Count(stderr, "\n") != 1 {
			t.Errorf("%v: exit code %d, want %d; %q, want %q in it", c.args, code, c.code, stderr, want)
		}
	}
	code, _, stderr := invoke("generate", "--weights", f.weights, "--arch", archOf("model.0", "layer.0"))
	if code != exitData || !strings.Contains(stderr, "g.pt: ") || !strings.Contains(stderr, "a.yaml)") {
		t.Errorf("it does not name both files: %q", stderr)
	}
	for want, args := range map[string][]string{
		"--arch and --as-python are two ways":                   {"inspect", f.arch, "--arch", "--as-python"},
		"name the RUN_OR_FILE whose networks are to be printed": {"inspect", "--arch"},
	} {
		if code, _, stderr := invoke(args...); code != exitUsage || !strings.Contains(stderr, want) {
			t.Errorf("%v: exit code %d, %q", args, code, stderr)
		}
	}
}
