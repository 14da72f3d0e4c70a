package runfolder

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

func TestNewCounts(t *testing.T) {
	out := filepath.Join(t.TempDir(), "deep", "runs")
	for i, name := range []string{"mnist", "mnist", "../e v/il\x00", "été", "...", strings.Repeat("x", 80)} {
		dir, err := New(out, name)
		if err != nil {
			t.Fatal(err)
		}
		want := []string{"00000-mnist", "00001-mnist", "00002-e-v-il", "00003-t", "00004-run", "00005-" + strings.Repeat("x", 64)}[i]
		if dir != filepath.Join(out, want) {
			t.Errorf("%q gave %s, want %s", name, dir, want)
		}
		if info, err := os.Stat(dir); err != nil || !info.IsDir() {
			t.Errorf("%s is no folder: %v", dir, err)
		}
	}
}

func TestNewGoesOnAfterTheHighest(t *testing.T) {
	out := t.TempDir()
	for _, name := range []string{"00003-mnist", "00007", "20240101-notes", "99999999-x", "abcde-x", "notes"} {
		if err := os.Mkdir(filepath.Join(out, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	dir, err := New(out, "a")
	if err != nil || filepath.Base(dir) != "00008-a" {
		t.Errorf("got %s, %v", dir, err)
	}
}

// Every start gets a number of its own, whatever its name, and no reservation stays behind.
func TestNewAtOnce(t *testing.T) {
	out := t.TempDir()
	const starts = 40
	var all sync.WaitGroup
	for i := range starts {
		all.Add(1)
		go func() {
			defer all.Done()
			if _, err := New(out, fmt.Sprint("name", i%7)); err != nil {
				t.Error(err)
			}
		}()
	}
	all.Wait()
	entries, err := os.ReadDir(out)
	if err != nil {
		t.Fatal(err)
	}
	var numbers []string
	for _, e := range entries {
		number, name, _ := strings.Cut(e.Name(), "-")
		if !strings.HasPrefix(name, "name") {
			t.Errorf("%s was left behind", e.Name())
		}
		numbers = append(numbers, number)
	}
	if len(slices.Compact(numbers)) != starts { // ReadDir sorts
		t.Errorf("numbers are not unique: %v", numbers)
	}
}

// A number that another process took since the folder was read is given up, and nothing stays of the try.
func TestTakeNumberGivesWay(t *testing.T) {
	for _, other := range []string{"00000", "00000-other"} { // reserved, and finished
		out := t.TempDir()
		if err := os.Mkdir(filepath.Join(out, other), 0o755); err != nil {
			t.Fatal(err)
		}
		if dir, err := takeNumber(out, 0, "mnist"); dir != "" || err != nil {
			t.Errorf("beside %s: got %q, %v", other, dir, err)
		}
		if entries, err := os.ReadDir(out); err != nil || len(entries) != 1 || entries[0].Name() != other {
			t.Errorf("beside %s: %v stays, %v", other, entries, err)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	full := t.TempDir()
	if err := os.Mkdir(filepath.Join(full, "99999-mnist"), 0o755); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for out, want := range map[string]string{"": "no folder is named", file: file, full: "number 99999 is taken"} {
		if _, err := New(out, "mnist"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("out %q gave %v, want %q", out, err, want)
		}
	}
}

func TestDiscardLeavesWhatIsNotTheRuns(t *testing.T) {
	out := t.TempDir()
	for i, extra := range []string{"", "notes.txt"} {
		dir, err := New(out, "a")
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"config.json", "stats.jsonl", "status.json", extra} {
			if err := os.WriteFile(filepath.Join(dir, name), nil, 0o644); err != nil && name != "" {
				t.Fatal(err)
			}
		}
		if err := Discard(dir); (err != nil) != (i == 1) {
			t.Errorf("with %q: %v", extra, err)
		}
		if _, err := os.Stat(filepath.Join(dir, extra)); (err == nil) != (i == 1) {
			t.Errorf("with %q: %v", extra, err)
		}
	}
}
