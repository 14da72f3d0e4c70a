package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// make's go commands have the settings that they need, wherever a user has set others.
func TestMakeMindsNoSettings(t *testing.T) {
	if _, err := exec.LookPath("make"); err != nil {
		t.Skip("no make")
	}
	root, err := findCheckout()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	env, show := filepath.Join(dir, "env"), filepath.Join(dir, "show.mk")
	settings := []string{"GOFLAGS=-mod=mod", "GOWORK=off", "GO111MODULE=off", "CGO_ENABLED=0", "GOARCH=wasm", "GOOS=js", "CGO_CXXFLAGS=-I/x"}
	write(t, env, strings.Join(settings, "\n")+"\n")
	write(t, show, "show:\n\t@go env GOWORK GO111MODULE CGO_ENABLED GOOS GOARCH CGO_CXXFLAGS GOFLAGS; echo $$CPATH $$LD_LIBRARY_PATH $$LIBRARY_PATH\n")
	want := []string{filepath.Join(root, "go.work"), "on", "1", runtime.GOOS, runtime.GOARCH, "-O2 -g"}
	for name, c := range map[string]struct{ env, args []string }{
		"the shell":                      {env: settings},
		"go env -w":                      {env: []string{"GOENV=" + env}},
		"make's arguments":               {args: settings},
		"a shell that make is to prefer": {env: settings, args: []string{"-e"}},
	} {
		cmd := exec.Command("make", append([]string{"-s", "-f", "Makefile", "-f", show, "show"}, c.args...)...)
		cmd.Dir = root
		cmd.Env = append(os.Environ(), append(c.env, "CPATH=/x", "LD_LIBRARY_PATH=/x", "LIBRARY_PATH=/x", "MAKEFLAGS=", "GOTOOLCHAIN=local")...)
		out, err := cmd.CombinedOutput()
		got := strings.Split(string(out), "\n")
		if err != nil || !strings.HasPrefix(string(out), strings.Join(want, "\n")+"\n-mod=readonly -buildvcs=") || got[len(got)-2] != "" {
			t.Errorf("%s: %v\n%swant\n%s", name, err, out, strings.Join(want, "\n"))
		}
	}
}

// Go's stamp of the version fails in a checkout of another user, which git does not trust.
func TestMakeBuildsInACheckoutOfAnotherUser(t *testing.T) {
	for _, program := range []string{"make", "git"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skip("no " + program)
		}
	}
	root, err := findCheckout()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	show := filepath.Join(dir, "show.mk")
	write(t, show, "show:\n\t@go env GOFLAGS\n")
	if out, err := exec.Command("git", "init", "-q", dir).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for owner, want := range map[string]string{"0": "-mod=readonly -buildvcs=auto", "1": "-mod=readonly -buildvcs=false"} {
		cmd := exec.Command("make", "-s", "-f", filepath.Join(root, "Makefile"), "-f", show, "show")
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GIT_TEST_ASSUME_DIFFERENT_OWNER="+owner, "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_SYSTEM="+os.DevNull,
			"MAKEFLAGS=", "GOTOOLCHAIN=local")
		if out, err := cmd.CombinedOutput(); err != nil || strings.TrimSpace(string(out)) != want {
			t.Errorf("another owner %s: %v, %s", owner, err, out)
		}
	}
}

// A clone of a user whose git turns line ends into Windows's has the same bytes.
func TestCloneKeepsLineEnds(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("no git")
	}
	root, err := findCheckout()
	if err != nil {
		t.Fatal(err)
	}
	attributes, err := os.ReadFile(filepath.Join(root, ".gitattributes"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	git := func(args ...string) {
		t.Helper()
		cmd := exec.Command("git", append([]string{"-C", dir, "-c", "core.autocrlf=true", "-c", "user.name=x", "-c", "user.email=x@x"}, args...)...)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
	}
	git("init", "-q")
	write(t, filepath.Join(dir, ".gitattributes"), string(attributes))
	for _, name := range []string{"a.golden", "weights.py", "main.go"} {
		write(t, filepath.Join(dir, name), "one\ntwo\n")
	}
	git("add", ".")
	git("commit", "-qm", "x")
	for _, name := range []string{"a.golden", "weights.py", "main.go"} {
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
		git("checkout", "-q", name)
		if got, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(got) != "one\ntwo\n" {
			t.Errorf("%s holds %q, %v", name, got, err)
		}
	}
}
