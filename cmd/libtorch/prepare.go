package main

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
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
	work, err := workFile(root)
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
	for _, pkg := range []string{"libtorch", "fused", "hugepages"} {
		text := flagsFile(lt, pkg)
		if pkg == "libtorch" {
			text += builtAgainst(lt)
		}
		files = append(files, file{filepath.Join(root, "bindings", pkg, "prepared.go"), text})
	}
	files = append(files, file{filepath.Join(root, "go.work"), work}) // last: it points at the others
	for _, f := range files {
		if err := writeFile(f.name, []byte(f.text)); err != nil {
			return err
		}
	}
	return nil
}

var goLine = regexp.MustCompile(`(?m)^go\s+(\S+)`)

// workFile is the text of go.work. A go.work that this command didn't write is
// not overwritten.
func workFile(root string) (string, error) {
	old, err := os.ReadFile(filepath.Join(root, "go.work"))
	if err == nil && !bytes.HasPrefix(old, []byte(workHeader)) {
		return "", fmt.Errorf("%s was not written by this command: move it away and run again", filepath.Join(root, "go.work"))
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
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
	return fmt.Sprintf("%s\ngo %s\n\nuse .\n\nreplace github.com/sugarme/gotch => ./.libtorch/gotch\n", workHeader, m[1]), nil
}
