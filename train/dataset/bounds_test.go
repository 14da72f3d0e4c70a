package dataset

import (
	"image/color"
	"runtime"
	"strings"
	"testing"
)

// allocated is how many bytes do takes in all, freed or not.
func allocated(do func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	do()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// inFew wants that do takes no more than some bytes.
func inFew(t *testing.T, what string, most uint64, do func()) {
	t.Helper()
	if n := allocated(do); n > most {
		t.Errorf("%s took %d bytes, at most %d are due", what, n, most)
	}
}

// A header costs what is there, not what it claims.
func TestIDXHeaderThatLies(t *testing.T) {
	ownCache(t)
	dir := folderOf(t, map[string][]byte{imagesName: idxBytes([]byte("abc"), 20, 4096, 4096), labelsName: idxBytes(make([]byte, 20), 20)})
	for size, most := range map[int]uint64{0: blockBytes + 1<<20, 28: 1 << 20} {
		inFew(t, "a false header", most, func() {
			if _, err := Open(t.Context(), dir, Options{Size: size}, nil); err == nil || !strings.Contains(err.Error(), "truncated") {
				t.Error(err)
			}
		})
	}
}

// What is decoded at once has its bound in bytes, whatever the images' size and however many cores there are.
func TestBlocks(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(32))
	for name, s := range map[string]*source{
		"large":           {frame: &frame{3, 1024, 1024, "", color.RGBA{}}},
		"large in a file": {frame: &frame{1, 28, 28, "", color.RGBA{}}, raw: 3 * 4096 * 4096},
		"small":           {frame: &frame{1, 1, 1, "", color.RGBA{}}},
	} {
		most := 0
		s.count, s.decode = 3*blockMost, func(int, []byte) (original, error) { return original{}, nil }
		s.prepare = func(start, end int) error { most = max(most, end-start); return nil }
		inFew(t, name, blockBytes+1<<20, func() {
			if err := s.each(t.Context(), func(string) {}, func(int, decoded) error { return nil }); err != nil {
				t.Error(err)
			}
		})
		if bytes := most * max(s.frame.size(), s.raw); bytes > max(blockBytes, s.raw) || most > blockMost {
			t.Errorf("%s: blocks of %d images, %d bytes", name, most, bytes)
		}
	}
}
