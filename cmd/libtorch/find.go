package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// How a libtorch was found.
const (
	byDir    = "LIBTORCH"
	byPython = "LIBTORCH_USE_PYTORCH"
	byCache  = "per-user cache"
)

// The range of libtorch versions that gotch with the bridge compiles against.
const (
	minMinor, maxMinor = 1, 15
	bypassVar          = "LIBTORCH_BYPASS_VERSION_CHECK"
)

// find chooses a libtorch, and fetches rel if there is none to choose.
func find(ctx context.Context, rel release, u ui) (libtorch, error) {
	if dir := os.Getenv(byDir); dir != "" {
		abs, err := filepath.Abs(dir)
		if err != nil {
			return libtorch{}, fmt.Errorf("LIBTORCH=%s: %w", dir, err)
		}
		return check(abs, byDir, "LIBTORCH must name a libtorch folder with include/ and lib/")
	}
	usePython, err := boolVar(byPython)
	if err != nil {
		return libtorch{}, err
	}
	if usePython {
		dir, err := pythonTorch(ctx)
		if err != nil {
			return libtorch{}, err
		}
		return check(dir, byPython, "LIBTORCH_USE_PYTORCH=1 needs a complete torch; reinstall it or set PYTHON to another python3")
	}
	dir, err := cached(ctx, rel, u)
	if err != nil {
		return libtorch{}, err
	}
	return check(dir, byCache, "delete that folder to fetch it again")
}

// check reads the facts of dir and refuses a version outside the range.
func check(dir, found, hint string) (libtorch, error) {
	lt, err := readFacts(dir)
	if err != nil {
		return lt, fmt.Errorf("%w (found by %s): %s", err, found, hint)
	}
	lt.Found = found
	bypass, err := boolVar(bypassVar)
	if err != nil {
		return lt, err
	}
	if !bypass && !supported(lt.Version) {
		return lt, fmt.Errorf("libtorch %s in %s (found by %s) is outside the supported range 2.%d to 2.%d; use another, or set %s=1 to try it",
			lt.Version, dir, found, minMinor, maxMinor, bypassVar)
	}
	return lt, nil
}

func supported(version string) bool {
	part := strings.Split(version, ".")
	minor, err := strconv.Atoi(part[1])
	return err == nil && part[0] == "2" && minor >= minMinor && minor <= maxMinor
}

// boolVar reads an environment variable that switches something on.
func boolVar(name string) (bool, error) {
	text := os.Getenv(name)
	if text == "" {
		return false, nil
	}
	on, err := strconv.ParseBool(text)
	if err != nil {
		return false, fmt.Errorf("%s=%s: set it to 1 or 0", name, text)
	}
	return on, nil
}

// cached returns the folder of rel in the per-user cache, fetching it first if
// it isn't there.
func cached(ctx context.Context, rel release, u ui) (string, error) {
	base, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("no per-user cache folder: %w; set XDG_CACHE_HOME or HOME to an absolute path", err)
	}
	f := fetcher{root: filepath.Join(base, "cgan", "libtorch"), rel: rel, ui: u, free: freeSpace}
	if f.complete() {
		return f.entry(), nil
	}
	if err := f.fetch(ctx); err != nil {
		return "", err
	}
	return f.entry(), nil
}
