package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cgan/train/runfolder"
	"cgan/weights/atomicfile"
)

// stateOf is what runs says of a run, of which it wants so many steps where there are any.
func stateOf(t *testing.T, run string) (state string, last runfolder.Stats) {
	t.Helper()
	var all []runReport
	if err := json.Unmarshal([]byte(mustInvoke(t, "runs", "--json", run)), &all); err != nil || len(all) != 1 {
		t.Fatalf("%+v, %v", all, err)
	}
	if all[0].Last != nil {
		last = *all[0].Last
	}
	return string(all[0].State), last
}

// A run is running until it ends, interrupted when it was killed, and finished when it had all its steps, also when it is given
// more of them.
func TestRunsTellHowARunStands(t *testing.T) {
	o := torture{t: t, data: writeSet(t, 40, nil), out: t.TempDir()}
	want := func(state string, step int) {
		t.Helper()
		if got, last := stateOf(t, o.first()); got != state || step > 0 && last.Step != step {
			t.Errorf("%s at step %d, want %s at %d", got, last.Step, state, step)
		}
	}
	cmd := o.command("--out", o.out, "--save-every", "1", "--steps", "1000000")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(time.Minute); o.newest() == "" && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
	want("running", 0)
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed
	want("interrupted", 0)
	_, last := stateOf(t, o.first())
	o.train("--resume", o.first(), "--steps", fmt.Sprint(last.Step+3))
	want("finished", last.Step+3)
	o.train("--resume", o.first(), "--steps", fmt.Sprint(last.Step+9), "--time-limit", "1ns")
	want("interrupted", last.Step+4)
	o.train("--resume", o.first(), "--steps", fmt.Sprint(last.Step+6), "--time-limit", "0")
	want("finished", last.Step+6)
}

// severalRuns are four runs of which one has diverged and one has made no step.
func severalRuns(t *testing.T) (out string) {
	t.Helper()
	out = filepath.Join(t.TempDir(), "runs")
	data := filepath.Join(t.TempDir(), "mnist")
	if err := os.Rename(writeSet(t, 4, nil), data); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		mustInvoke(t, "train", "--quiet", "--data", data, "--out", out, "--device", "cpu", "--epochs", "1", "--batch", "2", "--nz", "5", "--ngf", "4", "--ndf", "4")
	}
	if err := runfolder.WriteStatus(atomicfile.System(), filepath.Join(out, "00001-mnist"), runfolder.Status{State: runfolder.Diverged, Epochs: 20, Steps: 9380}); err != nil {
		t.Fatal(err)
	}
	begun, err := runfolder.New(out, "mnist")
	if err == nil {
		err = runfolder.WriteConfig(atomicfile.System(), begun, map[string]int{})
	}
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestRunsIsATable(t *testing.T) {
	out := severalRuns(t)
	t.Chdir(filepath.Dir(out))
	lines := strings.Split(strings.TrimSuffix(mustInvoke(t, "runs"), "\n"), "\n")
	if len(lines) != 5 {
		t.Fatalf("%q", lines)
	}
	for i, want := range []string{"STATE EPOCH STEP LOSS_D LOSS_G SAVED SIZE", "finished 1/1 2/2 . . 2 . MB", "diverged 1/20 2/9380 . . 2 . MB", "finished 1/1 2/2 . . 2 . MB", "unknown - - - - - 0.0 MB"} {
		got := strings.Fields(lines[i])
		for k, part := range strings.Fields(want) {
			if part != "." && got[k] != part {
				t.Errorf("line %d has %q, want %q", i, got, want)
			}
		}
		if last := got[len(got)-1]; i > 0 && last != fmt.Sprintf("runs/%05d-mnist", i-1) || len(lines[i]) > 80 {
			t.Errorf("line %d is of %s and has %d columns", i, last, len(lines[i]))
		}
	}
	if got := mustInvoke(t, "runs", t.TempDir()); !strings.HasPrefix(got, "no runs in ") {
		t.Error(got)
	}
	if got := mustInvoke(t, "runs", "--json", t.TempDir()); got != "[]\n" {
		t.Error(got)
	}
	if code, _, stderr := invoke("runs", "none"); code != exitData || !strings.Contains(stderr, "none: there is no such folder") {
		t.Errorf("exit code %d, %s", code, stderr)
	}
}

// A folder of runs, where one run is to be named, is answered with their names.
func TestAFolderOfRunsIsAnsweredWithItsRuns(t *testing.T) {
	out := severalRuns(t)
	t.Chdir(filepath.Dir(out))
	const want = "runs: it is a folder of runs: name one of these: runs/00002-mnist, runs/00001-mnist, runs/00000-mnist\n"
	for _, args := range [][]string{
		{"generate", "--weights", "runs"}, {"inspect", "runs"}, {"export", "runs", "--out", "g.pt"}, {"train", "--init", "runs"}, {"train", "--resume", "runs"},
	} {
		if code, _, stderr := invoke(args...); code != exitData || stderr != "cgan: "+want {
			t.Errorf("%v: exit code %d, %s", args, code, stderr)
		}
	}
	for i := range 20 {
		if err := os.CopyFS(fmt.Sprintf("runs/%05d-more", i+10), os.DirFS("runs/00000-mnist")); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, stderr := invoke("generate", "--weights", "runs"); !strings.HasSuffix(stderr, "runs/00022-more, and 15 older ones\n") {
		t.Error(stderr)
	}
}

// The commands in a run folder's README.md are for its path, whatever a shell would make of it.
func TestReadmeNamesTheFolder(t *testing.T) {
	out := filepath.Join(t.TempDir(), "Lea's runs")
	mustInvoke(t, "train", "--quiet", "--data", writeSet(t, 4, nil), "--out", out, "--device", "cpu", "--steps", "1", "--batch", "2", "--ngf", "4", "--ndf", "4")
	run := filepath.Join(out, "00000-"+setName(t, out))
	text, err := os.ReadFile(filepath.Join(run, "README.md"))
	if want := "    cgan train --resume '" + strings.Replace(run, "'", `'\''`, 1) + "' "; err != nil || !strings.Contains(string(text), want) {
		t.Errorf("no %q in %s, %v", want, text, err)
	}
}
