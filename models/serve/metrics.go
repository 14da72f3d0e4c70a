package serve

import (
	"crypto/rand"
	"encoding/hex"
	"log/slog"
	"net/http"
	"regexp"
	"strconv"
	"sync/atomic"
	"time"

	"cgan/bindings/torch"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// metrics is what /metrics shows of a handler.
type metrics struct {
	handler  http.Handler
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	batches  prometheus.Histogram
	waits    prometheus.Histogram
	drawing  prometheus.Histogram
	underWay atomic.Int64
}

func newMetrics(b *batcher, g *gate) *metrics {
	fine := []float64{0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30}
	histogram := func(name, help string, buckets []float64) prometheus.Histogram {
		return prometheus.NewHistogram(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets})
	}
	m := &metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "cgan_requests_total", Help: "Requests that were answered."}, []string{"route", "method", "code"}),
		seconds:  prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "cgan_request_seconds", Help: "Time from a request's header to the end of its answer.", Buckets: fine}, []string{"route"}),
		batches:  histogram("cgan_batch_images", "Images that were drawn together.", []float64{1, 2, 4, 8, 16, 32, 64}),
		waits:    histogram("cgan_queue_seconds", "Time that requests waited before their drawing began.", fine),
		drawing:  histogram("cgan_drawing_seconds", "Time that a drawing took.", fine),
	}
	gauge := func(name, help string, value func() float64) prometheus.GaugeFunc {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, value)
	}
	r := prometheus.NewRegistry()
	r.MustRegister(m.requests, m.seconds, m.batches, m.waits, m.drawing,
		gauge("cgan_requests_under_way", "Requests that are being answered.", func() float64 { return float64(m.underWay.Load()) }),
		gauge("cgan_queue_requests", "Requests that wait for a drawing to begin or go on.", func() float64 {
			b.mutex.Lock()
			defer b.mutex.Unlock()
			return float64(len(b.waiting))
		}),
		gauge("cgan_drawings_under_way", "Requests for images, from before their body is read until their answer is taken.", func() float64 { return float64(g.inside()) }),
		gauge("cgan_live_tensors", "Native tensors that the process holds.", func() float64 { return float64(torch.Live()) }),
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	m.handler = promhttp.HandlerFor(r, promhttp.HandlerOpts{})
	return m
}

func (m *metrics) drew(b batchStats) {
	m.batches.Observe(float64(b.images))
	m.drawing.Observe(b.took.Seconds())
	for _, w := range b.waited {
		m.waits.Observe(w.Seconds())
	}
}

// exchange is a request and its answer, for metrics and log.
type exchange struct {
	http.ResponseWriter
	id, route string
	begin     time.Time
	counted   bool
	late      bool // it came after Drain
	answered  bool
	code      int
	bytes     int64
}

// Unwrap is for http.ResponseController.
func (e *exchange) Unwrap() http.ResponseWriter { return e.ResponseWriter }

// WriteHeader notes the status.
func (e *exchange) WriteHeader(code int) {
	if !e.answered {
		e.answered, e.code = true, code
	}
	e.ResponseWriter.WriteHeader(code)
}

// Write notes how much was written.
func (e *exchange) Write(b []byte) (int, error) {
	if !e.answered {
		e.answered, e.code = true, http.StatusOK
	}
	n, err := e.ResponseWriter.Write(b)
	e.bytes += int64(n)
	return n, err
}

// givenID is an id that a proxy may have given a request.
var givenID = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)

func (m *metrics) begin(w http.ResponseWriter, r *http.Request) *exchange {
	e := &exchange{ResponseWriter: w, begin: time.Now(), route: "other", id: r.Header.Get("X-Request-Id"), code: http.StatusOK}
	if !givenID.MatchString(e.id) {
		var random [8]byte
		_, _ = rand.Read(random[:]) // which never fails
		e.id = hex.EncodeToString(random[:])
	}
	w.Header().Set("X-Request-Id", e.id)
	switch r.URL.Path {
	case "/healthz", "/readyz", "/metrics":
	default:
		e.counted = true
		m.underWay.Add(1)
	}
	return e
}

func (m *metrics) end(log *slog.Logger, e *exchange, r *http.Request) {
	if e.counted {
		m.underWay.Add(-1)
	}
	took := time.Since(e.begin)
	m.requests.WithLabelValues(e.route, method(r.Method), strconv.Itoa(e.code)).Inc()
	m.seconds.WithLabelValues(e.route).Observe(took.Seconds())
	log.Info("request", "id", e.id, "method", r.Method, "path", r.URL.Path, "query", r.URL.RawQuery, "status", e.code,
		"bytes", e.bytes, "ms", float64(took.Microseconds())/1000, "client", r.RemoteAddr)
}

// method bounds the labels: anybody may send a method of any name.
func method(name string) string {
	switch name {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodOptions:
		return name
	}
	return "other"
}
