package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// mutant is a mistake in one place, and the tests of which one must fail. None needs a machine with AMX.
type mutant struct {
	name, file, right, wrong string
	tests                    []string // arguments of go test
}

// mutants are mistakes that were made, or that no test noticed once.
func mutants() (all []mutant) {
	const compute, trainer = "models/compute.go", "train/trainer.go"
	add := func(name, file, right, wrong string, tests ...string) {
		all = append(all, mutant{name, file, right, wrong, tests})
	}
	for _, name := range []string{"pages", "grads", "kernels", "tiles", "wide", "pairs", "labels", "norm", "adam", "graph"} {
		add("the name "+name+" misspelt", compute, `SpeedUp = "`+name+`"`, `SpeedUp = "`+name+`x"`, "./models")
	}
	for _, use := range []struct{ file, right, wrong, test string }{
		{trainer, "Uses(models.Labels)", "Uses(models.Norm)", "./train"},
		{trainer, "Uses(models.Grads)", "Uses(models.Norm)", "./train"},
		{compute, "Uses(Adam)", "Uses(Norm)", "./models"},
		{compute, "Uses(Kernels)", "Uses(Norm)", "./models"},
		{compute, "Uses(Tiles)", "Uses(Wide)", "./models"},
		{compute, "Uses(Wide)", "Uses(Tiles)", "./models"},
		{compute, "Norm: c.Uses(Norm)", "Norm: c.Uses(Labels)", "./train"},
		{"cmd/cgan/process.go", "Uses(models.Pages)", "Uses(models.Norm)", "./cmd/cgan"},
	} {
		add(use.right+" asks for another", use.file, use.right, use.wrong, use.test)
	}
	add("a wrong multiply on tiles", "bindings/kernels/amx_amd64.cpp", "_tile_dpbf16ps(2, 5, 6)", "_tile_dpbf16ps(2, 4, 6)",
		"-run", "TestEveryKernelIsPlainSums/emulated-amx", "./bindings/kernels")
	add("one kernel set for all", "bindings/fused/conv_settings.cpp", "static_cast<const KernelSet *>(s.kernels)",
		"[&] { static auto first = static_cast<const KernelSet *>(s.kernels); return first; }()", "./models")
	const options = "TestFastModeWithOptionsIsExactModeWithin1e5|TestAResumedRunWithOptionsIsTheRunWithoutAStop"
	add("a penalty through the kernels", "train/penalty.go", "t.discriminator.Plainly(func() { verdict = t.discriminate(x) })", "verdict = t.discriminate(x)",
		"-run", options, "./train")
	add("label planes by the weight that is not normalised", "bindings/nn/labels.go", "weight = c.forwardWeight()", "weight = c.weight", "-run", options, "./train")
	add("a schedule from the start", "train/options.go", "r.trainer.done, r.trainer.planned = r.at.Step, r.last", "r.trainer.planned = r.last", "-run", options, "./train")
	add("config.json not read", "train/init.go", "runfolder.ReadConfig(dir, &c)", "error(nil)", "./train")
	add("config.json not written", "train/runfolder/config.go", "config any) error {", "config any) error {\n\treturn nil", "./train")
	add("statistics not synced before a checkpoint", "train/saving.go", "r.sayLog(r.stats.Sync())", "", "-run", "ADiskThatBreaks", "./train")
	add("a file not read back", "weights/atomicfile/atomicfile.go", "d.readBack(temp.Name(), sum.Sum(nil))", "error(nil)", "-run", "ADiskThatBreaks", "./train")
	add("a folder not synced", "weights/atomicfile/atomicfile.go", "d.SyncFolder(filepath.Dir(target))", "error(nil)", "./weights/atomicfile")
	add("a wrong stride in ONNX", "models/export/onnxlayers.go", `ints("strides", pair(l.Pair("stride"))...)`, `ints("strides", 1, 1)`, "./models/export")
	add("a wrong stride in TorchScript", "models/export/torchscript.go", `weighted, list(s, "stride")`, `weighted, "[1, 1]"`, "./models/export")
	add("noise and label in the other order", "models/column.go", "if c.join.LabelFirst", "if !c.join.LabelFirst", "./models")
	add("values that are not scaled", "models/draw.go", "black == -1 && white == 1", "white == 1", "./models")
	add("rules that rename no discriminator", "models/open.go", "{&w.Generator, &w.Average, &w.Discriminator} {", "{&w.Generator, &w.Average} {", "./models")
	return all
}

// runMutants makes one mistake after the other in a copy of the checkout, and wants a test to fail each time.
func runMutants(ctx context.Context) error {
	dir, err := os.MkdirTemp("", "cgan-mutants-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := copyCheckout(ctx, dir); err != nil {
		return err
	}
	t, survived := newTable(2, "mistake", "the test that fails"), 0
	for _, m := range mutants() {
		failed, err := m.run(ctx, dir)
		if err != nil {
			return fmt.Errorf("%s: %w", m.name, err)
		}
		if failed == "" {
			survived++
			failed = "none"
		}
		fmt.Fprintf(os.Stderr, "%s: %s\n", m.name, failed)
		t.add(m.name, failed)
	}
	fmt.Print(t)
	if survived > 0 {
		return fmt.Errorf("no test notices %d of these mistakes", survived)
	}
	return nil
}

// run names the first test that fails.
func (m mutant) run(ctx context.Context, dir string) (failed string, err error) {
	path := filepath.Join(dir, m.file)
	text, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	if !strings.Contains(string(text), m.right) {
		return "", fmt.Errorf("%s has no %q any more", m.file, m.right)
	}
	defer func() { err = errors.Join(err, os.WriteFile(path, text, 0o644)) }()
	if err := os.WriteFile(path, []byte(strings.ReplaceAll(string(text), m.right, m.wrong)), 0o644); err != nil {
		return "", err
	}
	cmd := exec.CommandContext(ctx, "go", append([]string{"test", "-failfast"}, m.tests...)...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "GOWORK="+filepath.Join(dir, "go.work"))
	output, failure := cmd.CombinedOutput()
	if failure == nil {
		return "", nil
	}
	_, after, found := strings.Cut(string(output), "--- FAIL: ")
	if !found {
		return "", fmt.Errorf("go test failed, but no test: %s", output)
	}
	return strings.Fields(after)[0], nil
}

// copyCheckout copies the files of git and those that make libtorch wrote; the prepared gotch is used where it is.
func copyCheckout(ctx context.Context, to string) error {
	list, err := exec.CommandContext(ctx, "git", "ls-files").Output()
	if err != nil {
		return fmt.Errorf("git ls-files: %w", err)
	}
	prepared, err := filepath.Glob("bindings/*/prepared.go")
	if err != nil {
		return err
	}
	here, err := os.Getwd()
	if err != nil {
		return err
	}
	for _, name := range append(append(strings.Fields(string(list)), prepared...), "go.work", "go.work.sum") {
		data, err := os.ReadFile(name)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if name == "go.work" {
			data = []byte(strings.ReplaceAll(string(data), "./.libtorch", filepath.Join(here, ".libtorch")))
		}
		if err == nil {
			err = os.MkdirAll(filepath.Join(to, filepath.Dir(name)), 0o755)
		}
		if err == nil {
			err = os.WriteFile(filepath.Join(to, name), data, 0o644)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
