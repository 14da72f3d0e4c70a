package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"cgan/models"
)

// limitFiles is the variable with the size, in bytes, past which no file of a cgan that a test starts can grow, and
// limitMemory that with the bytes that it can have beside what it has at its start.
const limitFiles, limitMemory = "CGAN_TEST_LIMIT_FILES", "CGAN_TEST_LIMIT_MEMORY"

func init() {
	limit := func(resource int, most uint64) {
		if err := syscall.Setrlimit(resource, &syscall.Rlimit{Cur: most, Max: most}); err != nil {
			panic(err)
		}
	}
	if size, err := strconv.ParseUint(os.Getenv(limitFiles), 10, 64); err == nil {
		limit(syscall.RLIMIT_FSIZE, size)
	}
	if size, err := strconv.ParseUint(os.Getenv(limitMemory), 10, 64); err == nil {
		var pages uint64
		text, err := os.ReadFile("/proc/self/statm")
		if _, scan := fmt.Sscan(string(text), &pages); err != nil || scan != nil {
			panic("the system does not tell the size of this process")
		}
		limit(syscall.RLIMIT_AS, pages*uint64(os.Getpagesize())+size)
	}
}

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

// A file that may not grow so far is no end of the training, and neither is the signal that comes with it.
func TestFilesThatMayNotGrow(t *testing.T) {
	o := torture{t: t, data: writeSet(t, 40, nil), out: t.TempDir()}
	cmd := o.command("--quiet=false", "--out", o.out, "--steps", "12", "--save-every", "4")
	cmd.Env = append(cmd.Env, limitFiles+"=16384")
	text, err := cmd.CombinedOutput()
	for _, want := range []string{
		"notice: cannot write ", "checkpoint-000004.pt: file too large; training goes on, and the next save tries again",
		"cgan: trained to step 12, but the last save failed: ", "no checkpoint of this run was written before",
	} {
		if exitCodeOf(err) != exitFailure || !strings.Contains(string(text), want) {
			t.Errorf("%v, %s does not say %q", err, text, want)
		}
	}
	stats, err := os.ReadFile(filepath.Join(o.first(), "stats.jsonl"))
	if litter, _ := filepath.Glob(filepath.Join(o.first(), ".*")); err != nil || strings.Count(string(stats), "\n") != 12 || len(litter) > 0 {
		t.Errorf("%d lines of statistics, %v; %v stays", strings.Count(string(stats), "\n"), err, litter)
	}
}

// Networks that are larger than the memory end the command with the sizes, in huge pages or not, and nothing stays.
func TestNetworksLargerThanTheMemory(t *testing.T) {
	for _, flags := range [][]string{{"--exact"}, {"--without", "pages"}, {}} {
		o := torture{t: t, data: writeSet(t, 40, nil), out: t.TempDir()}
		cmd := o.command(append([]string{"--out", o.out, "--ngf", "4096"}, flags...)...)
		cmd.Env = append(cmd.Env, limitMemory+"=3000000000")
		text, err := cmd.CombinedOutput()
		for _, want := range []string{"cgan: --batch is 8, which with ngf 4096 and ndf 4 takes more memory than there is: ask for a smaller batch", "(make the networks: ", "4831838208 bytes"} {
			if exitCodeOf(err) != exitFailure || !strings.Contains(string(text), want) {
				t.Errorf("%v: %v, %.2000s does not say %q", flags, err, text, want)
			}
		}
		if left, err := os.ReadDir(o.out); err != nil || len(left) > 0 {
			t.Errorf("%v: %v stays, %v", flags, left, err)
		}
	}
}

// A run whose folder is removed trains on and says that it can't save; what begins in its place is another's.
func TestTheFolderIsRemoved(t *testing.T) {
	o := torture{t: t, data: writeSet(t, 40, nil), out: t.TempDir()}
	for _, again := range []bool{false, true} {
		var said strings.Builder
		cmd := o.command("--quiet=false", "--out", o.out, "--save-every", "5", "--steps", "1000000")
		cmd.Stdout, cmd.Stderr = &said, &said
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		o.waitFor(func() bool { return o.newest() != "" })
		o.waitFor(func() bool { return os.RemoveAll(o.first()) == nil }) // a save in between makes it fail
		want := "no such file or directory"
		if again {
			o.train("--out", o.out, "--steps", "2")
			want = "another process trains there now"
		}
		time.Sleep(300 * time.Millisecond) // for a save that began before the other run did
		saved, _ := filepath.Glob(filepath.Join(o.out, "*", "[cs]*-*"))
		time.Sleep(300 * time.Millisecond)
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		err := cmd.Wait()
		text := said.String()
		if exitCodeOf(err) != exitFailure || !strings.Contains(text, "notice: ") || !strings.Contains(text, "but the last save failed: ") || !strings.Contains(text, want) {
			t.Errorf("again %v: %v, %s", again, err, text)
		}
		if after, _ := filepath.Glob(filepath.Join(o.out, "*", "[cs]*-*")); !slices.Equal(saved, after) || again != (len(saved) >= 2) {
			t.Errorf("again %v: there was %v, and then %v", again, saved, after)
		}
	}
}

func (o *torture) waitFor(done func() bool) {
	o.t.Helper()
	for deadline := time.Now().Add(time.Minute); !done(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			o.t.Fatal("nothing in a minute")
		}
	}
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

// A disk that gets full, or a file that may not grow, leaves nothing of a drawing, and what was there before.
func TestNoRoomForADrawing(t *testing.T) {
	run := smallRun(t)
	for _, c := range []struct{ out, format string }{{"x.raw", "raw"}, {"x.npz", "npz"}, {"new", "folder"}, {"old", "folder"}, {"new", "idx"}} {
		dir := disk(t, 1<<20)
		mine := "x.raw"
		if c.out == "old" {
			mine = "old/mine.png"
			if err := os.Mkdir(filepath.Join(dir, "old"), 0o755); err != nil {
				t.Fatal(err)
			}
		}
		writeFile(t, filepath.Join(dir, mine), []byte("before"))
		code, _, stderr := invoke("generate", "--device", "cpu", "--weights", run, "--count", "200", "--format", c.format, "--out", filepath.Join(dir, c.out))
		if code != exitFailure || !strings.Contains(stderr, filepath.Join(dir, c.out)+": ") || !strings.Contains(stderr, "no space left on device") || strings.Count(stderr, "\n") != 1 {
			t.Errorf("%v: exit code %d, %s", c, code, stderr)
		}
		want := []string{mine}
		if c.out == "old" {
			want = []string{"old", mine}
		}
		if got := allIn(t, dir); !slices.Equal(got, want) || string(readFile(t, filepath.Join(dir, mine))) != "before" {
			t.Errorf("%v: there are %v", c, got)
		}
	}
}
