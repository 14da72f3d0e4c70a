package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

const (
	gotchPath   = "github.com/sugarme/gotch"
	gotchModule = gotchPath + "@v0.9.1"
)

// gotchSource finds gotch in the module cache, downloading it if need be.
func gotchSource(root string) func(context.Context) (string, error) {
	return func(ctx context.Context) (string, error) {
		cmd := exec.CommandContext(ctx, "go", "mod", "download", "-json", gotchModule)
		cmd.Dir = root
		cmd.Env = append(os.Environ(), "GOWORK=off") // go.work replaces gotch by our copy
		var problem bytes.Buffer
		cmd.Stderr = &problem
		out, runErr := cmd.Output()
		var module struct{ Dir, Error string }
		err := json.Unmarshal(out, &module)
		if runErr != nil || err != nil || module.Dir == "" {
			return "", fmt.Errorf("go mod download %s: %w\n%s%s\ncheck that go is on PATH and that GOPROXY can be reached",
				gotchModule, errors.Join(runErr, err), problem.Bytes(), module.Error)
		}
		return module.Dir, nil
	}
}

// copied is the record of a finished copy of gotch: it is written last.
type copied struct {
	Module string           `json:"module"`
	Files  map[string]int64 `json:"files"` // sizes
}

const copiedName = "copied.json"

// copyGotch makes dir a copy of what we need of gotch: its raw layer, without
// the lib.go that prepare replaces.
func copyGotch(ctx context.Context, dir string, source func(context.Context) (string, error)) error {
	if intact(dir) {
		return nil
	}
	from, err := source(ctx)
	if err != nil {
		return err
	}
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	names, err := listFiles(filepath.Join(from, "libtch"))
	if err != nil {
		return err
	}
	record := copied{Module: gotchModule, Files: map[string]int64{}}
	for _, path := range append(names, filepath.Join(from, "go.mod"), filepath.Join(from, "LICENSE")) {
		name, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		if name == filepath.Join("libtch", "lib.go") {
			continue
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return fmt.Errorf("copying gotch: %w", err)
		}
		if err := writeFile(filepath.Join(dir, name), text); err != nil {
			return err
		}
		record.Files[name] = int64(len(text))
	}
	text, err := json.MarshalIndent(record, "", "  ")
	if err != nil {
		return err
	}
	return writeFile(filepath.Join(dir, copiedName), append(text, '\n'))
}

// intact tells whether dir holds a finished copy of this gotch.
func intact(dir string) bool {
	text, err := os.ReadFile(filepath.Join(dir, copiedName))
	if err != nil {
		return false
	}
	var record copied
	if json.Unmarshal(text, &record) != nil || record.Module != gotchModule || len(record.Files) == 0 {
		return false
	}
	for name, size := range record.Files {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil || info.Size() != size {
			return false
		}
	}
	return true
}

func listFiles(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	var paths []string
	for _, e := range entries {
		paths = append(paths, filepath.Join(dir, e.Name()))
	}
	return paths, err
}
