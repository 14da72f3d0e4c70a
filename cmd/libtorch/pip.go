package main

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// pipArgs asks for the pinned wheels, whichever Python the user has.
func (f fetcher) pipArgs(wheels string) []string {
	args := []string{"-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--no-cache-dir", "--no-input",
		"--disable-pip-version-check", "--progress-bar", "off", "--dest", wheels,
		"--implementation", "cp", "--python-version", "3.11", "--abi", "cp311"}
	for _, w := range f.rel.wheels {
		args = append(args, "--platform", w.platform)
	}
	for _, w := range f.rel.wheels {
		args = append(args, w.name+"=="+w.version)
	}
	return args
}

// download lets pip download the wheels. Its working files stay in the staging
// folder too, where they can be counted and are cleaned up.
func (f fetcher) download(ctx context.Context, staging, wheels string) error {
	python, err := findPython()
	if err != nil {
		return err
	}
	tmp := filepath.Join(staging, "tmp")
	if err := os.Mkdir(tmp, 0o755); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, python, f.pipArgs(wheels)...)
	cmd.Env = append(pipEnvironment(os.Environ()), "TMPDIR="+tmp)
	// A group of its own, so that Ctrl-C reaches only us; and it never outlives us.
	cmd.SysProcAttr = groupOfItsOwn()
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	m := f.ui.meter("downloading", f.rel.download())
	err = watch(cmd, func() { m.set(bytesIn(wheels, tmp)) })
	m.close(err == nil)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		f.ui.say("%s", strings.TrimSpace(output.String()))
		return fmt.Errorf("pip of %s could not download libtorch %s (%w): %s", python, f.rel.version, err, pipHint(output.String()))
	}
	return os.RemoveAll(tmp)
}

// reaching are the settings of pip about how the package index is reached. Others are about installing, or choose
// other wheels: nothing is installed, and which wheels are meant is known.
var reaching = []string{
	"CONFIG_FILE", "INDEX_URL", "EXTRA_INDEX_URL", "NO_INDEX", "FIND_LINKS", "TRUSTED_HOST", "CERT", "CLIENT_CERT", "PROXY", "TIMEOUT",
	"DEFAULT_TIMEOUT", "RETRIES", "RESUME_RETRIES", "KEYRING_PROVIDER", "USE_FEATURE", "USE_DEPRECATED", "LOG", "ISOLATED",
}

// pipEnvironment is env with no other settings of pip than those, and against some that pip.conf may have.
func pipEnvironment(env []string) []string {
	env = slices.DeleteFunc(slices.Clone(env), func(setting string) bool {
		name, _, _ := strings.Cut(setting, "=")
		option, ofPip := strings.CutPrefix(name, "PIP_")
		return ofPip && !slices.Contains(reaching, strings.ToUpper(option)) // pip takes any case
	})
	return append(env, "PIP_REQUIRE_VIRTUALENV=0", "PIP_REQUIRE_HASHES=0")
}

// watch runs cmd and calls tick several times a second meanwhile.
func watch(cmd *exec.Cmd, tick func()) error {
	ended := make(chan error, 1)
	go func() { ended <- cmd.Run() }()
	for {
		select {
		case err := <-ended:
			tick()
			return err
		case <-time.After(200 * time.Millisecond):
			tick()
		}
	}
}

// bytesIn adds up the files in the folders. pip copies a wheel from one to the
// other under the same name, which must not count twice.
func bytesIn(dirs ...string) int64 {
	size := map[string]int64{}
	for _, dir := range dirs {
		_ = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return nil // files come and go while pip works
			}
			if info, err := d.Info(); err == nil {
				size[d.Name()] = max(size[d.Name()], info.Size())
			}
			return nil
		})
	}
	var sum int64
	for _, n := range size {
		sum += n
	}
	return sum
}

// pipHint says what to do about a failure of pip.
func pipHint(output string) string {
	has := func(texts ...string) bool {
		for _, t := range texts {
			if strings.Contains(output, t) {
				return true
			}
		}
		return false
	}
	switch {
	case has("No module named pip"):
		return "it has no pip; install it (on Debian: python3-pip), or set PYTHON to a python3 that has it"
	case has("No space left"):
		return "the disk is full; make room or set XDG_CACHE_HOME to a folder on another disk"
	case has("NewConnectionError", "name resolution", "unreachable", "timed out", "ProxyError", "Connection broken", "ConnectionResetError"):
		return "there is no network to the package index; check it and pip's settings, or set LIBTORCH to a libtorch folder"
	case has("No matching distribution"):
		return "pip's package index can't be reached or doesn't have it; check the network and pip's settings, or set LIBTORCH to a libtorch folder"
	case has("constraint"):
		return "a constraint among pip's settings stands against it: take it out (pip config list), or set LIBTORCH to a libtorch folder"
	case has("no such option"):
		return "that pip is too old; upgrade it, or set PYTHON to a python3 with a newer one"
	}
	return "see pip's output above and pip config list, or set LIBTORCH to a libtorch folder"
}
