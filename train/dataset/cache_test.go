package dataset

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// cached gives the one file of the cache.
func cached(t *testing.T, cache string) string {
	t.Helper()
	entries, err := os.ReadDir(cache)
	if err != nil || len(entries) != 1 {
		t.Fatalf("the cache has %v, %v", entries, err)
	}
	return filepath.Join(cache, entries[0].Name())
}

// age sets the time of a file into the past.
func age(t *testing.T, path string, by time.Duration) {
	t.Helper()
	then := time.Now().Add(-by)
	if err := os.Chtimes(path, then, then); err != nil {
		t.Fatal(err)
	}
}

// onDisk has sets stay on the disk that are larger than a few bytes.
func onDisk(t *testing.T) {
	before := inMemory
	inMemory = 1
	t.Cleanup(func() { inMemory = before })
}

func twoClasses(t *testing.T) string {
	t.Helper()
	return folderOf(t, map[string][]byte{"a/x": grey(t, 2, 1, 2, 3, 4), "b/x": grey(t, 2, 5, 6, 7, 8)})
}

// What the images decided may be asked for afterwards: they are not decoded again.
func TestTheSameImagesAreKeptOnce(t *testing.T) {
	cache := ownCache(t)
	dir := twoClasses(t)
	first := open(t, dir, Options{})
	for _, o := range []Options{{Size: 2}, {Channels: 1}, {Size: 2, Channels: 1}} {
		if set := open(t, dir, o); !bytes.Equal(set.Images.Pixels, first.Images.Pixels) || set.Hash() != first.Hash() {
			t.Errorf("%+v: another set", o)
		}
	}
	cached(t, cache)
	if set := open(t, dir, Options{Channels: 3}); set.Images.Channels != 3 {
		t.Errorf("asked for 3 channels, got %d", set.Images.Channels)
	}
}

// A set is decoded again when a file changed, and not while none has.
func TestCacheHit(t *testing.T) {
	cache := ownCache(t)
	dir := twoClasses(t)
	file := filepath.Join(dir, "a", "x")
	age(t, file, time.Hour)
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	first := open(t, dir, Options{})
	used := cached(t, cache)
	age(t, used, 20*24*time.Hour)
	old := filepath.Join(cache, "old.bytes")
	put(t, cache, "old.bytes", nil)
	age(t, old, 31*24*time.Hour)
	put(t, cache, ".killed.tmp", nil)
	age(t, filepath.Join(cache, ".killed.tmp"), 25*time.Hour)
	changed := grey(t, 2, 9, 2, 3, 4)
	if int64(len(changed)) != info.Size() {
		t.Skip("the compressed sizes differ")
	}
	put(t, filepath.Dir(file), "x", changed)
	if err := os.Chtimes(file, info.ModTime(), info.ModTime()); err != nil {
		t.Fatal(err)
	}
	if set := open(t, dir, Options{}); !bytes.Equal(set.Images.Pixels, first.Images.Pixels) || set.Hash() != first.Hash() {
		t.Error("the cache was not used")
	}
	if info, err := os.Stat(used); err != nil || time.Since(info.ModTime()) > time.Hour {
		t.Errorf("the cache does not note that it is used: %v", err)
	}
	age(t, file, time.Minute)
	if set := open(t, dir, Options{}); set.Images.Pixels[0] != 9 {
		t.Error("a changed file was not read again")
	}
	if entries, err := os.ReadDir(cache); err != nil || len(entries) != 2 {
		t.Errorf("what is old stays in the cache: %v, %v", entries, err)
	}
}

// What is damaged in any byte, or cut anywhere, is made again.
func TestCacheDamaged(t *testing.T) {
	cache := ownCache(t)
	dir := twoClasses(t)
	want := open(t, dir, Options{})
	file := cached(t, cache)
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for i := range whole {
		damaged := bytes.Clone(whole)
		damaged[i] ^= 0x10
		for what, content := range map[string][]byte{"damaged": damaged, "cut": whole[:i]} {
			put(t, cache, filepath.Base(file), content)
			set, err := Open(t.Context(), dir, Options{}, nil)
			if err != nil || !bytes.Equal(set.Images.Pixels, want.Images.Pixels) || !slices.Equal(set.Labels, want.Labels) || !slices.Equal(set.Classes, want.Classes) {
				t.Fatalf("%s at byte %d: %+v, %v", what, i, set, err)
			}
		}
	}
	if again, err := os.ReadFile(file); err != nil || !bytes.Equal(again, whole) {
		t.Error("the cache file is not made again")
	}
}

// Sets on the disk are the same as in memory, read from many places at once.
func TestSetOnTheDisk(t *testing.T) {
	cache := ownCache(t)
	files := map[string][]byte{}
	for i := range 100 {
		files[fmt.Sprintf("%d/%d", i%3, i)] = grey(t, 2, byte(i), 1, 2, 3)
	}
	for _, o := range []Options{{}, {Channels: 3}, {SkipBad: true}} {
		if o.SkipBad {
			files["0/bad"] = nil // so that there are fewer images than planned
		}
		dir := folderOf(t, files)
		held := open(t, dir, o)
		held.hash = ""
		hash := held.Hash() // from all of its parts
		want := held.Images.Pixels
		os.RemoveAll(cache)
		onDisk(t)
		set := open(t, dir, o)
		if set.Images.Pixels != nil || set.Hash() != hash || set.hash == "" && !o.SkipBad {
			t.Fatalf("%d bytes in memory, hash %s, want %s", len(set.Images.Pixels), set.Hash(), hash)
		}
		var readers sync.WaitGroup
		for range 8 {
			readers.Add(1)
			go func() {
				defer readers.Done()
				size := set.Images.Size()
				got := make([]byte, size)
				for i := range set.Images.N {
					if err := set.Images.Read(i, got); err != nil || !bytes.Equal(got, want[i*size:][:size]) {
						t.Errorf("image %d: %v, %v", i, got, err)
					}
				}
			}()
		}
		readers.Wait()
		if err := set.Close(); err != nil {
			t.Error(err)
		}
		if err := set.Images.Read(0, make([]byte, 99)); err == nil {
			t.Error("a closed set was read")
		}
		inMemory = 256 << 20
	}
}

func TestCacheForTwoAtOnce(t *testing.T) {
	cache := ownCache(t)
	dir := twoClasses(t)
	var processes sync.WaitGroup
	for range 8 {
		processes.Add(1)
		go func() {
			defer processes.Done()
			set, err := Open(t.Context(), dir, Options{}, nil)
			if err != nil || string(set.Images.Pixels) != "\x01\x02\x03\x04\x05\x06\x07\x08" {
				t.Errorf("%+v, %v", set, err)
			}
		}()
	}
	processes.Wait()
	cached(t, cache)
}

func TestCancelledDecodingLeavesNothing(t *testing.T) {
	cache := ownCache(t)
	files := map[string][]byte{}
	for i := range 300 {
		files[fmt.Sprintf("%d/%d", i%2, i)] = grey(t, 1, byte(i))
	}
	dir := folderOf(t, files)
	for _, calls := range []int{1, 5, 50, 200} {
		_, err := Open(&endsAfter{Context: t.Context(), calls: calls}, dir, Options{}, nil)
		if !errors.Is(err, context.Canceled) {
			t.Errorf("after %d looks: %v", calls, err)
		}
		if entries, _ := os.ReadDir(cache); len(entries) > 0 {
			t.Errorf("after %d looks the cache has %v", calls, entries)
		}
	}
}

// endsAfter is a context that is cancelled once it was looked at as often.
type endsAfter struct {
	context.Context
	lock  sync.Mutex
	calls int
}

func (c *endsAfter) Err() error {
	c.lock.Lock()
	defer c.lock.Unlock()
	if c.calls--; c.calls < 0 {
		return context.Canceled
	}
	return nil
}

// flaky is a folder in which one file cannot be opened as long as it fails.
type flaky struct {
	folder
	name  string
	fails *bool
}

func (f flaky) Open(name string) (fs.File, error) {
	if name == f.name && *f.fails {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrPermission}
	}
	return f.folder.Open(name)
}

// A file that could not be opened is tried again, although its size and time are as before.
func TestUnreadableIsTriedAgain(t *testing.T) {
	ownCache(t)
	dir, fails := twoClasses(t), true
	put(t, dir, "a/y", grey(t, 2, 9, 9, 9, 9))
	p := &place{FS: flaky{folder(dir), "a/y", &fails}, path: dir}
	for range 2 {
		set, err := p.openFolders(t.Context(), Options{SkipBad: true}, func(string) {})
		if err != nil || set.Images.N != 2 || len(set.Skipped) != 1 || !strings.Contains(set.Skipped[0].Reason, "permission denied") {
			t.Errorf("%+v, %v", set, err)
		}
	}
	fails = false
	if set, err := p.openFolders(t.Context(), Options{}, func(string) {}); err != nil || set.Images.N != 3 {
		t.Errorf("%+v, %v", set, err)
	}
}

func TestCacheThatCannotBeMade(t *testing.T) {
	file := filepath.Join(folderOf(t, map[string][]byte{"x": nil}), "x")
	t.Setenv("XDG_CACHE_HOME", file)
	if _, err := Open(t.Context(), twoClasses(t), Options{}, nil); err == nil || !strings.Contains(err.Error(), "set XDG_CACHE_HOME") {
		t.Errorf("%v", err)
	}
}

// An open set holds none of the 49 MB of its pixels, before and after they were read. make memory looks at the peak.
func TestPixelsStayOnTheDisk(t *testing.T) {
	ownCache(t)
	onDisk(t)
	const n = 4000
	m := image.NewNRGBA(image.Rect(0, 0, 64, 64))
	for i := range 64 * 64 {
		m.SetNRGBA(i%64, i/64, color.NRGBA{byte(i), byte(i / 3), byte(i / 7), 255})
	}
	dir := folderOf(t, map[string][]byte{"x.png": pngOf(t, m)})
	var table strings.Builder
	for i := range n {
		fmt.Fprintf(&table, "x.png,%d\n", i%2)
	}
	put(t, dir, "set.csv", []byte(table.String()))
	before := liveHeap()
	set := open(t, dir, Options{})
	opened := liveHeap() - before
	to := make([]byte, set.Images.Size())
	for i := range set.Images.N {
		if err := set.Images.Read(i, to); err != nil {
			t.Fatal(err)
		}
	}
	if read := liveHeap() - before; max(opened, read) > 16<<20 || set.Images.N != n {
		t.Errorf("%d images hold %d MB when open, %d when read", set.Images.N, opened>>20, read>>20)
	}
	runtime.KeepAlive(set)
}

// liveHeap is what is still in use after a collection, so that it does not hang on when one happens to run.
func liveHeap() int64 {
	runtime.GC()
	var now runtime.MemStats
	runtime.ReadMemStats(&now)
	return int64(now.HeapAlloc)
}
