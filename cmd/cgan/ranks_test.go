package main

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"cgan/train"
)

// Two processes train; a random one is killed or stopped at a random moment, the others end and say which one it was, and the
// run goes on. In the end it is the run that was left alone. CGAN_RANK_KILLS is how many times; make torture-ranks has 50.
func TestALostRankChangesNothing(t *testing.T) {
	kills := count("CGAN_RANK_KILLS", 2)
	o := torture{t: t, data: writeSet(t, 40, nil), out: t.TempDir()}
	ranks := []string{"--processes", "2", "--dist-timeout", "5s"}
	for i := range kills {
		o.loseRank(i%2 == 1, ranks...)
	}
	last := o.check() + 5
	o.train(append([]string{"--resume", o.run, "--steps", fmt.Sprint(last)}, ranks...)...)
	o.sameAsCalm(last, ranks...)
	t.Logf("%d ranks lost in %d steps", kills, last)
}

// A run that goes on with one process in the place of two can stop again: where it stands is counted in its own steps from then on.
func TestARunWithLessProcessesCanStop(t *testing.T) {
	data := writeSet(t, 40, nil)
	run := func(stops ...string) string {
		o := torture{t: t, data: data, out: t.TempDir()}
		o.train("--out", o.out, "--processes", "2", "--steps", "4") // of 3 in an epoch: one into the second
		o.run = o.first()
		for _, stop := range stops {
			o.train("--resume", o.run, "--steps", stop)
		}
		return o.left(12)
	}
	if once, twice := run("12"), run("6", "12"); once != twice {
		t.Errorf("by way of step 6 the run left %s, not %s", twice, once)
	}
}

// What a run of processes tells to go on with starts as many again.
func TestProcessesAreNamedToGoOn(t *testing.T) {
	o := torture{t: t, data: writeSet(t, 40, nil), out: t.TempDir()}
	cmd, told := o.begin(true, "--processes", "2")
	o.interrupt(cmd, told, 20*time.Second)
	o.run = o.first()
	if want := "train --resume " + o.run + " --processes 2"; !strings.Contains(told.String(), want) {
		t.Errorf("said %s, want %q", told, want)
	}
}

// count is a number of times that a Make target may raise.
func count(name string, usual int) int {
	if n, err := strconv.Atoi(os.Getenv(name)); err == nil {
		return n
	}
	return usual
}

// sameAsCalm trains to step last without a disturbance, and compares.
func (o *torture) sameAsCalm(last int, flags ...string) {
	o.t.Helper()
	calm := torture{t: o.t, data: o.data, out: o.t.TempDir()}
	calm.train(append(flags, "--out", calm.out, "--steps", fmt.Sprint(last))...)
	calm.run = calm.first()
	if got, want := o.left(last), calm.left(last); got != want {
		o.t.Errorf("the run that was disturbed left %s, the other %s", got, want)
	}
}

// loseRank begins or goes on, and takes a random rank away a while after a save.
func (o *torture) loseRank(stop bool, flags ...string) {
	o.t.Helper()
	cmd, told := o.begin(true, flags...)
	victim, sign := rand.IntN(2), syscall.SIGKILL
	if stop {
		sign = syscall.SIGSTOP
	}
	if err := syscall.Kill(rankOf(o.t, cmd.Process.Pid, victim), sign); err != nil {
		o.t.Fatalf("it ended by itself: %v, %s", err, told)
	}
	began := time.Now()
	if stop {
		told.await("does not answer", 10*time.Second)
		_ = syscall.Kill(rankOf(o.t, cmd.Process.Pid, victim), syscall.SIGKILL) // what a user does then
	}
	if err := cmd.Wait(); err == nil {
		o.t.Error("a run without one of its ranks ended well")
	}
	if took := time.Since(began); took > 12*time.Second {
		o.t.Errorf("it took %v to end, and the timeout is 5 s", took)
	}
	if !strings.Contains(told.String(), fmt.Sprintf("rank %d does not answer", victim)) && !strings.Contains(told.String(), "rank 0 or the network to it is lost") {
		o.t.Errorf("rank %d was lost, and it said %s", victim, told)
	}
	o.goOn()
}

// rankOf is the process of a rank that parent has started.
func rankOf(t *testing.T, parent, rank int) int {
	t.Helper()
	for _, pid := range childrenOf(parent) {
		environ, _ := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
		if bytes.Contains(environ, fmt.Appendf(nil, "\x00RANK=%d\x00", rank)) {
			return pid
		}
	}
	t.Fatalf("rank %d of process %d is not there", rank, parent)
	return 0
}

func childrenOf(parent int) (all []int) {
	lists, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", parent))
	for _, list := range lists {
		text, _ := os.ReadFile(list)
		for _, field := range strings.Fields(string(text)) {
			pid, _ := strconv.Atoi(field)
			all = append(all, pid)
		}
	}
	return all
}

// Rank 0 evaluates while the other waits, keeps the best checkpoint with the random numbers of both, and ends the run for both. Its
// bits are those of the same run without an evaluation.
func TestRanksAreEvaluated(t *testing.T) {
	judge := writeJudge(t, "0", "1", "2", "3", "4", "5", "6", "7", "8", "9")
	ranks := []string{"--processes", "2"}
	for _, test := range []struct {
		flags []string
		last  int
	}{
		{[]string{"--steps", "7"}, 7}, // evaluated on the way
		{[]string{"--steps", "9", "--stop-when", "consistency>=0"}, 3},
	} {
		o := torture{t: t, data: writeSet(t, 120, nil), out: t.TempDir()}
		o.train(slices.Concat([]string{"--out", o.out, "--judge", judge, "--eval-every", "3"}, test.flags, ranks)...)
		o.run = o.first()
		o.sameAsCalm(test.last, ranks...)
		best := entries(t, filepath.Join(o.run, train.BestName))
		if test.last == 3 && !maps.Equal(best, entries(t, filepath.Join(o.run, "checkpoint-000003.pt"))) {
			t.Error("best.pt is not the checkpoint of its step")
		}
	}
}

// A judge that rank 0 can't open ends all, with its reason.
func TestRanksWithoutAJudgeEnd(t *testing.T) {
	o := torture{t: t, data: writeSet(t, 40, nil), out: t.TempDir()}
	began := time.Now()
	out, err := o.command("--out", o.out, "--processes", "2", "--eval-every", "3", "--judge", writeFile(t, filepath.Join(t.TempDir(), "j.pt"), []byte("none"))).CombinedOutput()
	if err == nil || !strings.Contains(string(out), "j.pt") || time.Since(began) > 20*time.Second {
		t.Errorf("after %v: %v, %s", time.Since(began), err, out)
	}
}

// entries are the contents of a checkpoint, whose top folder is the file's name.
func entries(t *testing.T, path string) map[string]string {
	t.Helper()
	archive, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer archive.Close()
	all := map[string]string{}
	for _, f := range archive.File {
		content, err := fs.ReadFile(archive, f.Name)
		if err != nil {
			t.Fatal(err)
		}
		_, name, _ := strings.Cut(f.Name, "/")
		all[name] = string(content)
	}
	return all
}

// No rank outlives the process that has started it.
func TestAKilledParentLeavesNoRank(t *testing.T) {
	o := torture{t: t, data: writeSet(t, 40, nil), out: t.TempDir()}
	cmd, _ := o.begin(true, "--processes", "2")
	ranks := childrenOf(cmd.Process.Pid)
	if len(ranks) != 2 {
		t.Fatalf("it has started %v", ranks)
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	for _, pid := range ranks {
		for end := time.Now().Add(5 * time.Second); alive(pid); time.Sleep(5 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("rank %d runs 5 s after its parent was killed", pid)
			}
		}
	}
}

// alive says whether there is a process, not only its exit code.
func alive(pid int) bool {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && !bytes.Contains(status, []byte(") Z "))
}

// A signal ends ranks that wait for another: for one that was never started, and for one that is stopped.
func TestASignalEndsRanksThatWait(t *testing.T) {
	o := torture{t: t, data: writeSet(t, 40, nil), out: t.TempDir()}
	alone := newCluster(t, o.data, 2).rank(1)
	time.Sleep(time.Second) // it knocks at a store that is not there
	o.interrupt(alone.Cmd, alone.told, 2*time.Second)
	first := newCluster(t, o.data, 2).rank(0)
	time.Sleep(time.Second) // it waits in its own store
	o.interrupt(first.Cmd, first.told, 2*time.Second)

	cmd, told := o.begin(true, "--processes", "2")
	_ = syscall.Kill(rankOf(t, cmd.Process.Pid, 1), syscall.SIGSTOP)
	time.Sleep(300 * time.Millisecond)
	o.interrupt(cmd, told, 9*time.Second) // the roll call takes 3 s, and the stopped rank has 3 more
	if !strings.Contains(told.String(), "rank 1 does not answer") || !strings.Contains(told.String(), "checkpoint-") {
		t.Errorf("rank 1 was stopped, and it said %s", told)
	}
	o.goOn()
}

func (o *torture) interrupt(cmd *exec.Cmd, told *said, limit time.Duration) {
	o.t.Helper()
	began := time.Now()
	_ = cmd.Process.Signal(syscall.SIGINT)
	_ = cmd.Wait() // the code says it
	if took := time.Since(began); took > limit || cmd.ProcessState.ExitCode() != exitSignal+int(syscall.SIGINT) {
		o.t.Errorf("after Ctrl-C it took %v, code %d: %s", took, cmd.ProcessState.ExitCode(), told)
	}
}

// cluster is ranks that are told their place by hand, as torchrun does it.
type cluster struct {
	t          *testing.T
	data, port string
	size       int
	environ    []string // more variables
}

func newCluster(t *testing.T, data string, size int) cluster {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return cluster{t: t, data: data, port: port, size: size}
}

// member is one rank that was started.
type member struct {
	*exec.Cmd
	told *said
}

func (c cluster) rank(rank int, flags ...string) member {
	c.t.Helper()
	o := torture{t: c.t, data: c.data}
	m := member{o.command(append([]string{"--out", c.t.TempDir(), "--steps", "3"}, flags...)...), &said{}}
	m.Stdout, m.Stderr = m.told, m.told
	m.Env = append(m.Env, fmt.Sprintf("RANK=%d", rank), fmt.Sprintf("WORLD_SIZE=%d", c.size), "MASTER_ADDR=127.0.0.1", "MASTER_PORT="+c.port)
	m.Env = append(m.Env, c.environ...)
	if err := m.Start(); err != nil {
		c.t.Fatal(err)
	}
	return m
}

// Ranks that are not to do the same all say which one differs, and in what, before a step.
func TestRanksThatDifferAreRefused(t *testing.T) {
	data := writeSet(t, 40, nil)
	others := writeSet(t, 40, func(images, labels []byte) ([]byte, []byte) { images[100]++; return images, labels })
	for _, test := range []struct {
		name string
		one  func(cluster) member
		want string
	}{
		{"size", func(c cluster) member { c.size = 3; return c.rank(1) }, "rank 1 has another WORLD_SIZE than rank 0: 3, and rank 0 2"},
		{"unknown to rank 0", func(c cluster) member { c.size = 3; _ = c.rank(2); return c.rank(1) }, "rank 1 has another WORLD_SIZE than rank 0: 3, and rank 0 2"},
		{"data", func(c cluster) member { c.data = others; return c.rank(1) }, "rank 1 has another data (sha256) than rank 0"},
		{"flag", func(c cluster) member { return c.rank(1, "--lr", "0.001") }, "rank 1 has another lr than rank 0: 0.001, and rank 0 0.0002"},
		{"program", func(c cluster) member { return c.rebuilt(1) }, "rank 1 has another program (sha256) than rank 0"},
	} {
		c := newCluster(t, data, 2)
		zero, one := c.rank(0, "--dist-timeout", "30s"), test.one(c)
		for rank, m := range []member{zero, one} {
			if err := m.Wait(); err == nil || !strings.Contains(m.told.String(), test.want) {
				t.Errorf("%s: rank %d: %v, said %q, want %q", test.name, rank, err, m.told, test.want)
			}
		}
	}
}

// A rank without memory says so, and the other one says whose fault it is: of what kind, if the first one had the memory to tell it.
func TestARankWithoutMemoryIsNamed(t *testing.T) {
	c := newCluster(t, writeSet(t, 40, nil), 2)
	zero := c.rank(0, "--dist-timeout", "20s", "--batch", "40", "--ngf", "128", "--ndf", "128")
	c.environ = []string{limitMemory + "=60000000"}
	one := c.rank(1, "--dist-timeout", "20s", "--batch", "40", "--ngf", "128", "--ndf", "128")
	for rank, m := range []member{zero, one} {
		if err := m.Wait(); err == nil || !strings.Contains(m.told.String(), "rank 1") || rank == 1 && !strings.Contains(m.told.String(), "memory") {
			t.Errorf("rank %d: %v, said %q", rank, err, m.told)
		}
	}
}

// rebuilt is a rank of a program that does the same, but has one byte more.
func (c cluster) rebuilt(rank int) member {
	program, err := os.ReadFile(os.Args[0])
	if err != nil {
		c.t.Fatal(err)
	}
	path := filepath.Join(c.t.TempDir(), "cgan")
	if err := os.WriteFile(path, append(program, 0), 0o755); err != nil {
		c.t.Fatal(err)
	}
	usual := os.Args[0]
	os.Args[0] = path
	defer func() { os.Args[0] = usual }()
	return c.rank(rank)
}

// A second run at the port of a first one is refused, and the first one is not disturbed.
func TestASecondRunOnThePortIsRefused(t *testing.T) {
	c := newCluster(t, writeSet(t, 40, nil), 2)
	o := torture{t: t, out: t.TempDir()}
	forever := []string{"--steps", "1000000", "--save-every", "1", "--out", o.out}
	first := []member{c.rank(0, forever...), c.rank(1, forever...)}
	for deadline := time.Now().Add(time.Minute); o.newest() == "" && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
	larger := c
	larger.size = 3
	for _, test := range []struct {
		m    member
		want string
	}{
		{c.rank(0), "can't listen there"},
		{c.rank(1), "another process has RANK 1 there already: a second run needs a port of its own"},
		{larger.rank(2), "rank 2 has another WORLD_SIZE than rank 0: 3, and rank 0 2"},
	} {
		if err := test.m.Wait(); err == nil || !strings.Contains(test.m.told.String(), test.want) {
			t.Errorf("%v, said %q, want %q", err, test.m.told, test.want)
		}
	}
	_ = first[0].Process.Signal(syscall.SIGTERM) // which both hear
	for rank, m := range first {
		_ = m.Wait() // what it says tells more
		if !strings.Contains(m.told.String(), "interrupted after step") {
			t.Errorf("rank %d of the first run: %s", rank, m.told)
		}
	}
}

func TestProcessesThatCannotBeAreRefused(t *testing.T) {
	data := writeSet(t, 40, nil)
	for _, test := range []struct {
		environ []string
		flags   []string
		want    string
	}{
		{[]string{"RANK=2", "WORLD_SIZE=2", "MASTER_ADDR=127.0.0.1", "MASTER_PORT=1234"}, nil, "the last one is 1"},
		{[]string{"RANK=0", "WORLD_SIZE=2"}, nil, "MASTER_ADDR is not set"},
		{[]string{"RANK=0", "WORLD_SIZE=2", "MASTER_ADDR=127.0.0.1", "MASTER_PORT=1234"}, []string{"--device", "cuda"}, "there is no NCCL here"},
		{nil, []string{"--processes", "2", "--device", "cuda"}, "there is no NCCL here"},
		{nil, []string{"--processes", "0"}, "--processes is 0"},
		{nil, []string{"--dist-timeout", "1ms"}, "--dist-timeout is 1ms"},
		{nil, []string{"--compress", "gzip"}, "--compress"},
		{[]string{"GLOO_SOCKET_IFNAME=none9"}, []string{"--processes", "2", "--dist-timeout", "5s"}, `GLOO_SOCKET_IFNAME is "none9"`},
	} {
		o := torture{t: t, data: data}
		cmd := o.command(append([]string{"--out", t.TempDir(), "--steps", "1"}, test.flags...)...)
		cmd.Env = append(cmd.Env, test.environ...)
		out, err := cmd.CombinedOutput()
		if err == nil || !strings.Contains(string(out), test.want) {
			t.Errorf("%v %v: %v, %s, want %q", test.environ, test.flags, err, out, test.want)
		}
	}
}
