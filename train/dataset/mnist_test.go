package dataset

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestMNISTMendsDamage(t *testing.T) {
	c, content := smallSet(t)
	fakeGo(t, "")
	base, asked := mirror(t, content)
	c.mirrors = []string{base}
	if err := c.ensure(t.Context()); err != nil {
		t.Fatal(err)
	}
	put(t, c.dir, "labels.gz", []byte("lAbels"))
	if err := c.ensure(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantCache(t, c, content)
	if asked.Load() != 3 {
		t.Errorf("asked %d times, want 3: only the damaged file again", asked.Load())
	}
}

func TestMNISTAtOnce(t *testing.T) {
	c, content := smallSet(t)
	fakeGo(t, "")
	base, _ := mirror(t, content)
	c.mirrors = []string{base}
	var all sync.WaitGroup
	for range 8 {
		all.Add(1)
		go func() {
			defer all.Done()
			if err := c.ensure(t.Context()); err != nil {
				t.Error(err)
			}
			if lacking := c.lacking(); len(lacking) > 0 {
				t.Errorf("%v are not whole right after", lacking)
			}
		}()
	}
	all.Wait()
	wantCache(t, c, content)
}

func TestMNISTSweepsOldStaging(t *testing.T) {
	c, content := smallSet(t)
	goWithModule(t, content)
	old, fresh := filepath.Join(filepath.Dir(c.dir), "mnist-1.part"), filepath.Join(filepath.Dir(c.dir), "mnist-2.part")
	for _, dir := range []string{old, fresh} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	dayAgo := time.Now().Add(-25 * time.Hour)
	if err := os.Chtimes(old, dayAgo, dayAgo); err != nil {
		t.Fatal(err)
	}
	if err := c.ensure(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(old); err == nil {
		t.Error("a day-old staging folder stays")
	}
	if _, err := os.Stat(fresh); err != nil {
		t.Error("another process's staging folder was removed")
	}
}

func TestMNISTCacheInTheWay(t *testing.T) {
	c, content := smallSet(t)
	goWithModule(t, content)
	if err := os.MkdirAll(filepath.Join(c.dir, "labels.gz"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := c.ensure(t.Context()); err == nil || !strings.Contains(err.Error(), "remove what is in the way") {
		t.Errorf("a folder in a file's place gave %v", err)
	}
	c.dir = filepath.Join(c.dir, "labels.gz", "file", "mnist")
	put(t, filepath.Dir(filepath.Dir(c.dir)), "file", nil)
	if err := c.ensure(t.Context()); err == nil || !strings.Contains(err.Error(), "set XDG_CACHE_HOME") {
		t.Errorf("a cache that cannot be made gave %v", err)
	}
}

// The environment's mirrors are asked in place of the public ones.
func TestMNISTEnvironment(t *testing.T) {
	fakeGo(t, "")
	cache := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", cache)
	base, asked := mirror(t, nil)
	t.Setenv("CGAN_MNIST_MIRROR", base+", "+base+"/,")
	var reports []string
	dir, err := MNIST(t.Context(), func(s string) { reports = append(reports, s) })
	if err == nil || dir != "" || asked.Load() != 2 || strings.Contains(err.Error(), "amazonaws") {
		t.Errorf("asked %d times, got %q, %v", asked.Load(), dir, err)
	}
	want := "fetching 4 of the 4 files of MNIST into " + filepath.Join(cache, "cgan", "mnist")
	if len(reports) != 3 || reports[0] != want {
		t.Errorf("reported %q", reports)
	}
}

// The real files, where the module cache already has them: nothing is fetched from outside.
func TestMNISTReal(t *testing.T) {
	t.Setenv("GOPROXY", "off")
	cmd := exec.Command("go", "mod", "download", "-json", mnistModule)
	cmd.Dir = t.TempDir()
	if err := cmd.Run(); err != nil {
		t.Skip("the module cache does not hold " + mnistModule)
	}
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	t.Setenv("CGAN_MNIST_MIRROR", ",")
	for split, n := range map[string]int{"train": 60000, "test": 10000} {
		set, err := Open(t.Context(), "", Options{Split: split}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if m := set.Images; m.N != n || m.Height != 28 || m.Width != 28 || len(set.Labels) != n || len(set.Classes) != 10 {
			t.Errorf("%s: %d images of %dx%d", split, m.N, m.Height, m.Width)
		}
	}
}
