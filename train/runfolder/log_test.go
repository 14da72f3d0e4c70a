package runfolder

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"cgan/weights/atomicfile"
)

type lossRecord struct {
	Step int     `json:"step"`
	Loss float64 `json:"loss_d"`
}

func readStats(t *testing.T, dir string) string {
	t.Helper()
	got, err := os.ReadFile(filepath.Join(dir, "stats.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	return string(got)
}

func TestLog(t *testing.T) {
	dir := t.TempDir()
	s, err := OpenLog(atomicfile.System(), dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Write(lossRecord{1, 0.5}); err != nil {
		t.Fatal(err)
	}
	// What a killed run leaves: nobody has closed or flushed.
	if got := readStats(t, dir); got != "{\"step\":1,\"loss_d\":0.5}\n" {
		t.Errorf("before Close: %q", got)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if s, err = OpenLog(atomicfile.System(), dir); err != nil {
		t.Fatal(err)
	}
	if err := s.Write(map[string]int{"step": 2}); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if got := readStats(t, dir); got != "{\"step\":1,\"loss_d\":0.5}\n{\"step\":2}\n" {
		t.Errorf("opened again: %q", got)
	}
}

func TestLogRefuses(t *testing.T) {
	dir := t.TempDir()
	s, err := OpenLog(atomicfile.System(), dir)
	if err != nil {
		t.Fatal(err)
	}
	for want, record := range map[string]any{"NaN": lossRecord{1, math.NaN()}, "no JSON object": 7} {
		if err := s.Write(record); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), dir) {
			t.Errorf("%v gave %v", record, err)
		}
	}
	if got := readStats(t, dir); got != "" {
		t.Errorf("left behind: %q", got)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err == nil {
		t.Error("the second Close reports nothing")
	}
	if err := s.Write(lossRecord{}); err == nil {
		t.Error("writing after Close reports nothing")
	}
	if _, err := OpenLog(atomicfile.System(), filepath.Join(dir, "missing")); err == nil || !strings.Contains(err.Error(), "missing") {
		t.Errorf("a missing folder gave %v", err)
	}
}

// A line that does not fit whole is taken back, and written with the next one.
func TestLogCutLine(t *testing.T) {
	dir := t.TempDir()
	s, err := OpenLog(atomicfile.System(), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Write(lossRecord{1, 0.5}); err != nil {
		t.Fatal(err)
	}
	withFileLimit(t, 30, func() { err = s.Write(map[string]string{"long": strings.Repeat("x", 50)}) })
	if !errors.Is(err, syscall.EFBIG) {
		t.Errorf("past the limit: %v", err)
	}
	if err := s.Write(lossRecord{2, 1}); err != nil {
		t.Fatal(err)
	}
	if got := readStats(t, dir); got != "{\"step\":1,\"loss_d\":0.5}\n{\"long\":\""+strings.Repeat("x", 50)+"\"}\n{\"step\":2,\"loss_d\":1}\n" {
		t.Errorf("got %q", got)
	}
}

// withFileLimit runs f while no file of this process can grow past limit bytes.
func withFileLimit(t *testing.T, limit uint64, f func()) {
	t.Helper()
	var old syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &old); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: limit, Max: old.Max}); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &old); err != nil {
			t.Fatal(err)
		}
	}()
	f()
}

// What a run wrote after the checkpoint that it goes on from is written again, and a line that was cut short with it.
func TestCutLog(t *testing.T) {
	lines := "{\"step\":1}\n{\"step\":2,\"x\":1}\n{\"step\":3}\n"
	for _, c := range []struct {
		text string
		step int
		want string
		last int
	}{
		{lines, 3, lines, 3}, {lines, 9, lines, 3}, {lines, 2, lines[:28], 2}, {lines, 0, "", 0}, {lines + `{"ste`, 3, lines, 3},
		{lines + "\x00\x00\n", 3, lines, 3}, {"", 5, "", 0},
	} {
		dir := t.TempDir()
		path := filepath.Join(dir, logName)
		if err := os.WriteFile(path, []byte(c.text), 0o644); err != nil {
			t.Fatal(err)
		}
		last, err := CutLog(atomicfile.System(), dir, c.step)
		if got, _ := os.ReadFile(path); err != nil || string(got) != c.want || last != c.last {
			t.Errorf("%q after step %d: %q, which ends with step %d, %v", c.text, c.step, got, last, err)
		}
	}
	if _, err := CutLog(atomicfile.System(), t.TempDir(), 1); err != nil {
		t.Errorf("no log: %v", err)
	}
}
