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

// A disk that is full, or that nobody may write to any more, ends no training; the last save's failure is the exit code, and
// the checkpoints before stand.
func TestDiskThatFails(t *testing.T) {
	full := disk(t, 320<<10)
	small := disk(t, 4<<20)
	for _, c := range []struct{ name, out, want string }{
		{"a full disk", full, "no space left on device"}, {"a read-only disk", small, "read-only file system"},
	} {
		o := torture{t: t, data: writeSet(t, 40, nil), out: c.out}
		if c.out == small {
			o.train("--out", c.out, "--steps", "5")
			if err := syscall.Mount("", small, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
				t.Fatal(err)
			}
			text, err := o.command("--resume", filepath.Join(c.out, "00000-"+filepath.Base(o.data)), "--steps", "20").CombinedOutput()
			if exitCodeOf(err) != exitFailure || !strings.Contains(string(text), c.want) {
				t.Errorf("%s: %v, %s", c.name, err, text)
			}
		} else {
			cmd := o.command("--out", c.out, "--steps", "60", "--save-every", "1", "--keep", "0")
			text, err := cmd.CombinedOutput()
			if exitCodeOf(err) != exitFailure || !strings.Contains(string(text), "trained to step 60, but the last save failed: ") || !strings.Contains(string(text), c.want) {
				t.Errorf("%s: %v, %s", c.name, err, text)
			}
		}
		run := filepath.Join(c.out, "00000-"+filepath.Base(o.data))
		if _, err := models.Open(run, ""); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if litter, _ := filepath.Glob(filepath.Join(run, ".*.tmp")); len(litter) > 0 {
			t.Errorf("%s: %v stays", c.name, litter)
		}
	}
}
