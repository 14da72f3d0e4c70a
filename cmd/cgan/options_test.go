package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cgan/train"
)

func TestOptionsAreRefusedByTheirFlags(t *testing.T) {
	for want, flags := range map[string]string{
		`--loss is "gan": it must be bce, hinge, lsgan or wgan-gp`:                     "--loss gan",
		`--lr-schedule is "step": it must be constant, linear or cosine`:               "--lr-schedule step",
		"--label-smoothing is 0.1, but the loss hinge has no targets":                  "--loss hinge --label-smoothing 0.1",
		"--label-smoothing is 1: it must be from 0 to below 1":                         "--label-smoothing 1",
		"--r1 is -1: it must be from 0 to":                                             "--r1=-1",
		"--r1 is 1, but the loss wgan-gp has a penalty on D's gradient of its own":     "--r1 1 --loss wgan-gp",
		"--d-steps is 0: it must be from 1 to 1000":                                    "--d-steps 0",
		"--ema is 1: it must be a decay below 1, or a half-life of 100 images or more": "--ema 1",
		"--lr-g is 2: it must be from 0 to 1":                                          "--lr-g 2",
	} {
		code, _, stderr := invoke(append([]string{"train", "--print-config"}, strings.Fields(flags)...)...)
		if code != exitUsage || !strings.HasPrefix(stderr, "cgan: "+want) || strings.Count(stderr, "\n") != 1 {
			t.Errorf("%s: exit code %d, %s", flags, code, stderr)
		}
	}
}

// What generate draws and export writes is the average, and --plain the generator as it was trained.
func TestTheAverageIsTaken(t *testing.T) {
	out := t.TempDir()
	mustInvoke(t, "train", "--quiet", "--data", writeSet(t, 8, nil), "--out", out, "--device", "cpu", "--steps", "4", "--batch", "2",
		"--lr", "0.01", "--nz", "5", "--ngf", "4", "--ndf", "4", "--ema", "0.9", "--spectral-norm", "--loss", "hinge")
	run := filepath.Join(out, "00000-"+setName(t, out))
	made := func(name string, args ...string) (content []byte, stderr string) {
		t.Helper()
		path := filepath.Join(out, name)
		code, _, stderr := invoke(append(args, "--out", path)...)
		content, err := os.ReadFile(path)
		if code != exitOK || err != nil {
			t.Fatalf("%v: exit code %d, %s, %v", args, code, stderr, err)
		}
		return content, stderr
	}
	const note = "generator_ema is taken, the average of the generator's weights; --plain takes"
	for name, args := range map[string][]string{
		"a.png": {"generate", "--weights", run, "--device", "cpu"}, "a.pt": {"export", run}, "a.safetensors": {"export", run, "--net", "all"}, "a.onnx": {"export", run},
	} {
		average, said := made(name, args...)
		plain, saidPlain := made("plain-"+name, append(args, "--plain")...)
		byKey, saidByKey := made("key-"+name, append(args, "--key", "generator")...)
		if !strings.Contains(said, note) || saidPlain+saidByKey != "" {
			t.Errorf("%s: it said %q, %q and %q", name, said, saidPlain, saidByKey)
		}
		if bytes.Equal(average, plain) || bytes.Equal(plain, byKey) == (name == "a.pt") { // a .pt has its own name in it
			t.Errorf("%s: the average is the plain one: %v, that of the key the plain one: %v", name, bytes.Equal(average, plain), bytes.Equal(plain, byKey))
		}
	}
	code, _, stderr := invoke("train", "--resume", run, "--steps", "5", "--loss", "bce")
	if code != exitUsage || !strings.Contains(stderr, `--loss: the run in `+run+` has "hinge" and keeps it`) {
		t.Errorf("exit code %d, %s", code, stderr)
	}
	mustInvoke(t, "train", "--quiet", "--resume", run, "--steps", "5")
}

// A preset is the base that flags, variables and files stand on; what goes on from other settings takes none.
func TestPresets(t *testing.T) {
	run := smallRun(t)
	plain := printed()
	for _, name := range train.PresetNames() {
		text := printed("--preset", name, "--batch", "7")
		for _, want := range []string{"preset: " + name + "\n", "batch: 7\n", "precision: bf16\n"} {
			if !strings.Contains(text, want) {
				t.Errorf("%s: no %q in\n%s", name, want, text)
			}
		}
		if exact := printed("--preset", name, "--exact"); !strings.Contains(exact, "precision: f32\n") {
			t.Errorf("%s: exact mode is\n%s", name, exact)
		}
		if text == plain {
			t.Errorf("%s changes nothing", name)
		}
	}
	for want, args := range map[string][]string{
		`--preset is "worst": there are best and quick`:                        {"--preset", "worst"},
		"--preset: a run that goes on has its own settings":                    {"--preset", "best", "--resume", run},
		"--preset is the settings of a new training, --init keeps those of an": {"--preset", "best", "--init", run},
	} {
		code, _, stderr := invoke(append([]string{"train"}, args...)...)
		if code != exitUsage || !strings.Contains(stderr, want) {
			t.Errorf("%q: exit code %d, %s", args, code, stderr)
		}
	}
}
