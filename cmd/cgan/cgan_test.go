package main

import (
	"bytes"
	"flag"
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files anew")

// invoke runs cgan and gives its exit code and what it wrote.
func invoke(args ...string) (code int, stdout, stderr string) {
	var out, err bytes.Buffer
	code = run(append([]string{"cgan"}, args...), &out, &err)
	return code, out.String(), err.String()
}

func TestHelpIsGolden(t *testing.T) {
	for name, args := range map[string][]string{
		"cgan": {"--help"}, "train": {"train", "--help"}, "generate": {"generate", "--help"},
		"inspect": {"inspect", "--help"}, "export": {"export", "--help"}, "bench": {"bench", "--help"}, "doctor": {"doctor", "--help"}, "data": {"data", "--help"},
		"runs":          {"runs", "--help"},
		"serve":         {"serve", "--help"},
		"eval":          {"eval", "--help"},
		"judge-train":   {"judge", "train", "--help"},
		"inspect-table": {"inspect"},
	} {
		code, got, stderr := invoke(args...)
		got = strings.ReplaceAll(got, version(), "RELEASE, commit, libtorch") // which say more here
		if code != exitOK || stderr != "" {
			t.Errorf("%s: exit code %d, %s", name, code, stderr)
		}
		path := filepath.Join("testdata", name+".txt")
		if *update {
			if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			t.Errorf("%s differs from %s: run go test ./cmd/cgan -update and read the change\n%s", name, path, got)
		}
	}
}

// writeSet writes images and labels files of n items, then lets damage change their bytes.
func writeSet(t *testing.T, n int, damage func(images, labels []byte) ([]byte, []byte)) string {
	t.Helper()
	dir := t.TempDir()
	images := append([]byte{0, 0, 8, 3, 0, 0, 0, byte(n), 0, 0, 0, 28, 0, 0, 0, 28}, make([]byte, n*784)...)
	labels := []byte{0, 0, 8, 1, 0, 0, 0, byte(n)}
	for i := range n {
		labels = append(labels, byte(i%10))
	}
	if damage != nil {
		images, labels = damage(images, labels)
	}
	writeFile(t, filepath.Join(dir, "train-images-idx3-ubyte"), images)
	writeFile(t, filepath.Join(dir, "train-labels-idx1-ubyte"), labels)
	return dir
}

func writeFile(t *testing.T, path string, content []byte) string {
	t.Helper()
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// A command is suggested where one is likely to be meant, and else none.
func TestMistypedCommands(t *testing.T) {
	for typed, meant := range map[string]string{
		"trian": `did you mean "train"? `, "training": `did you mean "train"? `, "gen": `did you mean "generate"? `, "genrate": `did you mean "generate"? `,
		"evaluate": `did you mean "eval"? `, "hlep": `did you mean "help"? `, "dta": `did you mean "data"? `, "version": `did you mean "cgan --version"? `,
		"sample": "", "x": "", "": "", "complet\xe9": "", "mann": "",
	} {
		want := fmt.Sprintf("cgan: there is no command %q: %scgan --help lists them\n", typed, meant)
		if code, stdout, stderr := invoke(typed); code != exitUsage || stdout != "" || stderr != want {
			t.Errorf("%q: %d, %s, %s, want %s", typed, code, stdout, stderr, want)
		}
	}
}

func TestBadInputEndsInOneLine(t *testing.T) {
	set := func(damage func(images, labels []byte) ([]byte, []byte)) []string {
		return []string{"train", "--data", writeSet(t, 4, damage), "--out", t.TempDir(), "--device", "cpu"}
	}
	file := func(content string) []string {
		return []string{"generate", "--weights", writeFile(t, filepath.Join(t.TempDir(), "w.pt"), []byte(content))}
	}
	aFile := writeFile(t, filepath.Join(t.TempDir(), "file"), nil)
	good := writeSet(t, 4, nil)
	weights := smallRun(t)
	for name, c := range map[string]struct {
		args []string
		code int
		want string
	}{
		"no such command":         {[]string{"trian"}, exitUsage, `there is no command "trian": did you mean "train"? cgan --help lists them`},
		"an argument":             {[]string{"train", "mnist"}, exitUsage, `train takes no argument "mnist"`},
		"no such flag":            {[]string{"train", "--epoch", "3"}, exitUsage, "no flag --epoch"},
		"no value":                {[]string{"train", "--epochs"}, exitUsage, "a value is missing after --epochs"},
		"epochs is a word":        {[]string{"train", "--epochs", "many"}, exitUsage, `invalid value "many" for --epochs`},
		"epochs is a fraction":    {[]string{"train", "--epochs", "1.5"}, exitUsage, `invalid value "1.5" for --epochs`},
		"epochs is 0":             {[]string{"train", "--epochs", "0"}, exitUsage, "--epochs is 0: it must be from 1"},
		"epochs is negative":      {[]string{"train", "--epochs=-1"}, exitUsage, "--epochs is -1"},
		"steps is negative":       {[]string{"train", "--steps=-5"}, exitUsage, "--steps is -5"},
		"batch is 0":              {[]string{"train", "--batch", "0"}, exitUsage, "--batch is 0"},
		"batch is too large":      {[]string{"train", "--batch", "65537"}, exitUsage, "--batch is 65537: it must be from 1 to 65536"},
		"batch overflows":         {[]string{"train", "--batch", "99999999999999999999"}, exitUsage, "--batch"},
		"seed is a word":          {[]string{"train", "--seed", "lucky"}, exitUsage, `invalid value "lucky" for --seed`},
		"threads is negative":     {[]string{"train", "--threads=-2"}, exitUsage, "--threads is -2"},
		"lr is too large":         {[]string{"train", "--lr", "2"}, exitUsage, "--lr is 2: it must be from 0 to 1"},
		"lr is not a number":      {[]string{"train", "--lr", "NaN"}, exitUsage, "--lr is NaN"},
		"lr is a word":            {[]string{"train", "--lr", "fast"}, exitUsage, "--lr"},
		"beta1 is 1":              {[]string{"train", "--beta1", "1"}, exitUsage, "--beta1 is 1: it must be from 0 to below 1"},
		"beta2 is negative":       {[]string{"train", "--beta2=-0.1"}, exitUsage, "--beta2 is -0.1"},
		"nz is 0":                 {[]string{"train", "--nz", "0"}, exitUsage, "--nz is 0"},
		"ngf is too large":        {[]string{"inspect", "--ngf", "5000"}, exitUsage, "--ngf is 5000: it must be from 1 to 4096"},
		"ndf is negative":         {[]string{"bench", "--ndf=-1"}, exitUsage, "--ndf is -1"},
		"no such device":          {[]string{"train", "--device", "tpu"}, exitUsage, `--device is "tpu": it must be auto, cpu or cuda`},
		"trace in no folder":      {[]string{"train", "--trace", "/nowhere/trace.json"}, exitUsage, "--trace /nowhere/trace.json: there is no folder /nowhere"},
		"trace is a folder":       {[]string{"train", "--trace", t.TempDir()}, exitUsage, "it is not a file"},
		"no such precision":       {[]string{"train", "--precision", "f16"}, exitUsage, `--precision is "f16": it must be f32 or bf16`},
		"precision, generate":     {[]string{"generate", "--weights", aFile, "--precision", ""}, exitUsage, `--precision is ""`},
		"exact in bf16":           {[]string{"bench", "--exact", "--precision", "bf16"}, exitUsage, "--exact is float32: leave it out, or the precision bf16"},
		"without a unit unknown":  {[]string{"train", "--without", "norm,turbo"}, exitUsage, `--without names "turbo": there are pages, grads`},
		"without, generate":       {[]string{"generate", "--weights", aFile, "--without", "all"}, exitUsage, `--without names "all"`},
		"no such mode":            {[]string{"bench", "--mode", "draw"}, exitUsage, `--mode is "draw": it must be train, generate or shapes`},
		"bench without steps":     {[]string{"bench", "--steps", "0"}, exitUsage, "--steps is 0: it must be from 1"},
		"out is a file":           {[]string{"train", "--data", good, "--out", aFile, "--device", "cpu"}, exitFailure, "make a folder for runs"},
		"data is not there":       {[]string{"train", "--data", "/nowhere", "--device", "cpu"}, exitData, "/nowhere: there is no such folder or file"},
		"data is a file":          {[]string{"train", "--data", aFile, "--device", "cpu"}, exitData, aFile},
		"images are empty":        {set(func(_, l []byte) ([]byte, []byte) { return nil, l }), exitData, "byte 0: the file is empty"},
		"images are cut":          {set(func(i, l []byte) ([]byte, []byte) { return i[:100], l }), exitData, "byte 100"},
		"images are too long":     {set(func(i, l []byte) ([]byte, []byte) { return append(i, 1), l }), exitData, "train-images-idx3-ubyte: byte 3152"},
		"images are no IDX":       {set(func(i, l []byte) ([]byte, []byte) { i[0] = 9; return i, l }), exitData, "train-images-idx3-ubyte: byte 0"},
		"labels are images":       {set(func(i, _ []byte) ([]byte, []byte) { return i, i }), exitData, "train-labels-idx1-ubyte: byte"},
		"labels are fewer":        {set(func(i, l []byte) ([]byte, []byte) { l[7] = 3; return i, l[:11] }), exitData, "3 labels for the 4 images"},
		"no such size":            {[]string{"train", "--size", "48"}, exitUsage, "--size is 48: it must be 28, 32, 64 or 128"},
		"no such fit":             {[]string{"train", "--fit", "zoom"}, exitUsage, `--fit is "zoom": it must be crop, pad or stretch`},
		"background is no colour": {[]string{"train", "--background", "#12"}, exitUsage, `--background is "#12"`},
		"two channels":            {[]string{"train", "--channels", "2"}, exitUsage, "--channels is 2: it must be 1 (grey), 3 (RGB)"},
		"weights are not there":   {[]string{"generate", "--weights", "/nowhere.pt"}, exitData, "/nowhere.pt: there is no such file"},
		"weights: folder, no run": {[]string{"generate", "--weights", t.TempDir()}, exitData, "holds no checkpoint"},
		"weights are empty":       {file(""), exitData, "w.pt"},
		"weights are HTML":        {file("<!DOCTYPE html><html></html>"), exitData, "w.pt"},
		"weights are half a zip":  {file("PK\x03\x04 and nothing else"), exitData, "w.pt"},
		"class is unknown":        {[]string{"generate", "--weights", weights, "--class", "three"}, exitUsage, `--class three: "three" is none of the classes: there are 0 to 9`},
		"class goes down":         {[]string{"generate", "--weights", weights, "--class", "5-3"}, exitUsage, "--class 5-3: the range 5-3 does not go up"},
		"class is negative":       {[]string{"generate", "--weights", weights, "--class", "-3"}, exitUsage, `--class -3: "-3" is none`},
		"class list has a hole":   {[]string{"generate", "--weights", weights, "--class", "1,,2"}, exitUsage, `--class 1,,2: "" is none`},
		"count is 0":              {[]string{"generate", "--weights", aFile, "--count", "0"}, exitUsage, "--count is 0: it must be from 1 to 1000000"},
	} {
		t.Run(name, func(t *testing.T) {
			code, stdout, stderr := invoke(c.args...)
			if code != c.code || !strings.Contains(stderr, c.want) {
				t.Errorf("exit code %d, want %d; %q, want %q in it", code, c.code, stderr, c.want)
			}
			if !strings.HasPrefix(stderr, "cgan: ") || strings.Count(stderr, "\n") != 1 {
				t.Errorf("not one line of its own: %q", stderr)
			}
			if stdout != "" && c.code == exitUsage {
				t.Errorf("printed %q", stdout)
			}
		})
	}
}

func TestCUDAWithoutCUDAHasItsOwnCode(t *testing.T) {
	if _, err := os.Stat("/dev/nvidia0"); err == nil {
		t.Skip("there is a GPU here")
	}
	code, _, stderr := invoke("train", "--data", writeSet(t, 10, nil), "--out", t.TempDir(), "--device", "cuda")
	if code != exitNoCUDA || !strings.HasPrefix(stderr, "cgan: CUDA: ") || !strings.Contains(stderr, ";") {
		t.Errorf("exit code %d, %s", code, stderr)
	}
}

func TestTrainThenGenerate(t *testing.T) {
	out := t.TempDir()
	code, stdout, stderr := invoke("train", "--data", writeSet(t, 10, nil), "--out", out, "--device", "cpu",
		"--epochs", "1", "--batch", "5", "--nz", "5", "--ngf", "4", "--ndf", "4")
	if code != exitOK || stderr != "" || !strings.Contains(stdout, "step 2/2") {
		t.Fatalf("exit code %d, %s%s", code, stdout, stderr)
	}
	if strings.ContainsAny(stdout, "\x1b\r") {
		t.Errorf("a pipe gets a terminal's codes: %q", stdout)
	}
	draw := func(name string, flags ...string) []byte {
		t.Helper()
		path := filepath.Join(out, name)
		args := append([]string{"generate", "--weights", filepath.Join(out, "00000-"+setName(t, out)), "--out", path}, flags...)
		if code, _, stderr := invoke(args...); code != exitOK {
			t.Fatalf("exit code %d, %s", code, stderr)
		}
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return content
	}
	first := draw("a.png", "--class", "0-2,7", "--count", "3", "--seed", "1")
	if !bytes.Equal(first, draw("b.png", "--class", "0-2,7", "--count", "3", "--seed", "1")) {
		t.Error("the same seed gave other bytes")
	}
	if bytes.Equal(first, draw("c.png", "--class", "0-2,7", "--count", "3", "--seed", "2")) {
		t.Error("another seed gave the same bytes")
	}
	picture, err := png.Decode(bytes.NewReader(first))
	if err != nil || picture.Bounds().Dx() != 4*30+2 || picture.Bounds().Dy() != 3*30+2 {
		t.Errorf("%v, %v: want 4 columns and 3 rows of 28 pixels with gaps of 2", err, picture.Bounds())
	}
	draw("d.png", "--class", "3", "--count", "9") // two rows, the second padded
}

// setName is the run's name after its number.
func setName(t *testing.T, out string) string {
	t.Helper()
	runs, err := filepath.Glob(filepath.Join(out, "00000-*"))
	if err != nil || len(runs) != 1 {
		t.Fatal(err, runs)
	}
	return strings.TrimPrefix(filepath.Base(runs[0]), "00000-")
}

func TestPrintConfigWritesNothing(t *testing.T) {
	out := filepath.Join(t.TempDir(), "runs")
	code, stdout, _ := invoke("train", "--print-config", "--out", out, "--batch", "7")
	if code != exitOK || !strings.Contains(stdout, "batch: 7\n") {
		t.Errorf("exit code %d, %s", code, stdout)
	}
	if _, err := os.Stat(out); err == nil {
		t.Error("a folder was made")
	}
}

// A run folder's own settings are kept, and a flag that is given comes before them.
func TestInitFromARunFolder(t *testing.T) {
	out, data := t.TempDir(), writeSet(t, 10, nil)
	mustInvoke(t, "train", "--quiet", "--data", data, "--out", out, "--device", "cpu", "--epochs", "1", "--batch", "2",
		"--nz", "5", "--ngf", "4", "--ndf", "4", "--seed", "9", "--exact", "--without", "grads,adam", "--lr", "0.01")
	dir := filepath.Join(out, "00000-"+setName(t, out))
	for flags, want := range map[string]string{
		"":                      "ngf: 4",
		"--quiet":               "seed: 9",
		"--device=cpu":          "exact: true",
		"--out=x":               "data: " + data,
		"--steps=7":             "lr: 0.01",
		"--threads=1":           "without:\n    - grads\n    - adam",
		"--seed=0":              "seed: 0",
		"--exact=false":         "exact: false",
		"--without=norm":        "without:\n    - norm",
		"--without=":            "without: []",
		"--lr=0.5":              "lr: 0.5",
		"--batch=1 --epochs=22": "epochs: 22",
	} {
		code, stdout, stderr := invoke(append([]string{"train", "--print-config", "--init", dir}, strings.Fields(flags)...)...)
		if code != exitOK || !strings.Contains("\n"+stdout, "\n"+want+"\n") {
			t.Errorf("%s: exit code %d, %s; %s in it is missing: %s", flags, code, stderr, want, stdout)
		}
	}
	if err := os.Remove(filepath.Join(dir, "config.json")); err != nil {
		t.Fatal(err)
	}
	if code, _, stderr := invoke("train", "--print-config", "--init", dir); code != exitData || !strings.Contains(stderr, "name a checkpoint-*.pt") {
		t.Errorf("exit code %d, %s", code, stderr)
	}
}

func TestQuietPrintsNothing(t *testing.T) {
	code, stdout, stderr := invoke("train", "--quiet", "--data", writeSet(t, 10, nil), "--out", t.TempDir(), "--device", "cpu",
		"--steps", "1", "--batch", "2", "--ngf", "4", "--ndf", "4")
	if code != exitOK || stdout+stderr != "" {
		t.Errorf("exit code %d, %q %q", code, stdout, stderr)
	}
}

// pixelsOf draws with a fixed seed and gives the gray values.
func pixelsOf(t *testing.T, run string, flags ...string) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "picture.png")
	mustInvoke(t, append([]string{"generate", "--weights", run, "--seed", "3", "--count", "4", "--device", "cpu", "--out", path}, flags...)...)
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	picture, err := png.Decode(file)
	if err != nil {
		t.Fatal(err)
	}
	return picture.(*image.Gray).Pix
}

// contrastRun trains until pictures have dark and light places, and gives the run folder.
func contrastRun(t *testing.T) string {
	t.Helper()
	out := t.TempDir()
	data := writeSet(t, 8, func(images, labels []byte) ([]byte, []byte) {
		for i := 16; i < len(images); i += 3 {
			images[i] = 255
		}
		return images, labels
	})
	mustInvoke(t, "train", "--quiet", "--exact", "--data", data, "--out", out, "--device", "cpu",
		"--epochs", "10", "--batch", "2", "--lr", "0.01", "--nz", "5", "--ngf", "8", "--ndf", "4")
	return filepath.Join(out, "00000-"+setName(t, out))
}

// Fast mode's last bits differ, so that a pixel next to a rounding's edge may become the gray beside it.
func TestGenerateDrawsWhatExactModeDraws(t *testing.T) {
	run := contrastRun(t)
	exact := pixelsOf(t, run, "--exact")
	for _, c := range []struct {
		flags []string
		grays int
	}{{nil, 1}, {[]string{"--without", "tiles"}, 1}, {[]string{"--without", "kernels,norm"}, 1}, {[]string{"--precision", "bf16"}, 6}} {
		fast := pixelsOf(t, run, c.flags...)
		if len(fast) != len(exact) {
			t.Fatalf("%v: %d pixels, exact mode has %d", c.flags, len(fast), len(exact))
		}
		worst := 0
		for i := range exact {
			worst = max(worst, int(fast[i])-int(exact[i]), int(exact[i])-int(fast[i]))
		}
		if worst > c.grays {
			t.Errorf("%v: a pixel is off by %d grays, at most %d", c.flags, worst, c.grays)
		}
	}
}
