// Package disktest is a folder on a disk that breaks, for tests of what saves files.
package disktest

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"cgan/weights/atomicfile"
)

// Fault is how a disk breaks.
type Fault string

// The faults. A crash ends everything: what was not synced may be lost, torn, or there, which States tells.
const (
	Fails   Fault = "fails"
	Short   Fault = "writes half and fails"
	Changed Fault = "writes another byte"
	Crash   Fault = "crashes"
)

// Folder is a real folder, and beside it what of it would outlast a power cut.
type Folder struct {
	Path    string
	fault   Fault
	left    int    // calls that the fault can meet, until it does
	broke   string // the call that it met
	dead    bool
	now     map[string]*file // by name
	durable map[string]*file // as of the folder's last sync
	pending []change         // of names, since then
}

// file is the content of a file, under whatever name.
type file struct {
	now, synced []byte
	safe        int // bytes from the beginning that are in synced as they are now
}

type change func(names map[string]*file)

// New is the folder at path, all of which is durable; there may be none yet. It breaks at the call of this number, from 1, of those that the
// fault can meet: writes, or for Fails and Crash all.
func New(t testing.TB, path string, fault Fault, call int) *Folder {
	t.Helper()
	f := &Folder{Path: path, fault: fault, left: call, now: map[string]*file{}}
	entries, err := os.ReadDir(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	for _, e := range entries {
		text, err := os.ReadFile(filepath.Join(path, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		f.now[e.Name()] = &file{now: text, synced: text, safe: len(text)}
	}
	f.durable = maps.Clone(f.now)
	return f
}

// Broke names the call that the fault met: open, link, rename, remove, read, write, truncate, sync or close. Nothing where that
// call has not come.
func (f *Folder) Broke() string { return f.broke }

// Disk is the calls on the folder.
func (f *Folder) Disk() atomicfile.Disk {
	return atomicfile.Disk{OpenFile: f.open, Link: f.link, Rename: f.rename, Remove: f.remove}
}

// call begins a call that is no write. The error is the fault's; on a dead disk every call has it. Where the crash comes
// now, the call may have done its work.
func (f *Folder) call(name string) (crashes bool, err error) {
	return f.count(name, f.fault == Fails || f.fault == Crash)
}

func (f *Folder) count(name string, meets bool) (crashes bool, err error) {
	if f.dead {
		return false, syscall.EIO
	}
	if !meets {
		return false, nil
	}
	if f.left--; f.left != 0 {
		return false, nil
	}
	f.broke, f.dead = name, f.fault == Crash
	return f.dead, syscall.EIO
}

// name is a path's name in the folder; nothing for one outside, which is not watched.
func (f *Folder) name(path string) string {
	if filepath.Dir(path) != filepath.Clean(f.Path) {
		return ""
	}
	return filepath.Base(path)
}

func (f *Folder) rename(from, to string) error {
	old, name := f.name(from), f.name(to)
	content := f.now[old]
	return f.changeNames("rename", func() error { return os.Rename(from, to) }, func(names map[string]*file) {
		delete(names, old)
		names[name] = content
	})
}

func (f *Folder) link(from, to string) error {
	content, name := f.now[f.name(from)], f.name(to)
	return f.changeNames("link", func() error { return os.Link(from, to) }, func(names map[string]*file) { names[name] = content })
}

func (f *Folder) remove(path string) error {
	name := f.name(path)
	return f.changeNames("remove", func() error { return os.Remove(path) }, func(names map[string]*file) { delete(names, name) })
}

// changeNames does a change, which is on the disk for sure only after the folder's next sync.
func (f *Folder) changeNames(name string, do func() error, happened change) error {
	crashes, err := f.call(name)
	if crashes {
		f.pending = append(f.pending, happened)
	}
	if err != nil {
		return err
	}
	if err := do(); err != nil {
		return err
	}
	happened(f.now)
	f.pending = append(f.pending, happened)
	return nil
}

func (f *Folder) open(path string, flag int, mode fs.FileMode) (atomicfile.File, error) {
	name := f.name(path)
	_, exists := f.now[name]
	content := &file{}
	happened := func(names map[string]*file) { names[name] = content }
	crashes, err := f.call("open")
	if crashes && name != "" && !exists && flag&os.O_CREATE != 0 {
		f.pending = append(f.pending, happened)
	}
	if err != nil {
		return nil, err
	}
	opened, err := os.OpenFile(path, flag, mode)
	if err != nil {
		return nil, err
	}
	if name != "" && !exists {
		happened(f.now)
		f.pending = append(f.pending, happened)
	}
	return &handle{f, opened, f.now[name]}, nil
}
