package serve

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
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
		w := weightsOf(t, c, 1)
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
func held(t *testing.T, change func(*Config)) (h *Handler, begun chan []models.Point, goOn chan struct{}) {
	h = newTest(t, change)
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

// A request for many images lets the others in between.
func TestALargeRequestTakesTurns(t *testing.T) {
	h, begun, goOn := held(t, nil)
	large := request(t.Context(), h, "/v1/models/digits/images?class=1&count=1000")
	<-begun
	small := request(t.Context(), h, "/v1/models/digits/images?class=2")
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

// newOverfull is a handler that has as many numbers under way as it may.
func newOverfull(t *testing.T) *Handler {
	h := newTest(t, nil)
	if !h.gate.enter(4*maxValues - 1) {
		t.Fatal("the gate is shut")
	}
	return h
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
