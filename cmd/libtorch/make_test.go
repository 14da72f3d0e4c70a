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
