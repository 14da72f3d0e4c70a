package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"
)

// torchrun makes cmd one that torchrun of CGAN_PYTHON_215 starts in processes; make torchrun and make exchange set it.
func torchrun(t *testing.T, cmd *exec.Cmd, flags ...string) *said {
	t.Helper()
	python := os.Getenv("CGAN_PYTHON_215")
	if python == "" {
		t.Skip("CGAN_PYTHON_215 names no Python with torch: make torchrun")
	}
	told := &said{}
	cmd.Args = slices.Concat([]string{python, "-m", "torch.distributed.run", "--monitor-interval", "0.1"}, flags, []string{"--no-python", cmd.Path}, cmd.Args[1:])
	cmd.Path, cmd.Stdout, cmd.Stderr = python, told, told
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) } // or its ranks would stay
	cmd.WaitDelay = time.Minute
	return told
}

// torchrun starts two ranks, a random one is killed three times, and torchrun starts both again each time. In the end it is the run
// that was left alone.
func TestTorchrunGoesOnAfterAKill(t *testing.T) {
	const last = 400
	o := torture{t: t, data: writeSet(t, 40, nil), out: t.TempDir()}
	cmd := o.command("--out", o.out, "--save-every", "1", "--keep", "2", "--steps", fmt.Sprint(last), "--dist-timeout", "5s")
	told := torchrun(t, cmd, "--standalone", "--nproc-per-node", "2", "--max-restarts", "3")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		before := o.newest()
		for deadline := time.Now().Add(time.Minute); o.newest() == before && time.Now().Before(deadline); {
			time.Sleep(time.Millisecond)
		}
		time.Sleep(time.Duration(rand.IntN(100)) * time.Millisecond)
		o.run = filepath.Dir(o.newest())
		at := o.check()
		_ = syscall.Kill(rankOf(t, cmd.Process.Pid, rand.IntN(2)), syscall.SIGKILL)
		t.Logf("killed at step %d or a little later", at)
		time.Sleep(time.Second) // torchrun ends the other one
	}
	if err := cmd.Wait(); err != nil {
		t.Fatalf("%v\n%s", err, told)
	}
	if runs, _ := filepath.Glob(filepath.Join(o.out, "*")); len(runs) != 1 {
		t.Errorf("there are the runs %v, not one that went on", runs)
	}
	o.sameAsCalm(last, "--processes", "2")
}

// A torchrun on each of two hosts, which find each other over the cable, train what two processes of one machine do.
func TestTorchrunOnTwoHosts(t *testing.T) {
	const last = 20
	h := twoHosts(t)
	o := torture{t: t, data: writeSet(t, 40, nil), out: t.TempDir()}
	var all []*exec.Cmd
	var told []*said
	for i := range h.pid {
		cmd := o.command("--out", o.out, "--steps", fmt.Sprint(last), "--dist-timeout", "20s")
		told = append(told, torchrun(t, cmd, "--nnodes", "2", "--nproc-per-node", "1", "--rdzv-backend", "c10d", "--rdzv-endpoint", hostNames[0]+":29400", "--rdzv-id", "pair"))
		h.move(i, cmd)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		all = append(all, cmd)
	}
	for i, cmd := range all {
		if err := cmd.Wait(); err != nil {
			t.Fatalf("host %d: %v\n%s", i, err, told[i])
		}
	}
	o.run = o.first()
	o.sameAsCalm(last, "--processes", "2")
}
