package dataset

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
)

// smallSet stands for MNIST: two files, their content by name, and a cache that wants them.
func smallSet(t *testing.T) (*mnistCache, map[string]string) {
	t.Helper()
	content := map[string]string{"images.gz": strings.Repeat("pixels", 5000), "labels.gz": "labels"}
	c := &mnistCache{dir: filepath.Join(t.TempDir(), "cgan", "mnist"), report: func(string) {}}
	for _, name := range []string{"images.gz", "labels.gz"} {
		sum := sha256.Sum256([]byte(content[name]))
		c.files = append(c.files, mnistFile{name, int64(len(content[name])), hex.EncodeToString(sum[:])})
	}
	return c, content
}

// mirror serves content under /set/ and counts what it was asked for.
func mirror(t *testing.T, content map[string]string) (base string, asked *atomic.Int32) {
	t.Helper()
	asked = new(atomic.Int32)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		body, ok := content[strings.TrimPrefix(r.URL.Path, "/set/")]
		if !ok {
			http.NotFound(w, r)
			return
		}
		fmt.Fprint(w, body)
	}))
	t.Cleanup(s.Close)
	return s.URL + "/set", asked
}

// fakeGo puts a go command that runs the shell lines in script on an otherwise empty PATH.
func fakeGo(t *testing.T, script string) {
	t.Helper()
	bin := t.TempDir()
	if script != "" {
		if err := os.WriteFile(filepath.Join(bin, "go"), []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", bin)
}

// goWithModule is a go command that has the content as its module, and notes how it was called.
func goWithModule(t *testing.T, content map[string]string) (note string) {
	t.Helper()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "data"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, body := range content {
		put(t, filepath.Join(dir, "data"), name, []byte(body))
	}
	answer, err := json.Marshal(map[string]string{"Dir": dir})
	if err != nil {
		t.Fatal(err)
	}
	note = filepath.Join(dir, "note")
	fakeGo(t, fmt.Sprintf("echo \"$* $GOWORK $GOFLAGS $(pwd)\" > '%s'\nprintf '%%s' '%s'", note, answer))
	return note
}

// wantCache asks that the cache holds the files, whole, and that nothing is left beside it.
func wantCache(t *testing.T, c *mnistCache, content map[string]string) {
	t.Helper()
	for name, body := range content {
		if got, err := os.ReadFile(filepath.Join(c.dir, name)); err != nil || string(got) != body {
			t.Errorf("%s: %d bytes, %v", name, len(got), err)
		}
	}
	wantEntries(t, c.dir, len(content))
	wantEntries(t, filepath.Dir(c.dir), 1)
}

func wantEntries(t *testing.T, dir string, n int) {
	t.Helper()
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != n {
		t.Errorf("%s holds %v (%v), want %d entries", dir, entries, err, n)
	}
}
