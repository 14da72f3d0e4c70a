package serve

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"cgan/bindings/kernels"
	"cgan/models"
	"cgan/models/arch"
	"cgan/weights/npz"
)

// The article's networks on kernels give an image the same bits whatever is drawn with it: that is why they may be joined. Each
// kernel set that this machine has, in both precisions, in all batch sizes up to the largest and beyond.
func TestAnImageDoesNotDependOnItsBatch(t *testing.T) {
	colours := models.Config{Noise: 5, NgF: 8, NdF: 4, Channels: 3, Size: 64, Classes: 3}
	odd := models.Config{Noise: 7, NgF: 5, NdF: 4, Channels: 1, Size: 28, Classes: 10}
	for _, c := range []models.Config{digits, odd, colours, {Noise: 100, NgF: 32, NdF: 4, Channels: 1, Size: 32, Classes: 10}} {
		w := weightsOf(t, c, 1)
		for _, e := range kernels.All() {
			for _, p := range []models.Precision{models.F32, models.BF16} {
				how := models.Compute{Precision: p, Kernels: e.Name}
				if e.Set == nil || how.Validate() != nil || how.KernelSet() == nil {
					continue
				}
				if e.Name == "reference" && c.NgF > 8 {
					continue // takes minutes
				}
				oneByOne(t, w, how)
			}
		}
	}
}

func oneByOne(t *testing.T, w *models.Weights, how models.Compute) {
	t.Helper()
	g, err := w.LoadGenerator()
	if err != nil {
		t.Fatal(err)
	}
	defer g.Free()
	if err := g.Use(how); err != nil {
		t.Fatal(err)
	}
	const most = maxBatch + 6
	noise, err := g.NoiseRows(w.Config, most, 3)
	if err != nil {
		t.Fatal(err)
	}
	points, alone := make([]models.Point, most), make([][]float32, most)
	for i := range points {
		class := int64(i % w.Config.Classes)
		points[i] = models.Point{Noise: noise[i*w.Config.Noise:][:w.Config.Noise], Class: class, Toward: class}
		images, err := g.DrawPoints(w.Config, points[i:i+1])
		if err != nil {
			t.Fatal(err)
		}
		alone[i] = images.Pixels
	}
	for n := 2; n <= most; n += 1 + n/8 {
		images, err := g.DrawPoints(w.Config, points[:n])
		if err != nil {
			t.Fatal(err)
		}
		for i := range n {
			if size := len(alone[i]); !slices.Equal(images.Pixels[i*size:][:size], alone[i]) {
				t.Fatalf("%+v %+v: image %d of %d differs from the one drawn alone", w.Config, how, i, n)
			}
		}
	}
}

// Networks of other layers are not joined, and have the bytes of generate too.
func TestOtherNetworksHaveTheBytesOfDraw(t *testing.T) {
	files, err := filepath.Glob("../../cmd/compare/networks/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal(err, files)
	}
	for _, file := range files {
		w := weightsOfArch(t, file)
		c := w.Config
		h := newTest(t, nil, Model{Name: "m", Weights: w})
		url, classes := "/v1/models/m/images?seed=5&count=11", []int64(nil)
		if c.Classes > 0 {
			url += "&class=1,0"
			classes = []int64{1, 0}
		}
		together(t, h, []string{url, "/v1/models/m/images?seed=6&count=1", url + "&format=npz"})
		for _, p := range []models.Precision{models.F32, models.BF16} {
			want := direct(t, w, models.Compute{Precision: p}, 11, classes, 5)
			state, err := npz.Read(get(t, h, url+"&format=npz&precision="+string(p)))
			if err != nil {
				t.Fatal(err)
			}
			if got, err := state[0].Float32s(); err != nil || !slices.Equal(got, want.Pixels) {
				t.Errorf("%s %s: other values than Draw's", filepath.Base(file), p)
			}
		}
		get(t, h, "/v1/models/m/interpolation?seed=1&to_seed=2&steps=3")
	}
}

// weightsOfArch are random weights of a network in a file.
func weightsOfArch(t *testing.T, file string) *models.Weights {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	a, err := arch.Read(content)
	if err != nil {
		t.Fatal(err)
	}
	c, err := models.ConfigOfArch(a)
	if err != nil {
		t.Fatal(err)
	}
	return weightsOf(t, c, 1)
}

// Where images depend on each other, as many are drawn together as Draw draws, however they take turns.
func TestImagesThatDependOnEachOtherHaveTheBytesOfDraw(t *testing.T) {
	w := weightsOfArch(t, "../testdata/columns/plain.yaml")
	h := newTest(t, nil, Model{Name: "m", Weights: w})
	const url = "/v1/models/m/images?seed=5&count=300&format=npz"
	together(t, h, []string{url, "/v1/models/m/images?seed=6&count=2"})
	state, err := npz.Read(get(t, h, url))
	if err != nil {
		t.Fatal(err)
	}
	want := direct(t, w, models.Compute{}, 300, nil, 5)
	if got, err := state[0].Float32s(); err != nil || !slices.Equal(got, want.Pixels) {
		t.Errorf("other values than Draw's, %v", err)
	}
}

// together sends all URLs at once, some times, and wants for each what it gives alone.
func together(t *testing.T, h *Handler, urls []string) {
	t.Helper()
	alone := map[string][]byte{}
	for _, url := range urls {
		alone[url] = get(t, h, url)
	}
	var all sync.WaitGroup
	for i := range 4 * len(urls) {
		all.Add(1)
		go func() {
			defer all.Done()
			url := urls[i%len(urls)]
			w := httptest.NewRecorder()
			h.ServeHTTP(w, httptest.NewRequest("GET", "http://localhost"+url, nil))
			if !bytes.Equal(w.Body.Bytes(), alone[url]) {
				t.Errorf("%s: %d, other bytes in a crowd than alone", url, w.Code)
			}
		}()
	}
	all.Wait()
}

func TestACrowdGetsTheBytesOfEachAlone(t *testing.T) {
	h := newTest(t, nil)
	var urls []string
	for i := range 24 {
		urls = append(urls, fmt.Sprintf("/v1/models/digits/images?class=%d&seed=%d&count=%d&precision=%s", i%10, i, 1+i*i%40, []string{"f32", "bf16"}[i%2]))
	}
	urls = append(urls, "/v1/models/digits/images?count=30", "/v1/models/digits/interpolation?from=1&to=2&steps=70&to_seed=5")
	together(t, h, urls)
}

// held makes a handler whose drawings wait for a word.
func held(t *testing.T, change func(*Config), all ...Model) (h *Handler, begun chan []models.Point, goOn chan struct{}) {
	h = newTest(t, change, all...)
	draw := h.batcher.draw
	begun, goOn = make(chan []models.Point, 1000), make(chan struct{})
	h.batcher.mutex.Lock()
	h.batcher.draw = func(g *generator, points []models.Point) (models.Images, error) {
		begun <- points
		<-goOn
		return draw(g, points)
	}
	h.batcher.mutex.Unlock()
	return h, begun, goOn
}

func request(ctx context.Context, h http.Handler, url string) <-chan int {
	code := make(chan int, 1)
	go func() {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", "http://localhost"+url, nil).WithContext(ctx))
		code <- w.Code
	}()
	return code
}

// waitFor is for what another goroutine does soon.
func waitFor(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for range 5000 {
		if ok() {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Fatalf("%s: not in 5 s", what)
}

func (b *batcher) queued() int {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return len(b.waiting)
}

// What comes while a drawing is under way is drawn together after it; what nobody waits for any more is not drawn.
func TestWhatWaitsTogetherIsDrawnTogether(t *testing.T) {
	h, begun, goOn := held(t, nil)
	first := request(t.Context(), h, "/v1/models/digits/images?class=1")
	if n := len(<-begun); n != 1 {
		t.Errorf("the first drawing has %d images", n)
	}
	ctx, leave := context.WithCancel(t.Context())
	gone := request(ctx, h, "/v1/models/digits/images?class=2&count=20")
	var others []<-chan int
	for i := range 10 {
		others = append(others, request(t.Context(), h, fmt.Sprintf("/v1/models/digits/images?class=3&seed=%d", i)))
	}
	waitFor(t, "11 requests wait", func() bool { return h.batcher.queued() == 11 })
	leave()
	waitFor(t, "one has gone", func() bool { return h.batcher.queued() == 10 })
	<-gone
	close(goOn)
	if n := len(<-begun); n != 10 {
		t.Errorf("10 images waited, and %d were drawn together", n)
	}
	for _, code := range append(others, first) {
		if c := <-code; c != http.StatusOK {
			t.Errorf("answered %d", c)
		}
	}
}

// kindsOfNetwork are a network whose requests are joined and one whose are not.
func kindsOfNetwork(t *testing.T) []Model {
	return []Model{{Name: "m", Weights: weightsOf(t, digits, 1)}, {Name: "m", Weights: weightsOfArch(t, "../../cmd/compare/networks/mlp-embedding.yaml")}}
}

// A request for many images lets the others in between.
func TestALargeRequestTakesTurns(t *testing.T) {
	for _, m := range kindsOfNetwork(t) {
		h, begun, goOn := held(t, nil, m)
		large := request(t.Context(), h, "/v1/models/m/images?class=1&count=1000")
		<-begun
		small := request(t.Context(), h, "/v1/models/m/images?class=2")
		waitFor(t, "the small one waits", func() bool { return h.batcher.queued() == 1 })
		goOn <- struct{}{}
		<-begun
		goOn <- struct{}{}
		if code := <-small; code != http.StatusOK {
			t.Errorf("answered %d", code)
		}
		select {
		case <-large:
			t.Error("the large request was drawn in two turns")
		default:
		}
		close(goOn)
		if code := <-large; code != http.StatusOK {
			t.Errorf("answered %d", code)
		}
	}
}

// A request whose client has gone is drawn no further, and the end of the handler waits for no other part of any.
func TestALargeRequestEndsWithItsClient(t *testing.T) {
	for _, m := range kindsOfNetwork(t) {
		h, begun, goOn := held(t, nil, m)
		ctx, leave := context.WithCancel(t.Context())
		gone := request(ctx, h, "/v1/models/m/images?class=1&count=1000")
		<-begun
		leave()
		<-gone
		stays := request(t.Context(), h, "/v1/models/m/images?class=2&count=1000")
		goOn <- struct{}{}
		if points := <-begun; points[0].Class != 2 {
			t.Error("what the client that has gone asked for is drawn on")
		}
		closed := make(chan struct{})
		go func() { h.Close(); close(closed) }()
		waitFor(t, "the batcher closes", func() bool {
			h.batcher.mutex.Lock()
			defer h.batcher.mutex.Unlock()
			return h.batcher.closed
		})
		goOn <- struct{}{}
		<-closed
		if code := <-stays; code != http.StatusServiceUnavailable || len(begun) != 0 {
			t.Errorf("answered %d, and %d more parts were drawn", code, len(begun))
		}
	}
}

// Beyond the bound requests are refused at once, and none waits.
func TestOverloadIsAnsweredAtOnce(t *testing.T) {
	h, begun, goOn := held(t, func(c *Config) { c.Queue = 3 })
	var inside []<-chan int
	for i := range 3 {
		inside = append(inside, request(t.Context(), h, fmt.Sprintf("/v1/models/digits/images?class=3&seed=%d", i)))
	}
	<-begun
	waitFor(t, "3 are inside", func() bool { return h.gate.inside() == 3 })
	begin := time.Now()
	a := ask(t, h, "GET", "/v1/models/digits/images?class=4", "")
	if a.StatusCode != http.StatusServiceUnavailable || a.Header.Get("Retry-After") == "" || time.Since(begin) > time.Second {
		t.Errorf("%s %v after %v", a.Status, a.Header, time.Since(begin))
	}
	get(t, h, "/healthz")
	get(t, h, "/v1/models")
	close(goOn)
	for _, code := range inside {
		if c := <-code; c != http.StatusOK {
			t.Errorf("answered %d", c)
		}
	}
	get(t, h, "/v1/models/digits/images?class=4")
	var big []<-chan int
	for range 5 { // 10,000 images each are more than may be under way
		big = append(big, request(t.Context(), newOverfull(t), "/v1/models/digits/images?count=1000"))
	}
	for _, code := range big {
		if c := <-code; c != http.StatusServiceUnavailable {
			t.Errorf("answered %d", c)
		}
	}
}

// newOverfull is a handler that has as many bytes under way as it may.
func newOverfull(t *testing.T) *Handler {
	h := newTest(t, nil)
	if p := (&place{gate: &h.gate}).take(maxBytes - 1); p != nil {
		t.Fatal(p)
	}
	return h
}

// Few numbers may be large pictures: their pixels count too. Each of these has 14 MB.
func TestEnlargedPicturesAreBounded(t *testing.T) {
	h, begun, goOn := held(t, nil)
	ctx, leave := context.WithCancel(t.Context())
	defer func() { leave(); close(goOn) }()
	var all []<-chan int
	for i := range 40 {
		all = append(all, request(ctx, h, fmt.Sprintf("/v1/models/digits/images?class=3&seed=%d&count=16&scale=32", i)))
	}
	<-begun
	refused := 0
	waitFor(t, "the rest is refused", func() bool {
		for _, code := range all {
			select {
			case c := <-code:
				if c != http.StatusServiceUnavailable {
					t.Errorf("answered %d", c)
				}
				refused++
			default:
			}
		}
		return refused+h.gate.inside() == len(all)
	})
	if n := h.gate.inside(); n < 10 || n > 20 {
		t.Errorf("%d of %d are inside", n, len(all))
	}
}

// asking is a body that notes whether it was asked for, and does not end before it may.
type asking struct {
	asked atomic.Bool
	end   chan struct{}
}

// Read waits.
func (a *asking) Read([]byte) (int, error) {
	a.asked.Store(true)
	<-a.end
	return 0, io.EOF
}

// A body is read once there is room for its request, which has its place from then on.
func TestABodyWaitsForAPlace(t *testing.T) {
	h := newTest(t, func(c *Config) { c.Queue = 1 })
	post := func(body io.Reader) *httptest.ResponseRecorder {
		r := httptest.NewRequest("POST", "http://localhost/v1/models/digits/images", body)
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w
	}
	first, second := &asking{end: make(chan struct{})}, &asking{end: make(chan struct{})}
	done := make(chan struct{})
	go func() { post(first); close(done) }()
	waitFor(t, "the first body is read", first.asked.Load)
	if text := string(get(t, h, "/metrics")); !strings.Contains(text, "cgan_drawings_under_way 1\n") {
		t.Error("a request whose body is read is not counted")
	}
	if w := post(second); w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" || second.asked.Load() {
		t.Errorf("answered %d, the body was asked for: %v", w.Code, second.asked.Load())
	}
	close(first.end)
	<-done
	if w := post(strings.NewReader(`{"class":3}`)); w.Code != http.StatusOK {
		t.Errorf("afterwards %d", w.Code)
	}
}

// A panic ends the request that it belongs to, and not those that are drawn with it.
func TestAPanicEndsOneRequest(t *testing.T) {
	h := newTest(t, nil)
	draw := h.batcher.draw
	var panics atomic.Int32
	h.batcher.mutex.Lock()
	h.batcher.draw = func(g *generator, points []models.Point) (models.Images, error) {
		if slices.ContainsFunc(points, func(p models.Point) bool { return p.Class == 9 }) {
			panics.Add(1)
			panic("nine")
		}
		return draw(g, points)
	}
	h.batcher.mutex.Unlock()
	var good, bad []<-chan int
	for i := range 20 {
		good = append(good, request(t.Context(), h, fmt.Sprintf("/v1/models/digits/images?class=3&seed=%d", i)))
		if i%5 == 0 {
			bad = append(bad, request(t.Context(), h, fmt.Sprintf("/v1/models/digits/images?class=9&seed=%d&count=3", i)))
		}
	}
	for _, code := range good {
		if c := <-code; c != http.StatusOK {
			t.Errorf("answered %d", c)
		}
	}
	for _, code := range bad {
		if c := <-code; c != http.StatusInternalServerError {
			t.Errorf("the one that panics is answered %d", c)
		}
	}
	if panics.Load() == 0 {
		t.Error("nothing panicked")
	}
	a := ask(t, h, "GET", "/v1/models/digits/images?class=9", "")
	var p problem
	if err := json.Unmarshal(a.body, &p); err != nil || strings.Contains(p.Detail, "nine") {
		t.Errorf("%v %s", err, a.body)
	}
}

// A panic outside of drawing, as in a handler of runs, is answered too.
func TestAPanicOfAHandlerIsAnswered(t *testing.T) {
	h := newTest(t, func(c *Config) { c.Runs = http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("runs") }) })
	if a := ask(t, h, "GET", "/v1/runs", ""); a.StatusCode != http.StatusInternalServerError || strings.Contains(string(a.body), "runs\"") {
		t.Errorf("%s %s", a.Status, a.body)
	}
	get(t, h, "/v1/models")
	if n := h.UnderWay(); n != 0 {
		t.Errorf("%d requests are under way for ever", n)
	}
}

// Models that are replaced under load are freed after the last drawing, and every answer is of one of them.
func TestReplacingUnderLoad(t *testing.T) {
	one, two := weightsOf(t, digits, 1), weightsOf(t, digits, 2)
	h := newTest(t, nil, Model{Name: "digits", Weights: one})
	const url = "/v1/models/digits/images?class=3&count=5"
	first := get(t, h, url)
	if err := h.Replace(Model{Name: "digits", Weights: two}); err != nil {
		t.Fatal(err)
	}
	second := get(t, h, url)
	end, all := make(chan struct{}), sync.WaitGroup{}
	for range 4 {
		all.Add(1)
		go func() {
			defer all.Done()
			for {
				select {
				case <-end:
					return
				default:
				}
				w := httptest.NewRecorder()
				h.ServeHTTP(w, httptest.NewRequest("GET", "http://localhost"+url, nil))
				if b := w.Body.Bytes(); !bytes.Equal(b, first) && !bytes.Equal(b, second) {
					t.Errorf("%d: an answer of neither", w.Code)
					return
				}
			}
		}()
	}
	for i := range 20 {
		if err := h.Replace(Model{Name: "digits", Weights: []*models.Weights{one, two}[i%2]}); err != nil {
			t.Error(err)
		}
	}
	close(end)
	all.Wait()
}
