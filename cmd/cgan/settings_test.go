package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"
)

// printed is what train --print-config says with these flags, or "" where it refuses them.
func printed(args ...string) string {
	code, stdout, _ := invoke(append([]string{"train", "--print-config"}, args...)...)
	if code != exitOK {
		return ""
	}
	return stdout
}

// otherValue finds a value of a flag that changes what --print-config says. Names that a flag takes stand in its help.
func otherValue(t *testing.T, f cli.Flag, run string, beside []string) (value, text string) {
	t.Helper()
	name, before := f.Names()[0], printed(beside...)
	candidates := []string{"7", "10m", "0.25", "true"}
	if f, ok := f.(cli.DocGenerationFlag); ok {
		candidates = append(candidates, regexp.MustCompile(`[a-z0-9]+`).FindAllString(f.GetUsage(), -1)...)
	}
	switch name {
	case "init", "resume":
		candidates = []string{run}
	case "arch":
		candidates = []string{networks(t)}
	case "map":
		candidates = []string{"layer1=layer1"}
	case "stop-when":
		candidates = []string{"consistency>=99.5"}
	}
	for _, value := range candidates {
		if text := printed(append(beside, "--"+name+"="+value)...); text != "" && text != before {
			return value, text
		}
	}
	t.Fatalf("--%s: none of %q changes what --print-config says", name, candidates)
	return "", ""
}

// networks is an arch file whose networks can be trained.
func networks(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(checkout, "cmd", "compare", "networks", "mlp-embedding.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "networks.yaml")
	writeFile(t, path, text)
	return path
}

// checkout is where this file lies in.
var checkout = func() string {
	dir, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		panic(err)
	}
	return dir
}()

// For every flag: variable, file and flag give the same, and the file that --print-config writes gives that once more.
func TestEveryFlagHasAVariableAndALineOfTheFile(t *testing.T) {
	run := smallRun(t)
	t.Chdir(t.TempDir())
	for _, f := range trainCommand().Flags {
		name := f.Names()[0]
		if name == "config" || name == "print-config" {
			continue
		}
		var beside []string
		switch name {
		case "key", "map": // which are of --init
			beside = []string{"--init", run}
		case "judge", "stop-when", "patience":
			beside = []string{"--eval-every", "5"}
		}
		value, want := otherValue(t, f, run, beside)
		if !strings.Contains(want, "\n"+name+": ") && !strings.HasPrefix(want, name+": ") && !strings.Contains(want, "\n"+name+":\n") {
			t.Errorf("--print-config does not say %s:\n%s", name, want)
		}
		writeFile(t, "line.yaml", []byte(name+": "+value+"\n"))
		writeFile(t, "all.yaml", []byte(want))
		for _, file := range []string{"line.yaml", "all.yaml"} {
			if got := printed(append(beside, "--config", file)...); got != want {
				t.Errorf("%s: %s by %s gives\n%s\nby flag\n%s", name, value, file, got, want)
			}
		}
		variable := "CGAN_" + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
		os.Setenv(variable, value)
		got := printed(beside...)
		os.Unsetenv(variable)
		if got != want {
			t.Errorf("%s=%s gives\n%s\nthe flag\n%s", variable, value, got, want)
		}
	}
}

// All at once as well, and texts that YAML would take for something else.
func TestPrintConfigIsReadBack(t *testing.T) {
	t.Chdir(t.TempDir())
	want := printed("--data", "null", "--out", "a: b # c\n\"'", "--judge", "12", "--eval-every", "5", "--save-every", "90m", "--seed", "18446744073709551615", "--lr", "1e-7",
		"--without", "norm,adam", "--precision", "bf16", "--trace", "{x", "--time-limit", "8h")
	writeFile(t, "all.yaml", []byte(want))
	if got := printed("--config=all.yaml"); got != want || want == "" {
		t.Errorf("%s\nbecomes\n%s", want, got)
	}
}

func TestFlagsComeBeforeVariablesBeforeTheFile(t *testing.T) {
	t.Chdir(t.TempDir())
	writeFile(t, "run.yaml", []byte("# mine\nbatch: 1\nngf: 2\nndf: 3\nwithout: [norm, adam]\nsteps: 50\nexact: true\n"))
	t.Setenv("CGAN_CONFIG", "run.yaml")
	t.Setenv("CGAN_NGF", "20")
	t.Setenv("CGAN_NDF", "30")
	t.Setenv("CGAN_LR", "") // as if it were not there
	got := strings.Split(printed("--ndf", "300", "--epochs", "9", "--exact=false"), "\n")
	for _, want := range []string{"batch: 1", "ngf: 20", "ndf: 300", "    - adam", "lr: 0.0002", "exact: false", "epochs: 9", "steps: 0"} {
		if !slices.Contains(got, want) {
			t.Errorf("no %q in %q", want, got)
		}
	}
	writeFile(t, "other.yaml", nil)
	if got := printed("--config", "other.yaml"); !strings.Contains(got, "\nbatch: 128\n") {
		t.Errorf("an empty file gives %s", got)
	}
}

func TestSettingsSayWhereTheyStand(t *testing.T) {
	run := smallRun(t)
	t.Chdir(t.TempDir())
	for text, want := range map[string]string{
		"batch: 64\nsave_every: 10m":  `run.yaml, line 2: there is no setting "save_every": the nearest is save-every`,
		"epoch: 3":                    `run.yaml, line 1: there is no setting "epoch": the nearest is epochs`,
		"config: x":                   `there is no setting "config"`,
		"\nbatch: 0":                  "run.yaml, line 2: batch: --batch is 0: it must be from 1",
		"data: [a, b]":                "run.yaml, line 1: data is a list, but takes one value",
		"resume: " + run + "\nkey: G": "run.yaml, line 2: key: a run that goes on has its own settings, checkpoints and networks",
		"batch: many":                 `run.yaml, line 1: batch: invalid value "many": it is not a value of the right kind`,
		"save-every: often":           "it must be a number of steps, or a time such as 10m",
		"device: tpu":                 `run.yaml, line 1: device: --device is "tpu"`,
		"batch:":                      "run.yaml: line 1: batch has no value",
		"lr: {a: 1}":                  "run.yaml: line 1: lr holds more than a value",
		"batch: 1\nbatch: 2":          "run.yaml: line 2: batch is there twice",
		"batch: 1\n---\nlr: 1":        "run.yaml: it must hold one document",
		"- batch":                     "run.yaml: line 1: it must hold lines such as batch: 64",
		"batch: [1":                   "run.yaml: line 1",
		"resume: " + run + "\nlr: 1":  "run.yaml, line 2: lr: the run in " + run + " has 0.0002 and keeps it",
		"resume: x\ninit: y":          "run.yaml, line 1: resume goes on in the run's folder, run.yaml, line 2: init begins a new run",
	} {
		writeFile(t, "run.yaml", []byte(text))
		code, stdout, stderr := invoke("train", "--print-config", "--config", "run.yaml")
		if code != exitUsage || !strings.Contains(stderr, want) || stdout != "" || strings.Count(stderr, "\n") != 1 {
			t.Errorf("%q: exit code %d, %s, want %s", text, code, stderr, want)
		}
	}
	if code, _, stderr := invoke("train", "--config", "none.yaml"); code != exitUsage || !strings.HasPrefix(stderr, "cgan: none.yaml: no such file") {
		t.Errorf("exit code %d, %s", code, stderr)
	}
	t.Setenv("CGAN_EPOCH", "3")
	if code, _, stderr := invoke("train", "--print-config"); code != 0 || stderr != "notice: CGAN_EPOCH is the variable of no flag: is CGAN_EPOCHS meant?\n" {
		t.Errorf("exit code %d, %s", code, stderr)
	}
	os.Unsetenv("CGAN_EPOCH")
	t.Setenv("CGAN_BATCH", "3")
	if code, _, stderr := invoke("train", "--resume", run); code != exitUsage || !strings.Contains(stderr, "cgan: CGAN_BATCH: the run in "+run+" has 4 and keeps it") {
		t.Errorf("exit code %d, %s", code, stderr)
	}
	t.Setenv("CGAN_BATCH", "x")
	if code, _, stderr := invoke("train"); code != exitUsage || !strings.HasPrefix(stderr, `cgan: CGAN_BATCH: invalid value "x"`) {
		t.Errorf("exit code %d, %s", code, stderr)
	}
}

// The file that began a run may be given again when it goes on.
func TestAConfigFileOfARunMayStayWithResume(t *testing.T) {
	run := smallRun(t)
	t.Chdir(t.TempDir())
	writeFile(t, "run.yaml", []byte(printed("--steps", "1", "--batch", "4", "--nz", "5", "--ngf", "4", "--ndf", "4", "--data", "moved", "--out", filepath.Dir(run))))
	if got := printed("--config", "run.yaml", "--resume", run, "--epochs", "5"); !strings.Contains(got, "\nresume: "+run+"\n") || !strings.Contains(got, "\nepochs: 5\nsteps: 0\n") {
		t.Errorf("%s", got)
	}
}
