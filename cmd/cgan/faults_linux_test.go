package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"cgan/models"
)

// disk mounts a file system of so many bytes, which takes a user who may.
func disk(t *testing.T, size int) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%d", size)); err != nil {
		t.Skipf("mounting a small disk: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// A run that finds no room for its first checkpoint ends before it trains, and leaves nothing.
func TestNoRoomForACheckpoint(t *testing.T) {
	out := disk(t, 48<<10)
	o := torture{t: t, data: writeSet(t, 40, nil), out: out}
	text, err := o.command("--out", out, "--steps", "5").CombinedOutput()
	if code := exitCodeOf(err); code != exitFailure || !strings.Contains(string(text), "--out ") || !strings.Contains(string(text), "MB free, and one checkpoint takes") {
		t.Errorf("exit code %d, %s", code, text)
	}
	if left, err := os.ReadDir(out); err != nil || len(left) > 0 {
		t.Errorf("%v stays, %v", left, err)
	}
}

// A full disk ends no training; the last save's failure is the exit code, and the checkpoints before stand.
func TestFullDisk(t *testing.T) {
	o := torture{t: t, data: writeSet(t, 40, nil), out: disk(t, 320<<10)}
	text, err := o.command("--out", o.out, "--steps", "60", "--save-every", "1", "--keep", "0").CombinedOutput()
	if exitCodeOf(err) != exitFailure || !strings.Contains(string(text), "trained to step 60, but the last save failed: ") || !strings.Contains(string(text), "no space left on device") {
		t.Errorf("%v, %s", err, text)
	}
	o.wantCheckpoint()
}

// A run on a disk that nobody may write to any more is not gone on with, and what it has stands.
func TestReadOnlyDisk(t *testing.T) {
	o := torture{t: t, data: writeSet(t, 40, nil), out: disk(t, 4<<20)}
	o.train("--out", o.out, "--steps", "5")
	if err := syscall.Mount("", o.out, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
	text, err := o.command("--resume", o.first(), "--steps", "20").CombinedOutput()
	if exitCodeOf(err) != exitFailure || !strings.Contains(string(text), "read-only file system") {
		t.Errorf("%v, %s", err, text)
	}
	o.wantCheckpoint()
}

// wantCheckpoint wants a whole checkpoint in the first run, and nothing half-written.
func (o *torture) wantCheckpoint() {
	o.t.Helper()
	if _, err := models.Open(o.first(), ""); err != nil {
		o.t.Error(err)
	}
	if litter, _ := filepath.Glob(filepath.Join(o.first(), ".*.tmp")); len(litter) > 0 {
		o.t.Errorf("%v stays", litter)
	}
}
