package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cgan/models"
	"cgan/weights"
	"cgan/weights/formats"
	"cgan/weights/pt"
)

// smallRun trains a step of small networks and gives the run folder.
func smallRun(t *testing.T) string {
	t.Helper()
	out := t.TempDir()
	code, _, stderr := invoke("train", "--quiet", "--data", writeSet(t, 10, nil), "--out", out, "--device", "cpu",
		"--steps", "1", "--batch", "4", "--nz", "5", "--ngf", "4", "--ndf", "4")
	if code != exitOK {
		t.Fatal(stderr)
	}
	return filepath.Join(out, "00000-"+setName(t, out))
}

func mustInvoke(t *testing.T, args ...string) string {
	t.Helper()
	code, stdout, stderr := invoke(args...)
	if code != exitOK || stderr != "" {
		t.Fatalf("%v: exit code %d, %s", args, code, stderr)
	}
	return stdout
}

func TestExportGivesTheSameBytesTwiceAndReplacesOnlyByForce(t *testing.T) {
	run, dir := smallRun(t), t.TempDir()
	for _, format := range exportFormats {
		path := filepath.Join(dir, "g."+format)
		mustInvoke(t, "export", run, "--format", format, "--out", path)
		first, err := os.ReadFile(path)
		if err != nil || len(first) < 10000 {
			t.Errorf("%s: %v, %d bytes", format, err, len(first))
		}
		code, _, stderr := invoke("export", run, "--format", format, "--out", path)
		if code != exitUsage || !strings.Contains(stderr, "--force") {
			t.Errorf("%s: exit code %d, %s", format, code, stderr)
		}
		mustInvoke(t, "export", "--force", "--out", path, "--format", format, run)
		if second, err := os.ReadFile(path); err != nil || !bytes.Equal(first, second) {
			t.Errorf("%s: the same weights gave other bytes", format)
		}
	}
}

// What was exported draws what the checkpoint draws.
func TestExportedWeightsDrawTheSame(t *testing.T) {
	run, dir := smallRun(t), t.TempDir()
	draw := func(from string) []byte {
		t.Helper()
		path := filepath.Join(dir, "picture.png")
		mustInvoke(t, "generate", "--weights", from, "--seed", "2", "--out", path)
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return content
	}
	want := draw(run)
	for _, format := range []string{"pt", "safetensors"} {
		path := filepath.Join(dir, "g."+format)
		mustInvoke(t, "export", run, "--format", format, "--out", path)
		if !bytes.Equal(draw(path), want) {
			t.Errorf("%s draws something else", format)
		}
	}
	both := filepath.Join(dir, "both.pt")
	mustInvoke(t, "export", run, "--net", "all", "--out", both)
	if !bytes.Equal(draw(both), want) {
		t.Error("--net all draws something else")
	}
}

func TestExportConverts(t *testing.T) {
	run, dir := smallRun(t), t.TempDir()
	for name, dtype := range exportTypes {
		path := filepath.Join(dir, name+".safetensors")
		mustInvoke(t, "export", run, "--net", "discriminator", "--format", "safetensors", "--dtype", name, "--out", path)
		file, err := formats.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		state := file.Root.(weights.StateDict)
		weight, _ := state.Get("layer1.0.weight")
		tracked, _ := state.Get("layer2.1.num_batches_tracked")
		if weight.DType != dtype || tracked.DType != weights.I64 {
			t.Errorf("%s: weight %v, num_batches_tracked %v", name, weight.DType, tracked.DType)
		}
		if file.Metadata["classes"] != "10" || file.Metadata["ndf"] != "4" {
			t.Errorf("%s: metadata %v", name, file.Metadata)
		}
	}
}

func TestInspectSaysWhatAFileHolds(t *testing.T) {
	run, dir := smallRun(t), t.TempDir()
	var report fileReport
	if err := json.Unmarshal([]byte(mustInvoke(t, "inspect", run, "--json")), &report); err != nil {
		t.Fatal(err)
	}
	if report.Architecture == nil || report.Architecture.Noise != 5 || report.Architecture.NdF != 4 || len(report.SHA256) != 64 {
		t.Errorf("%+v", report)
	}
	text := mustInvoke(t, "inspect", run)
	for _, want := range []string{"generator: nz 5, ngf 4, 1 channels of 28x28, 10 classes: 0 to 9\n", "generator.layer1.0.weight", "15x16x3x3", "optimizerG.param_groups.0.lr", "0.0002"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	script := filepath.Join(dir, "g.torchscript")
	mustInvoke(t, "export", run, "--format", "torchscript", "--out", script)
	code, _, stderr := invoke("generate", "--weights", script)
	if code != exitData || !strings.Contains(stderr, "this is a TorchScript archive") {
		t.Errorf("exit code %d, %s", code, stderr)
	}
}

// What export writes as a program says what it is and what it holds; it is not run.
func TestInspectPrograms(t *testing.T) {
	run, dir := smallRun(t), t.TempDir()
	for name, wants := range map[string][]string{
		"g.onnx": {"ONNX, opset 14", "4 ConvTranspose, 3 BatchNormalization", "metadata classes: 10", "input noise", "[batch, 5, 1, 1]",
			"output image", "[batch, 1, 28, 28]", "layer1.0.weight", "15x16x3x3"},
		"g.torchscript": {"TorchScript", "for torch.jit.load", "code/__torch__", "constants.pkl"},
	} {
		path := filepath.Join(dir, name)
		mustInvoke(t, "export", run, "--out", path)
		text := mustInvoke(t, "inspect", path)
		for _, want := range append(wants, "sha256 ") {
			if !strings.Contains(text, want) {
				t.Errorf("%s: no %q in\n%s", name, want, text)
			}
		}
		var report fileReport
		if err := json.Unmarshal([]byte(mustInvoke(t, "inspect", "--json", path)), &report); err != nil || len(report.Values) < 5 {
			t.Errorf("%s: %v, %+v", name, err, report)
		}
	}
	if code, _, stderr := invoke("inspect", fileOf(t, "\x08\x07\x12\x01")); code != exitData {
		t.Errorf("half an ONNX file: exit code %d, %s", code, stderr)
	}
}

func fileOf(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// What ships is inspected by its name.
func TestInspectOfWhatShips(t *testing.T) {
	data, err := os.ReadFile("../../weights/pretrained/mnist.pt")
	if err != nil {
		t.Fatal(err)
	}
	if text, want := mustInvoke(t, "inspect", "mnist"), fmt.Sprintf("sha256 %x\n", sha256.Sum256(data)); !strings.Contains(text, want) {
		t.Errorf("no %q in\n%s", want, text)
	}
}

// A few shared lists span millions of values; a report lists some, and says so.
func TestReportsAreBounded(t *testing.T) {
	var shared weights.Value = make(weights.List, 1000)
	for range 2 {
		shared = slices.Repeat(weights.List{shared}, 1000)
	}
	values, whole := listValues(shared)
	if whole || len(values) != mostValues || values[1001].Key != "0.1.1" {
		t.Errorf("%d values, whole: %v", len(values), whole)
	}
	long := &weights.Dict{}
	long.Set(strings.Repeat("k", 1<<20), shared)
	if values, whole = listValues(long); whole || len(values) > 70 {
		t.Errorf("%d values below a key of a megabyte", len(values))
	}
}

// A value that float16 has not would be infinite in the file.
func TestExportKeepsValuesFinite(t *testing.T) {
	w, err := models.Open(smallRun(t), "")
	if err != nil {
		t.Fatal(err)
	}
	for i, e := range w.Generator {
		if e.Key == "layer1.1.running_var" {
			large := make([]float32, e.Numel())
			for j := range large {
				large[j] = 1e6
			}
			if w.Generator[i].Tensor, err = weights.FromFloat32s(large, e.Shape...); err != nil {
				t.Fatal(err)
			}
		}
	}
	var file bytes.Buffer
	if err := pt.Write(&file, "g.pt", w.Generator, nil); err != nil {
		t.Fatal(err)
	}
	path := fileOf(t, file.String())
	out := filepath.Join(t.TempDir(), "g16.pt")
	code, _, stderr := invoke("export", path, "--dtype", "f16", "--out", out)
	if _, err := os.Stat(out); code == exitOK || err == nil || !strings.Contains(stderr, "layer1.1.running_var holds values that are too large for --dtype f16") {
		t.Errorf("exit code %d, %s", code, stderr)
	}
	mustInvoke(t, "export", path, "--dtype", "bf16", "--out", out)
}

// Texts of a foreign file can't draw on the terminal or forge a line.
func TestForeignTextsAreQuoted(t *testing.T) {
	one, err := weights.FromFloat32s([]float32{1}, 1)
	if err != nil {
		t.Fatal(err)
	}
	d := &weights.Dict{}
	d.Set("note", "ok\x1b[2J\nsha256 0000")
	d.Set("key\x1b[31m", &one)
	d.Set("long", strings.Repeat("x", 100000))
	var file bytes.Buffer
	if err := pt.Write(&file, "x.pt", d, nil); err != nil {
		t.Fatal(err)
	}
	text := mustInvoke(t, "inspect", fileOf(t, file.String()))
	if strings.Contains(text, "\x1b") || strings.Contains(text, "\nsha256 0000") || len(text) > 5000 {
		t.Errorf("%d bytes: %q", len(text), text[:min(len(text), 2000)])
	}
	if !strings.Contains(text, `"ok\x1b[2J\nsha256 0000"`) || !strings.Contains(text, `"key\x1b[31m"`) {
		t.Errorf("the texts are not there, quoted: %s", text)
	}
}

func TestExportRefuses(t *testing.T) {
	run, dir := smallRun(t), t.TempDir()
	generator := filepath.Join(dir, "g.pt")
	mustInvoke(t, "export", run, "--out", generator)
	for name, c := range map[string]struct {
		args []string
		code int
		want string
	}{
		"no file":                   {[]string{"export", "--out", "x.pt"}, exitUsage, "export takes one RUN_OR_FILE"},
		"no out":                    {[]string{"export", run}, exitUsage, "--out is missing"},
		"no such format":            {[]string{"export", run, "--format", "zip"}, exitUsage, `--format is "zip": it must be pt, safetensors`},
		"torchscript of all":        {[]string{"export", run, "--out", "x", "--format", "torchscript", "--net", "all"}, exitUsage, "torchscript holds the generator alone"},
		"onnx in bf16":              {[]string{"export", run, "--out", "x", "--format", "onnx", "--dtype", "bf16"}, exitUsage, "onnx is written as f32"},
		"no discriminator":          {[]string{"export", generator, "--out", "x.pt", "--net", "discriminator"}, exitData, "holds no discriminator"},
		"no such key":               {[]string{"export", run, "--out", "x.pt", "--key", "netX"}, exitData, `netX`},
		"no folder":                 {[]string{"export", run, "--out", filepath.Join(dir, "none", "x.pt")}, exitFailure, "none"},
		"weights of another size":   {[]string{"train", "--init", run, "--ngf", "8", "--data", writeSet(t, 10, nil), "--out", dir, "--device", "cpu"}, exitData, "layer1.0.weight"},
		"a discriminator to start":  {[]string{"generate", "--weights", run, "--key", "discriminator"}, exitData, "not a generator"},
		"two arguments for inspect": {[]string{"inspect", run, run}, exitUsage, "inspect takes one RUN_OR_FILE"},
	} {
		t.Run(name, func(t *testing.T) {
			code, _, stderr := invoke(c.args...)
			if code != c.code || !strings.Contains(stderr, c.want) || strings.Count(stderr, "\n") != 1 {
				t.Errorf("exit code %d, want %d; %q, want %q in it", code, c.code, stderr, c.want)
			}
		})
	}
}

func TestTheEndingChoosesTheFormat(t *testing.T) {
	run, dir := smallRun(t), t.TempDir()
	for name, begin := range map[string]string{"g.pt": "PK", "g.PTH": "PK", "g.onnx": "\x08\x07", "g.torchscript": "PK"} {
		path := filepath.Join(dir, name)
		mustInvoke(t, "export", run, "--out", path)
		if content, err := os.ReadFile(path); err != nil || !strings.HasPrefix(string(content), begin) {
			t.Errorf("%s begins with %.4q, %v", name, content, err)
		}
	}
	mustInvoke(t, "export", run, "--out", filepath.Join(dir, "g.safetensors"))
	if report := mustInvoke(t, "inspect", filepath.Join(dir, "g.safetensors")); !strings.Contains(report, "safetensors") {
		t.Errorf("g.safetensors is %s", report)
	}
	for want, args := range map[string][]string{
		"its ending says onnx, --format says pt": {"export", run, "--format", "pt", "--out", filepath.Join(dir, "a.onnx")},
		"its ending names no format":             {"export", run, "--out", filepath.Join(dir, "weights.bin")},
		"end the name in .png":                   {"generate", "--weights", run, "--out", filepath.Join(dir, "three.jpg")},
	} {
		code, _, stderr := invoke(args...)
		if code != exitUsage || !strings.Contains(stderr, want) {
			t.Errorf("%v: exit code %d, %q, want %q", args, code, stderr, want)
		}
		if _, err := os.Stat(args[len(args)-1]); err == nil {
			t.Errorf("%v wrote a file", args)
		}
	}
	mustInvoke(t, "export", run, "--format", "pt", "--out", filepath.Join(dir, "weights.bin"))
}

// As torch.manual_seed takes them.
func TestSeedsOf64Bits(t *testing.T) {
	run, dir := smallRun(t), t.TempDir()
	draw := func(seed string) string {
		path := filepath.Join(dir, "x.png")
		mustInvoke(t, "generate", "--weights", run, "--seed", seed, "--out", path)
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return string(content)
	}
	if draw("18446744073709551615") != draw("-1") || draw("9223372036854775808") != draw("-9223372036854775808") {
		t.Error("a seed and its two's complement drew other images")
	}
	if draw("18446744073709551615") == draw("0") {
		t.Error("other seeds drew the same image")
	}
	for _, seed := range []string{"18446744073709551616", "-9223372036854775809", "1.5", "x"} {
		if code, _, stderr := invoke("generate", "--weights", run, "--seed="+seed); code != exitUsage || !strings.Contains(stderr, "from -2^63 to 2^64-1") {
			t.Errorf("seed %s: exit code %d, %q", seed, code, stderr)
		}
	}
}

// The same weights give the same bytes, where pt files have the same name.
func TestExportsOfTheSameWeightsHaveTheSameBytes(t *testing.T) {
	run := smallRun(t)
	export := func(name string) string {
		path := filepath.Join(t.TempDir(), name)
		mustInvoke(t, "export", run, "--out", path)
		return string(readFile(t, path))
	}
	for _, c := range []struct {
		a, b string
		same bool
	}{{"a.pt", "a.pt", true}, {"a.pt", "b.pt", false}, {"a.safetensors", "b.safetensors", true}, {"a.onnx", "b.onnx", true}, {"a.torchscript", "b.torchscript", true}} {
		if same := export(c.a) == export(c.b); same != c.same {
			t.Errorf("%s and %s have the same bytes: %v, want %v", c.a, c.b, same, c.same)
		}
	}
}
