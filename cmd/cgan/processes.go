package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"cgan/train"

	"github.com/urfave/cli/v2"
)

// processError is a rank of --processes that ended badly. It has said why itself, unless it was killed.
type processError struct {
	rank int
	code int
	how  string
}

func (e processError) Error() string { return fmt.Sprintf("rank %d ended: %s", e.rank, e.how) }

// startsOthers says whether this process is to start those that train.
func startsOthers(c *cli.Context, cfg train.Config) (bool, error) {
	n := c.Int("processes")
	if cfg.Launch != nil && c.IsSet("processes") && n != cfg.Launch.WorldSize {
		return false, usageError{fmt.Errorf("%s is %d, but WORLD_SIZE is %d: what sets WORLD_SIZE starts the processes, leave the flag out", givenIn(c, "processes").name, n, cfg.Launch.WorldSize)}
	}
	others := cfg.Launch == nil && n > 1
	if others && strings.HasPrefix(cfg.Device, "cuda") {
		return false, usage(train.ErrRanksOnCUDA)
	}
	return others, nil
}

// runProcesses starts n of this program with torchrun's variables and waits for them. The first one that ends badly gives
// the error; the others end by themselves within the timeout, and are killed a little later. They do not outlive this process.
func runProcesses(ctx context.Context, n int, timeout time.Duration) error {
	port, err := freePort()
	if err != nil {
		return err
	}
	program, err := os.Executable()
	if err != nil {
		return err
	}
	here, err := setThreads(0)
	if err != nil {
		return err
	}
	threads := strconv.Itoa(max(1, here.N/n))
	ends := make(chan processError, n)
	runtime.LockOSThread() // whose end would be this process's for those that it has started
	defer runtime.UnlockOSThread()
	var all []*exec.Cmd
	defer func() {
		for _, cmd := range all {
			_ = cmd.Process.Kill()
		}
	}()
	for rank := range n {
		cmd := exec.Command(program, os.Args[1:]...)
		cmd.Env = append(os.Environ(), "RANK="+strconv.Itoa(rank), "LOCAL_RANK="+strconv.Itoa(rank), "WORLD_SIZE="+strconv.Itoa(n), "MASTER_ADDR=127.0.0.1", "MASTER_PORT="+port)
		if os.Getenv("OMP_NUM_THREADS") == "" {
			cmd.Env = append(cmd.Env, "OMP_NUM_THREADS="+threads)
		}
		cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
		cmd.SysProcAttr = rankAttributes()
		if err := cmd.Start(); err != nil {
			return err
		}
		all = append(all, cmd)
		go func() { ends <- ended(rank, cmd.Wait()) }()
	}
	return awaitProcesses(ctx, all, ends, timeout)
}

// lateness is how long ranks may take to end after one that was lost: those that wait for it find out within the timeout, and
// those that a signal has told to end call the roll at once.
func lateness(ctx context.Context, timeout time.Duration) time.Duration {
	if ctx.Err() != nil {
		return 3 * time.Second
	}
	return timeout + 5*time.Second
}

func awaitProcesses(ctx context.Context, all []*exec.Cmd, ends <-chan processError, timeout time.Duration) (failed error) {
	var late <-chan time.Time
	asked := ctx.Done()
	for left := len(all); left > 0; {
		select {
		case e := <-ends:
			left--
			if e.how != "" && failed == nil {
				failed, late = e, time.After(lateness(ctx, timeout))
			}
		case <-asked:
			asked = nil
			for _, cmd := range all {
				_ = cmd.Process.Signal(syscall.SIGTERM)
			}
			if failed != nil {
				late = time.After(lateness(ctx, timeout))
			}
		case <-late:
			left = 0
		}
	}
	if ctx.Err() != nil {
		return interrupted(ctx)
	}
	return failed
}

func ended(rank int, err error) processError {
	exit, ok := err.(*exec.ExitError)
	switch {
	case err == nil:
		return processError{rank: rank}
	case !ok:
		return processError{rank, exitFailure, err.Error()}
	}
	if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return processError{rank, exitFailure, "it was ended by the signal " + status.Signal().String()}
	}
	return processError{rank, exit.ExitCode(), fmt.Sprintf("exit code %d", exit.ExitCode())}
}

// freePort is one of this machine's own address that nobody listens on.
func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer func() { _ = l.Close() }()
	_, port, err := net.SplitHostPort(l.Addr().String())
	return port, err
}
