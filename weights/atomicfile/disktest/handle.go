package disktest

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

// handle is an open file of the folder. Its content is nil where it is a folder, or lies elsewhere.
type handle struct {
	in      *Folder
	file    *os.File
	content *file
}

func (h *handle) Name() string               { return h.file.Name() }
func (h *handle) Stat() (fs.FileInfo, error) { return h.file.Stat() }

func (h *handle) Read(p []byte) (int, error) {
	if _, err := h.in.call("read"); err != nil {
		return 0, err
	}
	return h.file.Read(p)
}

// Write appends: nothing here writes elsewhere.
func (h *handle) Write(p []byte) (int, error) {
	crashes, err := h.in.count("write", len(p) > 0)
	switch {
	case crashes:
		h.append(p)
		return 0, err
	case err != nil && h.in.fault == Changed:
		p, err = slices.Clone(p), nil
		p[len(p)/2] ^= 1
	case err != nil && h.in.fault == Short:
		p = p[:len(p)/2]
	case err != nil:
		return 0, err
	}
	h.append(p)
	if n, failure := h.file.Write(p); failure != nil {
		return n, failure
	}
	return len(p), err
}

func (h *handle) append(p []byte) {
	if h.content != nil {
		h.content.now = append(slices.Clip(h.content.now), p...)
	}
}

func (h *handle) Truncate(size int64) error {
	if _, err := h.in.call("truncate"); err != nil {
		return err
	}
	if h.content != nil {
		h.content.now = h.content.now[:size]
		h.content.safe = min(h.content.safe, int(size))
	}
	return h.file.Truncate(size)
}

// Chmod never fails: whether it holds costs no data.
func (h *handle) Chmod(mode fs.FileMode) error { return h.file.Chmod(mode) }

// Sync makes the content durable, or of the folder itself, its names: here, not on the real disk, which would only cost time.
func (h *handle) Sync() error {
	if _, err := h.in.call("sync"); err != nil {
		return err
	}
	if h.content != nil {
		h.content.synced, h.content.safe = slices.Clone(h.content.now), len(h.content.now)
	} else if filepath.Clean(h.Name()) == filepath.Clean(h.in.Path) {
		h.in.durable, h.in.pending = maps.Clone(h.in.now), nil
	}
	return nil
}

// Close fails after it has closed, as the system's does.
func (h *handle) Close() error {
	closed := h.file.Close()
	if _, err := h.in.call("close"); err != nil {
		return err
	}
	return closed
}
