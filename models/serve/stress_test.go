package serve

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"cgan/bindings/torch"
)

// holds is what a process has.
type holds struct {
	goroutines, files, tensors int
	residentMB                 float64
}

// measure says what the process has when nothing is under way.
func measure(t *testing.T, server *httptest.Server, client *http.Client) (h holds) {
	t.Helper()
	client.CloseIdleConnections()
	server.CloseClientConnections()
	time.Sleep(200 * time.Millisecond) // goroutines of connections end
	debug.FreeOSMemory()
	files, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip("this system has no /proc")
	}
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Fatal(err)
	}
	pages, _ := strconv.Atoi(strings.Fields(string(text))[1])
	return holds{runtime.NumGoroutine(), len(files), torch.Live(), float64(pages*os.Getpagesize()) / (1 << 20)}
}

// anything is a request of a random kind, of which some are wrong, and what it is answered.
func anything(random *rand.Rand) (method, url, body string, code int) {
	const images = "/v1/models/digits/images"
	class, seed := random.IntN(10), random.Int64()
	switch random.IntN(12) {
	case 0:
		return "GET", fmt.Sprintf("%s?class=0-9&seed=%d&count=4&scale=2", images, seed), "", 200
	case 1:
		return "GET", fmt.Sprintf("%s?class=%d&seed=%d&format=%s&precision=bf16", images, class, seed, imageFormats[random.IntN(5)]), "", 200
	case 2:
		return "GET", fmt.Sprintf("/v1/models/digits/interpolation?from=%d&to=3&seed=%d&to_seed=5&format=json", class, seed), "", 200
	case 3:
		return "POST", images, fmt.Sprintf(`{"images":[{"class":%d,"seed":"%d"},{"class":2,"noise":[1,0,0,0,0,1]}]}`, class, seed), 200
	case 4:
		return "GET", images + "?seed=seven", "", 400
	case 5:
		return "POST", images, `{"images":[`, 400
	case 6:
		return "GET", "/" + strconv.FormatInt(seed, 36), "", 404
	case 7:
		return "GET", []string{"/", "/metrics", "/v1/models", "/openapi.json"}[random.IntN(4)], "", 200
	}
	return "GET", fmt.Sprintf("%s?class=%d&seed=%d", images, class, seed), "", 200
}

// send asks one thing. Of a hundred clients one leaves before it is answered, and one takes a connection of its own.
func send(client *http.Client, base string, random *rand.Rand) error {
	method, path, body, want := anything(random)
	ctx, kind := context.Background(), random.IntN(100)
	if kind == 0 {
		var leave func()
		ctx, leave = context.WithTimeout(ctx, time.Duration(random.IntN(2000))*time.Microsecond)
		defer leave()
	}
	r, err := http.NewRequestWithContext(ctx, method, base+path, strings.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Close = kind == 1
	a, err := client.Do(r)
	if err == nil {
		_, err = io.Copy(io.Discard, a.Body)
		a.Body.Close()
	}
	switch {
	case ctx.Err() != nil:
		return nil
	case err == nil && a.StatusCode != want && a.StatusCode != http.StatusServiceUnavailable:
		return fmt.Errorf("%s %s: %s, want %d", method, path, a.Status, want)
	}
	return err
}

// raced is true under the race detector, whose own memory grows.
var raced bool

// After many requests of all kinds, over connections, the process has what it had after a quarter of them. CGAN_SERVE_REQUESTS
// says how many; make serve-stress takes 100,000.
func TestNothingGrows(t *testing.T) {
	const clients = 64
	requests := 400
	if text := os.Getenv("CGAN_SERVE_REQUESTS"); text != "" {
		var err error
		if requests, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
	}
	server := httptest.NewServer(newTest(t, nil))
	defer server.Close()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: clients}}
	stress := func(from, to int) {
		var next atomic.Int64
		next.Store(int64(from))
		var all sync.WaitGroup
		for range clients {
			all.Add(1)
			go func() {
				defer all.Done()
				for i := next.Add(1); i <= int64(to) && !t.Failed(); i = next.Add(1) {
					if err := send(client, server.URL, rand.New(rand.NewPCG(1, uint64(i)))); err != nil {
						t.Error(err)
					}
				}
			}()
		}
		all.Wait()
	}
	begin := time.Now()
	stress(0, requests/4)
	first := measure(t, server, client)
	stress(requests/4, requests)
	last := measure(t, server, client)
	t.Logf("%d requests in %v: %+v after a quarter, %+v at the end", requests, time.Since(begin).Round(time.Millisecond), first, last)
	if last.goroutines > first.goroutines || last.files > first.files || last.tensors > first.tensors {
		t.Error("goroutines, descriptors or tensors grow")
	}
	if last.residentMB > 1.05*first.residentMB && !raced {
		t.Error("memory grows by more than 5 %")
	}
}
