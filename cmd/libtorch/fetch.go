package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// fetcher brings one release into the per-user cache. An entry appears there
// by one rename of a whole staging folder; its manifest was written last.
type fetcher struct {
	root string // of the cache
	rel  release
	ui   ui
	free func(dir string) (uint64, error) // free bytes
}

const stagingPrefix = "staging-"

func (f fetcher) entry() string { return filepath.Join(f.root, f.rel.dirName()) }

// manifest stands beside the files of an entry.
type manifest struct {
	Version     string           `json:"version"`
	FullVersion string           `json:"full_version"`
	Wheels      []string         `json:"wheels"` // sha256 and name, as sha256sum prints them
	Files       int              `json:"files"`
	Bytes       int64            `json:"bytes"`
	Libraries   map[string]int64 `json:"libraries"` // sizes
}

// complete tells whether the entry is there, with its libraries.
func (f fetcher) complete() bool {
	text, err := os.ReadFile(filepath.Join(f.entry(), "manifest.json"))
	if err != nil {
		return false
	}
	var m manifest
	if json.Unmarshal(text, &m) != nil || m.Version != f.rel.version || len(m.Libraries) == 0 {
		return false
	}
	for name, size := range m.Libraries {
		info, err := os.Stat(filepath.Join(f.entry(), name))
		if err != nil || info.Size() != size {
			return false
		}
	}
	return true
}

// fetch makes the entry. Of two at once, the second waits for the first.
func (f fetcher) fetch(ctx context.Context) error {
	if err := os.MkdirAll(f.root, 0o755); err != nil {
		return fmt.Errorf("%w; set XDG_CACHE_HOME to a folder that can be written", err)
	}
	unlock, err := lock(ctx, filepath.Join(f.root, ".lock"), func() {
		f.ui.say("waiting for another fetch into %s", f.root)
	})
	if err != nil {
		return err
	}
	defer unlock()
	if f.complete() {
		return nil
	}
	f.clean()
	if err := f.checkSpace(); err != nil {
		return err
	}
	staging, err := os.MkdirTemp(f.root, stagingPrefix)
	if err != nil {
		return err
	}
	defer os.RemoveAll(staging)
	f.ui.say("fetching libtorch %s into %s", f.rel.version, f.root)
	return f.fill(ctx, staging)
}

// clean removes what interrupted fetches left. Only the holder of the lock has
// a staging folder, so all of them are leftovers.
func (f fetcher) clean() {
	left, _ := filepath.Glob(filepath.Join(f.root, stagingPrefix+"*"))
	for _, dir := range left {
		os.RemoveAll(dir) // what can't go now goes next time
	}
}

// fill makes the entry in the staging folder and moves it to its place.
func (f fetcher) fill(ctx context.Context, staging string) error {
	wheels, tree := filepath.Join(staging, "wheels"), filepath.Join(staging, "tree")
	for _, dir := range []string{wheels, tree} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			return err
		}
	}
	if err := f.download(ctx, staging, wheels); err != nil {
		return err
	}
	m, err := f.unpackAll(ctx, wheels, tree)
	if err != nil {
		return err
	}
	if err := os.RemoveAll(wheels); err != nil {
		return err
	}
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(tree, "manifest.json"), append(text, '\n'), 0o644); err != nil {
		return err
	}
	return f.publish(staging, tree)
}

// publish moves tree to the entry, in place of a damaged one if need be. The
// thousands of files are flushed at once, before the rename can be seen.
func (f fetcher) publish(staging, tree string) error {
	if err := onDir(tree, flushTree); err != nil {
		return fmt.Errorf("flushing %s: %w", tree, err)
	}
	if err := os.Rename(f.entry(), filepath.Join(staging, "damaged")); err != nil && !os.IsNotExist(err) {
		return err
	}
	if err := os.Rename(tree, f.entry()); err != nil {
		return err
	}
	return onDir(f.root, unix.Fsync)
}
