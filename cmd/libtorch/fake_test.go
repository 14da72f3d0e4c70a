package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What the fake python3 does: it logs its arguments, "downloads" the wheels of
// FAKE_WHEELS, and on request fails, or says that it is busy and hangs.
const fakePython = `#!/bin/sh
echo "$@" >> "$FAKE_LOG"
env | grep -i '^PIP_' | sort >> "$FAKE_LOG"
if [ -n "$FAKE_FAIL" ]; then echo "$FAKE_FAIL" >&2; exit 1; fi
while [ $# -gt 0 ]; do
	if [ "$1" = --dest ]; then dest=$2; fi
	shift
done
cp "$FAKE_WHEELS"/*.whl "$dest"
if [ -n "$FAKE_BUSY" ]; then : > "$FAKE_BUSY"; sleep 60; fi
sleep 0.2
`

// fakePip puts the fake python3 and its wheels in place and returns a fetcher
// into a new cache.
func fakePip(t *testing.T) fetcher {
	t.Helper()
	dir, cache := t.TempDir(), t.TempDir()
	write(t, filepath.Join(dir, "bin", "python3"), fakePython)
	wheels := filepath.Join(dir, "wheels")
	lt := fakeLibtorch(t, filepath.Join(dir, "lt"), "2.15.0")
	if err := os.Mkdir(wheels, 0o755); err != nil {
		t.Fatal(err)
	}
	zipFile(t, filepath.Join(wheels, "torch-1.whl"),
		"torch/"+apiHeader, read(t, filepath.Join(lt, apiHeader)),
		"torch/"+versionHeaders[0], defines("2.15.0"),
		"torch/"+c10Lib, read(t, filepath.Join(lt, c10Lib)),
		"torch/"+cpuLib, "a library",
		"torch/"+cudaLib, "not taken",
		"torch/lib/libgomp-a3.so.1", "openmp",
		"torch/version.py", "__version__ = '2.15.0+cu132'\n",
		"torch/nn/modules.py", "not taken",
		"torch-1.dist-info/LICENSE", "licence")
	zipFile(t, filepath.Join(wheels, "cupti-1.whl"), "nvidia/cu13/lib/libcupti.so.13", "profiler", "nvidia/cu13/lib/libother.so", "not taken")
	t.Setenv("PATH", filepath.Join(dir, "bin")+":"+os.Getenv("PATH"))
	t.Setenv("PYTHON", "")
	t.Setenv("XDG_CACHE_HOME", cache)
	t.Setenv("FAKE_LOG", filepath.Join(dir, "log"))
	t.Setenv("FAKE_WHEELS", wheels)
	for _, name := range []string{"FAKE_FAIL", "FAKE_BUSY", byDir, byPython, bypassVar} {
		t.Setenv(name, "")
	}
	return fetcher{root: filepath.Join(cache, "cgan", "libtorch"), rel: releaseOf(wheels),
		ui: newUI(io.Discard, io.Discard, true), free: func(string) (uint64, error) { return 1 << 40, nil }}
}

// downloads counts the runs of the fake pip.
func downloads(t *testing.T) int {
	t.Helper()
	log, err := os.ReadFile(os.Getenv("FAKE_LOG"))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return strings.Count(string(log), "pip download")
}

// leftovers lists what is in the cache besides its lock and whole entries.
func leftovers(t *testing.T, f fetcher) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(f.root, stagingPrefix+"*"))
	if err != nil {
		t.Fatal(err)
	}
	return found
}
