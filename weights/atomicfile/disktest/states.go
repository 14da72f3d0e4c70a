package disktest

import (
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// States are n folders, new ones, each with what the folder may hold after a power cut now. A change of names since the
// folder's last sync has happened or not, whatever came after it, and what was written into a file since its last sync is
// there, or lost, or ends, or goes on in zeros or in what was there before, from some byte on.
func (f *Folder) States(t testing.TB, random *rand.Rand, n int) (paths []string) {
	t.Helper()
	never := func() bool { return false }
	always := func() bool { return true }
	either := func() bool { return random.IntN(2) == 0 }
	for i := range n {
		switch i {
		case 0:
			paths = append(paths, f.state(t, never, (*file).lost))
		case 1:
			paths = append(paths, f.state(t, always, (*file).lost))
		case 2:
			paths = append(paths, f.state(t, always, func(c *file) []byte { return c.now }))
		default:
			paths = append(paths, f.state(t, either, func(c *file) []byte { return c.torn(random) }))
		}
	}
	return paths
}

func (f *Folder) state(t testing.TB, happened func() bool, left func(*file) []byte) string {
	t.Helper()
	names, dir := maps.Clone(f.durable), t.TempDir()
	for _, c := range f.pending {
		if happened() {
			c(names)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(names)) { // in an order, so that a seed gives the same states again
		if err := os.WriteFile(filepath.Join(dir, name), left(names[name]), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// lost is the content of before all that was not synced.
func (c *file) lost() []byte { return c.synced }

// torn is a content that was not synced whole.
func (c *file) torn(random *rand.Rand) []byte {
	cut := c.safe + random.IntN(len(c.now)-c.safe+1)
	kept := slices.Clip(c.now[:cut])
	switch random.IntN(4) {
	case 0:
		return c.now
	case 1:
		return kept
	case 2:
		return append(kept, make([]byte, len(c.now)-cut)...)
	}
	return append(kept, c.synced[min(cut, len(c.synced)):]...)
}
