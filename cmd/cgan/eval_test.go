package main

import (
	"encoding/json"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cgan/train/evaluate"
)

// noisySet is a set of 10 classes whose images differ, most of them of the first class.
func noisySet(t *testing.T) string {
	t.Helper()
	return writeSet(t, 200, func(images, labels []byte) ([]byte, []byte) {
		state := uint32(1)
		for i := 16; i < len(images); i++ {
			state = state*1664525 + 1013904223
			images[i] = byte(state >> 24)
		}
		for i := 8; i < len(labels); i++ {
			if i%3 > 0 {
				labels[i] = 0
			}
		}
		return images, labels
	})
}

// A judge is trained once and kept, reports hold what they show, the same command gives the same figures, and drawn images are of the
// classes that the real ones are of.
func TestEval(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	data, out := noisySet(t), t.TempDir()
	judge := filepath.Join(out, "judge.pt")
	if code, stdout, stderr := invoke("judge", "train", "--data", data, "--epochs", "1", "--out", judge); code != exitOK || !strings.Contains(stdout, "of 20 images that it had not seen right") {
		t.Fatalf("code %d, %s%s", code, stdout, stderr)
	}
	for _, seed := range []string{"1", "2"} {
		if code, _, stderr := invoke("train", "--data", data, "--steps", "1", "--ngf", "4", "--ndf", "4", "--seed", seed, "--out", filepath.Join(out, "runs")); code != exitOK {
			t.Fatal(stderr)
		}
	}
	one, two, report := filepath.Join(out, "runs", "00000-"+filepath.Base(data)), filepath.Join(out, "runs", "00001-"+filepath.Base(data)), filepath.Join(out, "report")
	args := []string{"eval", one, two, "--data", data, "--judge", judge, "--count", "60", "--report", report}
	code, first, stderr := invoke(args...)
	if code != exitOK {
		t.Fatal(stderr)
	}
	for _, want := range []string{"class consistency", "Frechet distance on the judge's features", "CAS, other real images", one, two} {
		if !strings.Contains(first, want) {
			t.Errorf("the table has no %q:\n%s", want, first)
		}
	}
	if _, again, _ := invoke(args...); again != first {
		t.Errorf("the same command gives other figures:\n%s%s", first, again)
	}
	wantReport(t, filepath.Join(report, "2-"+filepath.Base(two)))
	code, line, stderr := invoke("eval", one, "--data", data, "--judge", judge, "--count", "60", "--cas=false", "--json")
	var figures evaluate.Figures
	if err := json.Unmarshal([]byte(line), &figures); code != exitOK || err != nil || figures.Count != 60 || figures.CAS != nil || len(figures.Consistency.Confusion) != 10 {
		t.Fatalf("code %d, %v, %s%s", code, err, line, stderr)
	}
	ofFirst := 0
	for _, n := range figures.Consistency.Confusion[0] {
		ofFirst += n
	}
	if ofFirst < 35 || ofFirst > 49 {
		t.Errorf("%d of 60 drawn images are of the class that 42 in 60 of the data are of", ofFirst)
	}
	code, line, stderr = invoke("eval", one, "--judge", judge, "--cas=false", "--json")
	if err := json.Unmarshal([]byte(line), &figures); code != exitOK || err != nil || figures.Count != figures.Real || figures.Count > 100 || !strings.Contains(stderr, "as many are drawn") {
		t.Errorf("of a set of 200 images, code %d, %v: %d drawn and %d real\n%s", code, err, figures.Count, figures.Real, stderr)
	}
	if code, _, stderr := invoke("eval", one, "fashion-mnist", "--data", data, "--judge", judge, "--count", "60", "--report", report+"2"); code != exitUsage || !strings.Contains(stderr, "fashion-mnist: the generator draws") || strings.Contains(stderr, "drew and judged") {
		t.Errorf("a generator of other classes: code %d, %s", code, stderr)
	}
	if _, err := os.Stat(report + "2"); err == nil {
		t.Error("the refused command has left a report's folder")
	}
	if code, _, stderr := invoke("eval", one, "fashion-mnist"); code != exitUsage || !strings.Contains(stderr, "name the data to judge by with --data") {
		t.Errorf("generators of different data: code %d, %s", code, stderr)
	}
	for want, out := range map[string]string{"the file exists": judge, "in a folder that is there": filepath.Join(out, "none", "judge.pt")} {
		if code, stdout, stderr := invoke("judge", "train", "--data", data, "--out", out); code != exitUsage || !strings.Contains(stderr, want) || stdout != "" {
			t.Errorf("--out %s: code %d, %s%s", out, code, stdout, stderr)
		}
	}
}

// wantReport looks whether a report has what its page shows.
func wantReport(t *testing.T, dir string) {
	t.Helper()
	page, err := os.ReadFile(filepath.Join(dir, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"grid.png", "confusion.png", "neighbours.png"} {
		f, err := os.Open(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		m, err := png.Decode(f)
		f.Close()
		if err != nil || m.Bounds().Dx() < 100 || !strings.Contains(string(page), "("+name+")") {
			t.Errorf("%s: %v, %v", name, m.Bounds(), err)
		}
	}
	text, err := os.ReadFile(filepath.Join(dir, "figures.json"))
	var figures evaluate.Figures
	if err != nil || json.Unmarshal(text, &figures) != nil || figures.CAS == nil || figures.CAS.Tested != 60 {
		t.Errorf("figures.json: %v, %+v", err, figures.CAS)
	}
}

func TestEvalRefuses(t *testing.T) {
	data, full := noisySet(t), t.TempDir()
	writeFile(t, filepath.Join(full, "letter.txt"), []byte("x"))
	run := contrastRun(t)
	for want, args := range map[string][]string{
		"name the RUN_OR_FILE to evaluate":                                   {"eval"},
		"--count is 10: it must be from 50 to 50000":                         {"eval", run, "--count", "10"},
		"the folder holds other files than a report's: name a new":           {"eval", run, "--report", full},
		"it is no judge: cgan judge train makes one":                         {"eval", run, "--data", data, "--judge", filepath.Join(run, "checkpoint-000040.pt")},
		"letter.txt is no TorchScript network":                               {"eval", run, "--data", data, "--inception", filepath.Join(full, "letter.txt")},
		"there is no such folder or file: name one":                          {"eval", run, "--data", filepath.Join(full, "none")},
		"--stop-when is \"accuracy>=1\": it must be a figure":                {"train", "--eval-every", "5", "--stop-when", "accuracy>=1"},
		"--eval-every is not set: patience needs evaluations":                {"train", "--patience", "3"},
		"--eval-every is not set: stopping at a criterion needs evaluations": {"train", "--stop-when", "consistency>=99"},
	} {
		if code, stdout, stderr := invoke(args...); code == exitOK || !strings.Contains(stderr, want) {
			t.Errorf("%v: code %d, %s%s, want %q", args, code, stdout, stderr, want)
		}
	}
}
