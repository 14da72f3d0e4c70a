package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// service is a server in a process of its own.
type service struct {
	url     string // without a slash at its end
	command *exec.Cmd
	log     bytes.Buffer // what it printed, for an error
}

// startService runs a program that prints a line with its URL once it listens. Stop it.
func startService(command *exec.Cmd) (*service, error) {
	s := &service{command: command}
	output, err := command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	command.Stderr = &s.log
	if err := command.Start(); err != nil {
		return nil, err
	}
	for lines := bufio.NewScanner(output); lines.Scan(); {
		if _, address, ok := strings.Cut(lines.Text(), "http://"); ok {
			s.url = "http://" + strings.TrimRight(address, "/")
			return s, nil
		}
	}
	return nil, fmt.Errorf("%s did not come to listen: %w\n%s", command, s.stop(), &s.log)
}

// stop ends it as a service manager does.
func (s *service) stop() error {
	if err := s.command.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	err := s.command.Wait()
	var exit *exec.ExitError
	if errors.As(err, &exit) && (exit.ExitCode() == 143 || exit.ExitCode() == -1) {
		return nil
	}
	return fmt.Errorf("%s ended otherwise than by SIGTERM: %w\n%s", s.command, err, &s.log)
}

// serveRuns runs cgan serve with the model and the runs of a folder.
func serveRuns(ctx context.Context, cgan, folder, run string, flags ...string) (*service, error) {
	args := append([]string{"serve", "--addr", "127.0.0.1:0", "--device", "cpu", "--runs", folder, "--weights", "digits=" + run}, flags...)
	return startService(exec.CommandContext(ctx, cgan, args...))
}

// trainBriefly makes a run of a few steps in a folder of runs: its model draws noise, of each class another.
func trainBriefly(ctx context.Context, cgan, folder string, seed int) (run string, err error) {
	err = quiet(ctx, cgan, "train", "--quiet", "--device", "cpu", "--seed", strconv.Itoa(seed), "--steps", "6", "--sample-every", "2", "--batch", "16", "--ngf", "8", "--ndf", "8", "--out", folder)
	if err != nil {
		return "", err
	}
	all, err := os.ReadDir(folder)
	if err != nil {
		return "", err
	}
	return filepath.Join(folder, all[len(all)-1].Name()), nil
}
