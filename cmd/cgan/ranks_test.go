package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Two processes train; a random one is killed or stopped at a random moment, the others end and say which one it was, and the
// run goes on. In the end it is the run that was left alone. CGAN_TORTURE_RANKS is how many times; make torture-ranks has 50.
func TestALostRankChangesNothing(t *testing.T) {
	kills := 2
	if n, err := strconv.Atoi(os.Getenv("CGAN_TORTURE_RANKS")); err == nil {
		kills = n
	}
	o := torture{t: t, data: writeSet(t, 40, nil), out: t.TempDir()}
	ranks := []string{"--processes", "2", "--dist-timeout", "5s"}
	for i := range kills {
		o.loseRank(append(ranks, "--save-every", "1", "--keep", "2", "--steps", "1000000"), i%2 == 1)
	}
	last := o.check() + 5
	o.train(append([]string{"--resume", o.run, "--steps", fmt.Sprint(last)}, ranks...)...)
	calm := torture{t: t, data: o.data, out: t.TempDir()}
	calm.train(append(ranks, "--out", calm.out, "--steps", fmt.Sprint(last))...)
	calm.run = calm.first()
	if got, want := o.left(last), calm.left(last); got != want {
		t.Errorf("the run that lost a rank %d times left %s, the other %s", kills, got, want)
	}
	t.Logf("%d ranks lost in %d steps", kills, last)
}

// loseRank begins or goes on, and takes a random rank away a while after a save.
func (o *torture) loseRank(flags []string, stop bool) {
	o.t.Helper()
	before, begin := o.newest(), []string{"--resume", o.run}
	if o.run == "" {
		begin = []string{"--out", o.out}
	}
	var said bytes.Buffer
	cmd := o.command(append(begin, flags...)...)
	cmd.Stderr = &said
	if err := cmd.Start(); err != nil {
		o.t.Fatal(err)
	}
	for deadline := time.Now().Add(time.Minute); o.newest() == before && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
	time.Sleep(time.Duration(rand.IntN(400)) * time.Millisecond)
	victim, sign := rand.IntN(2), syscall.SIGKILL
	if stop {
		sign = syscall.SIGSTOP
	}
	if err := syscall.Kill(rankOf(o.t, cmd.Process.Pid, victim), sign); err != nil {
		o.t.Fatalf("it ended by itself: %v, %s", err, said.String())
	}
	began := time.Now()
	for left := 10 * time.Second; stop && time.Since(began) < left && !strings.Contains(said.String(), "does not answer"); {
		time.Sleep(10 * time.Millisecond)
	}
	if stop {
		_ = syscall.Kill(rankOf(o.t, cmd.Process.Pid, victim), syscall.SIGKILL) // what a user does then
	}
	if err := cmd.Wait(); err == nil {
		o.t.Error("a run without one of its ranks ended well")
	}
	if took := time.Since(began); took > 12*time.Second {
		o.t.Errorf("it took %v to end, and the timeout is 5 s", took)
	}
	if !strings.Contains(said.String(), fmt.Sprintf("rank %d does not answer", victim)) && !strings.Contains(said.String(), "rank 0 or the network to it is lost") {
		o.t.Errorf("rank %d was lost, and it said %s", victim, said.String())
	}
	o.run = filepath.Dir(o.newest())
	o.check()
}

// rankOf is the process of a rank that parent has started.
func rankOf(t *testing.T, parent, rank int) int {
	t.Helper()
	out, _ := exec.Command("pgrep", "-P", fmt.Sprint(parent)).Output()
	for _, field := range strings.Fields(string(out)) {
		environ, _ := os.ReadFile(filepath.Join("/proc", field, "environ"))
		if bytes.Contains(environ, fmt.Appendf(nil, "\x00RANK=%d\x00", rank)) {
			pid, _ := strconv.Atoi(field)
			return pid
		}
	}
	t.Fatalf("rank %d of process %d is not there", rank, parent)
	return 0
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
