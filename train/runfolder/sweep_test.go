package runfolder

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// The next start removes what a killed run left half-written: not a living run's, and nothing else.
func TestNewSweepsWhatKilledRunsLeft(t *testing.T) {
	out := filepath.Join(t.TempDir(), "a [b]*")
	fill := func(name string, files ...string) string {
		t.Helper()
		dir, err := New(out, name)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if err := os.WriteFile(filepath.Join(dir, file), nil, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		return dir
	}
	half := []string{
		".checkpoint-000003.pt.1a2b.tmp", ".samples-000003.png.zz9.tmp", ".config.json.q.tmp", ".diverged-000004.pt.0.tmp", ".status.json.1.tmp", ".README.md.a.tmp",
	}
	kept := []string{".notes.tmp", "checkpoint-000002.pt", "checkpoint-000003.pt.tmp"}
	alive := fill("alive", append(half, kept...)...)
	taken := take(t, alive)
	killed := fill("killed", append(half, kept...)...)
	take(t, killed).Release() // as the system does for a killed process
	if _, err := New(out, "next"); err != nil {
		t.Fatal(err)
	}
	kept = append(kept, lockName)
	wantNames(t, alive, append(slices.Clone(half), kept...))
	wantNames(t, killed, kept)
	taken.Release()
	if _, err := New(out, "after"); err != nil {
		t.Fatal(err)
	}
	wantNames(t, alive, kept)
}

func wantNames(t *testing.T, dir string, want []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	want = slices.Clone(want)
	slices.Sort(want)
	if !slices.Equal(names, want) {
		t.Errorf("%s holds %q, want %q", dir, names, want)
	}
}
