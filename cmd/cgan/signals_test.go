package main

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// asMain makes the test binary be cgan, in a process that signals can end.
const asMain = "CGAN_TEST_AS_MAIN"

func TestMain(m *testing.M) {
	if os.Getenv(asMain) != "" {
		main()
	}
	os.Exit(m.Run())
}

// started is a cgan that runs beside the test.
type started struct {
	*exec.Cmd
	out            string // for run folders
	stdout         io.ReadCloser
	stderr         bytes.Buffer
	stdoutIsClosed bool
}

// start begins to train for longer than any test takes.
func start(t *testing.T) *started {
	t.Helper()
	out := t.TempDir()
	s := &started{out: out, Cmd: exec.CommandContext(t.Context(), os.Args[0], "train", "--data", writeSet(t, 40, nil), "--out", out,
		"--device", "cpu", "--batch", "1", "--nz", "5", "--ngf", "4", "--ndf", "4", "--epochs", "100000")}
	s.Env = append(os.Environ(), asMain+"=1")
	s.Stderr = &s.stderr
	signal.Notify(make(chan os.Signal, 1), syscall.SIGHUP) // or the child would ignore it, as this process does under nohup
	var err error
	if s.stdout, err = s.StdoutPipe(); err == nil {
		err = s.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// end waits and gives the exit code.
func (s *started) end() int {
	if !s.stdoutIsClosed {
		_, _ = io.Copy(io.Discard, s.stdout)
	}
	_ = s.Wait() // the code says it
	return s.ProcessState.ExitCode()
}

// takesSignals waits until the process has its first handler: the system's loader, before it, can have none.
func (s *started) takesSignals(t *testing.T) {
	t.Helper()
	for range 2000 {
		status, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(s.Process.Pid), "status"))
		if err != nil {
			t.Skip("this system has no /proc")
		}
		if _, caught, _ := strings.Cut(string(status), "SigCgt:\t"); !strings.HasPrefix(caught, "0000000000000000") {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Fatal("no handler in 2 s")
}

// Whenever a signal comes after the loader, it ends the program with one line and its code, and no empty run folder stays.
func TestASignalAtTheStartIsAnsweredAndLeavesNothing(t *testing.T) {
	for i, delay := range []int{0, 20, 60, 100, 120, 140, 160, 180, 200, 250} {
		s := start(t)
		s.takesSignals(t)
		time.Sleep(time.Duration(delay) * time.Millisecond)
		sent := []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP}[i%3]
		if err := s.Process.Signal(sent); err != nil {
			t.Fatal(err)
		}
		code, said := s.end(), s.stderr.String()
		if code != exitSignal+int(sent) || !strings.HasPrefix(said, "cgan: interrupted") || strings.Count(said, "\n") != 1 {
			t.Errorf("%v after %d ms: exit code %d, %q", sent, delay, code, said)
		}
		checkpoints, _ := filepath.Glob(filepath.Join(s.out, "*", "checkpoint-*.pt"))
		if left, err := os.ReadDir(s.out); err != nil || len(left) != len(checkpoints) {
			t.Errorf("%v after %d ms: %v stays, with checkpoints %v", sent, delay, left, checkpoints)
		}
	}
}

// trains waits until the run has begun.
func (s *started) trains(t *testing.T) {
	t.Helper()
	if _, err := io.ReadFull(s.stdout, make([]byte, len("training on"))); err != nil {
		t.Fatalf("%v: %s", err, s.stderr.String())
	}
	for range 5000 {
		if stats, _ := filepath.Glob(filepath.Join(s.out, "*", "stats.jsonl")); len(stats) == 1 {
			if info, err := os.Stat(stats[0]); err == nil && info.Size() > 0 {
				return
			}
		}
		time.Sleep(time.Millisecond)
	}
	t.Fatal("no step in 5 s")
}

// Every end that is no kill finishes the step and saves, also where several signals come for one end.
func TestEverySignalSaves(t *testing.T) {
	for _, sent := range [][]syscall.Signal{
		{syscall.SIGINT}, {syscall.SIGTERM, syscall.SIGTERM, syscall.SIGHUP}, {syscall.SIGHUP, syscall.SIGHUP, syscall.SIGHUP},
		{syscall.SIGQUIT}, {syscall.SIGUSR1}, {syscall.SIGUSR2}, {syscall.SIGXCPU}, {syscall.SIGALRM},
	} {
		s := start(t)
		s.trains(t)
		for _, one := range sent {
			if err := s.Process.Signal(one); err != nil {
				t.Fatal(err)
			}
		}
		wantSaved(t, s, sent...)
	}
}

// cgan train | head trains on when head has gone.
func TestAClosedOutputEndsNothing(t *testing.T) {
	s := start(t)
	s.trains(t)
	s.stdout.Close()
	s.stdoutIsClosed = true
	before := s.steps(t)
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); {
		if s.steps(t) > before+100 { // it prints a line each 40 steps
			if err := s.Process.Signal(syscall.SIGTERM); err != nil {
				t.Fatal(err)
			}
			wantSaved(t, s, syscall.SIGTERM)
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Errorf("no more steps; %s", s.stderr.String())
}

// steps is how many lines the statistics have.
func (s *started) steps(t *testing.T) int {
	t.Helper()
	logs, _ := filepath.Glob(filepath.Join(s.out, "*", "stats.jsonl"))
	if len(logs) != 1 {
		t.Fatalf("%d runs", len(logs))
	}
	text, err := os.ReadFile(logs[0])
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Count(text, []byte("\n"))
}

// wantSaved wants the exit code of one of the signals, which may come in any order.
func wantSaved(t *testing.T, s *started, sent ...syscall.Signal) {
	t.Helper()
	if code := s.end(); !slices.Contains(sent, syscall.Signal(code-exitSignal)) || !strings.Contains(s.stderr.String(), "; saved in ") || !strings.Contains(s.stderr.String(), " train --resume ") {
		t.Errorf("%v: exit code %d, %s", sent, code, s.stderr.String())
	}
	if checkpoints, _ := filepath.Glob(filepath.Join(s.out, "*", "checkpoint-*.pt")); len(checkpoints) == 0 {
		t.Errorf("%v: no checkpoint", sent)
	}
}
