package main

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestFetch(t *testing.T) {
	f := fakePip(t)
	if err := f.fetch(context.Background()); err != nil {
		t.Fatal(err)
	}
	var got []string
	filepath.WalkDir(f.entry(), func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			got = append(got, strings.TrimPrefix(path, f.entry()+"/"))
		}
		return err
	})
	want := []string{apiHeader, versionHeaders[0], c10Lib, "lib/libcupti.so.13", "lib/libgomp-a3.so.1", cpuLib, "licenses/torch/LICENSE", "manifest.json", "version.py"}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("entry holds\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if text := read(t, filepath.Join(f.entry(), "manifest.json")); !strings.Contains(text, `"full_version": "2.15.0+cu132"`) {
		t.Errorf("manifest: %s", text)
	}
	log := read(t, os.Getenv("FAKE_LOG"))
	for _, arg := range []string{"--no-deps", "--only-binary=:all:", "--no-cache-dir", "--python-version 3.11 --abi cp311", "--platform any", "torch==1", "cupti==1"} {
		if !strings.Contains(log, arg) {
			t.Errorf("pip was called without %q: %s", arg, log)
		}
	}
	if left := leftovers(t, f); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}

// Nothing is installed, so settings about installing or choosing must not reach pip; those about the index must.
func TestFetchDoesNotMindPipsSettings(t *testing.T) {
	f := fakePip(t)
	for _, setting := range []string{"REQUIRE_VIRTUALENV=1", "require_hashes=1", "TARGET=/x", "USER=1", "CONSTRAINT=c.txt",
		"NO_BINARY=:all:", "PYTHON=/x", "INDEX_URL=https://index.example/simple", "proxy=http://proxy.example",
		"NO_INDEX=1"} {
		name, value, _ := strings.Cut(setting, "=")
		t.Setenv("PIP_"+name, value)
	}
	if err := f.fetch(context.Background()); err != nil {
		t.Fatal(err)
	}
	log := read(t, os.Getenv("FAKE_LOG"))
	for _, want := range []string{"PIP_REQUIRE_VIRTUALENV=0", "PIP_REQUIRE_HASHES=0",
		"PIP_INDEX_URL=https://index.example/simple", "PIP_proxy=http://proxy.example", "PIP_NO_INDEX=1"} {
		if !strings.Contains(log, want+"\n") {
			t.Errorf("%s did not reach pip:\n%s", want, log)
		}
	}
	for _, none := range []string{"=/x", "PIP_USER", "c.txt", "PIP_NO_BINARY", "hashes=1"} {
		if strings.Contains(log, none) {
			t.Errorf("%q reached pip:\n%s", none, log)
		}
	}
}

func TestFetchRefuses(t *testing.T) {
	tests := []struct {
		name   string
		change func(*fetcher)
		want   []string
	}{
		{"wrong sum", func(f *fetcher) { f.rel.wheels[1].sha256 = strings.Repeat("0", 64) }, []string{"torch-1.whl", "not the pinned file", "000000"}},
		{"wrong size", func(f *fetcher) { f.rel.wheels[1].size++ }, []string{"torch-1.whl", "not the pinned file"}},
		{"other file", func(f *fetcher) { f.rel.wheels[1].file = "torch-2.whl" }, []string{"no torch-2.whl"}},
		{"no space", func(f *fetcher) { f.free = func(string) (uint64, error) { return 7_000_000, nil } },
			[]string{"needs 702 MB", "7 MB free", "cgan/libtorch", "XDG_CACHE_HOME"}},
		{"no pip", func(*fetcher) { t.Setenv("FAKE_FAIL", "python3: No module named pip") }, []string{"no pip", "install"}},
		{"no network", func(*fetcher) { t.Setenv("FAKE_FAIL", "NewConnectionError: no route") }, []string{"no network", "LIBTORCH"}},
		{"constraint", func(*fetcher) { t.Setenv("FAKE_FAIL", "The user requested (constraint) torch==2.1.0") },
			[]string{"a constraint among pip's settings", "pip config list"}},
		{"nothing found", func(*fetcher) { t.Setenv("FAKE_FAIL", "ERROR: No matching distribution found") }, []string{"can't be reached", "pip's settings"}},
		{"no python", func(*fetcher) { t.Setenv("PYTHON", "no-such-python") }, []string{"no-such-python", "PYTHON"}},
	}
	for _, test := range tests {
		f := fakePip(t)
		if test.name == "no space" {
			f.rel.unpacked = 701_000_000
		}
		test.change(&f)
		err := f.fetch(context.Background())
		if err == nil {
			t.Errorf("%s: no error", test.name)
			continue
		}
		for _, part := range test.want {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%s: error %q lacks %q", test.name, err, part)
			}
		}
		if left := leftovers(t, f); f.complete() || len(left) > 0 {
			t.Errorf("%s: complete is %t, left behind %q", test.name, f.complete(), left)
		}
	}
}

func TestFetchTwoAtOnce(t *testing.T) {
	f := fakePip(t)
	var messages [2]bytes.Buffer
	var wait sync.WaitGroup
	for i := range messages {
		f := f
		f.ui = newUI(&messages[i], &messages[i], false)
		wait.Add(1)
		go func() {
			defer wait.Done()
			if err := f.fetch(context.Background()); err != nil {
				t.Error(err)
			}
		}()
	}
	wait.Wait()
	if n := downloads(t); n != 1 || !f.complete() {
		t.Errorf("%d downloads, want 1; complete: %t", n, f.complete())
	}
	if n := strings.Count(messages[0].String()+messages[1].String(), "waiting for another fetch"); n != 1 {
		t.Errorf("%d of them said that they wait, want 1", n)
	}
}

// A fetch that is killed at its worst leaves nothing that counts as complete.
func TestFetchKilled(t *testing.T) {
	f := fakePip(t)
	busy := filepath.Join(t.TempDir(), "busy")
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "FAKE_FETCH="+os.Getenv("FAKE_WHEELS"), "FAKE_BUSY="+busy)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for start := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		if _, err := os.Stat(busy); err == nil {
			break
		}
		if time.Since(start) > 20*time.Second {
			t.Fatal("the fetch didn't start")
		}
	}
	cmd.Process.Kill()
	cmd.Wait()
	if left := leftovers(t, f); len(left) != 1 || f.complete() {
		t.Fatalf("want one staging folder and no entry, got %q, complete: %t", left, f.complete())
	}
	if err := f.fetch(context.Background()); err != nil {
		t.Fatal(err)
	}
	if left := leftovers(t, f); len(left) > 0 || !f.complete() {
		t.Errorf("left behind %q, complete: %t", left, f.complete())
	}
}

func TestFetchInterrupted(t *testing.T) {
	f := fakePip(t)
	t.Setenv("FAKE_BUSY", filepath.Join(t.TempDir(), "busy"))
	ctx, stop := context.WithTimeout(context.Background(), 500*time.Millisecond)
	defer stop()
	var said bytes.Buffer
	f.ui = newUI(&said, &said, false)
	start := time.Now()
	if err := f.fetch(ctx); !errors.Is(err, context.DeadlineExceeded) || strings.Contains(said.String(), "done") {
		t.Errorf("error %v, said %q", err, said.String())
	}
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("took %s to stop", took)
	}
	if left := leftovers(t, f); len(left) > 0 || f.complete() {
		t.Errorf("left behind %q, complete: %t", left, f.complete())
	}
}

func TestFetchReplacesDamagedEntry(t *testing.T) {
	for _, name := range []string{cpuLib, "manifest.json"} {
		f := fakePip(t)
		for range 2 {
			if err := f.fetch(context.Background()); err != nil {
				t.Fatal(err)
			}
			if !f.complete() {
				t.Fatalf("%s: not complete after a fetch", name)
			}
			write(t, filepath.Join(f.entry(), name), "{")
			if f.complete() {
				t.Fatalf("a damaged %s counts as complete", name)
			}
		}
		if n := downloads(t); n != 2 {
			t.Errorf("%s: %d downloads, want 2", name, n)
		}
	}
}
