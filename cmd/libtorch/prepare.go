package main

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
)

//go:embed bridge.h
var bridge []byte

const workHeader = "// Written by cmd/libtorch."

// file is one that prepare writes.
type file struct{ name, text string }

// prepare makes the checkout at root build against lt. source finds gotch's
// module folder and is only called when there is no good copy of it.
func prepare(ctx context.Context, root string, lt libtorch, source func(context.Context) (string, error)) error {
	if err := errors.Join(checkPath("the libtorch folder", lt.Dir), checkPath("the checkout", root)); err != nil {
		return err
	}
	work, err := workFile(ctx, root)
	if err != nil {
		return err
	}
	home := filepath.Join(root, ".libtorch")
	if err := os.MkdirAll(home, 0o755); err != nil {
		return err
	}
	unlock, err := lock(ctx, filepath.Join(home, ".lock"), func() {})
	if err != nil {
		return err
	}
	defer unlock()
	gotch := filepath.Join(home, "gotch")
	if err := copyGotch(ctx, gotch, source); err != nil {
		return err
	}
	files := []file{
		{filepath.Join(gotch, "libtch", "bridge.h"), string(bridge)},
		{filepath.Join(gotch, "libtch", "lib.go"), gotchLib(lt)},
	}
	for _, pkg := range []string{"libtorch", "fused", "hugepages", "distributed"} {
		text := flagsFile(lt, pkg)
		if pkg == "libtorch" {
			text += builtAgainst(lt)
		}
		files = append(files, file{filepath.Join(root, "bindings", pkg, "prepared.go"), text})
	}
	commands, err := compileCommands(root, lt)
	if err != nil {
		return err
	}
	files = append(files, file{filepath.Join(root, "compile_commands.json"), string(commands)},
		file{filepath.Join(root, "go.work"), work}) // last: it points at the others
	for _, f := range files {
		if err := writeFile(f.name, []byte(f.text)); err != nil {
			return err
		}
	}
	return nil
}

var goLine = regexp.MustCompile(`(?m)^go\s+(\S+)`)

// workFile is the text of go.work: a new one, or the one that is there with the two lines that a build needs. Other
// modules and replacements in it stay.
func workFile(ctx context.Context, root string) (string, error) {
	path := filepath.Join(root, "go.work")
	if _, err := os.Stat(path); err == nil {
		cmd := exec.CommandContext(ctx, "go", "work", "edit", "-print", "-use=.", "-replace="+gotchPath+"=./.libtorch/gotch", path)
		cmd.Dir, cmd.Env = root, append(os.Environ(), "GOWORK="+path, "GOFLAGS=")
		var problem bytes.Buffer
		cmd.Stderr = &problem
		text, err := cmd.Output()
		if err != nil {
			return "", fmt.Errorf("%s can't be edited: %w\n%smend it, or move it away and run again", path, err, problem.Bytes())
		}
		return string(text), nil
	} else if !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	mod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		return "", err
	}
	m := goLine.FindSubmatch(mod)
	if m == nil {
		return "", fmt.Errorf("%s has no go line", filepath.Join(root, "go.mod"))
	}
	return fmt.Sprintf("%s\ngo %s\n\nuse .\n\nreplace %s => ./.libtorch/gotch\n", workHeader, m[1], gotchPath), nil
}
