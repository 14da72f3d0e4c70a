package serve

import (
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"cgan/models"
)

// Config is how a Handler behaves.
type Config struct {
	Hosts   []string // names by which it may be called, beside localhost and addresses in digits
	Tokens  []string // one of these a request must carry, but for the page itself and the probes; none lets everybody in
	Origins []string // other pages that may call it, as "https://example.org"
	Queue   int      // requests that may be under way at once; more are answered 503
	Log     *slog.Logger
	Reload  func() ([]Model, error) // opens the models anew for POST /v1/reload; nil for none
	Runs    http.Handler            // answers below /runs/ and /v1/runs, behind the same guard; nil for none
}

// Default is for a program that serves itself: no tokens, 256 requests at once, no log.
func Default() Config { return Config{Queue: 256, Log: slog.New(slog.DiscardHandler)} }

// Validate says which value can't be, and what it must be.
func (c Config) Validate() error {
	if c.Queue < 1 || c.Queue > maxQueue {
		return &models.FieldError{Field: "queue", Problem: fmt.Sprintf("is %d: it must be from 1 to %d", c.Queue, maxQueue)}
	}
	for _, t := range c.Tokens {
		if !ValidToken.MatchString(t) {
			return &models.FieldError{Field: "token", Problem: "must be letters, digits and signs of ASCII, without spaces"}
		}
	}
	for _, h := range c.Hosts {
		if !hostForm.MatchString(hostName(h)) {
			return &models.FieldError{Field: "host", Problem: fmt.Sprintf("is %q: it must be a name without a port, such as cgan.example.org", h)}
		}
	}
	for _, o := range c.Origins {
		if originOf(o) == "" {
			return &models.FieldError{Field: "cors", Problem: fmt.Sprintf("is %q: it must be an origin such as https://example.org", o)}
		}
	}
	if c.Log == nil {
		return &models.FieldError{Field: "log", Problem: "is nil: Default has one that drops all"}
	}
	return nil
}

// ValidToken is what a token may be.
var ValidToken = regexp.MustCompile("^[!-~]+$")

// hostForm is a name as browsers send it, whose letters are those of ASCII.
var hostForm = regexp.MustCompile(`^[a-z0-9_-]+(\.[a-z0-9_-]+)*$`)

const (
	maxQueue = 65536
	maxBody  = 1 << 20          // bytes of a POST
	maxBytes = 256 << 20        // of all requests that are under way: those of more are answered 503
	patience = 30 * time.Second // for an image to be drawn, and then again for the client to take the answer
)

// Handler is the API and the page. Close it when no request comes any more.
type Handler struct {
	config  Config
	guard   guard
	routes  *http.ServeMux
	gate    gate
	batcher *batcher
	metrics *metrics

	draining  atomic.Bool
	reloading sync.Mutex
	mutex     sync.Mutex
	current   *shelf
}

// NewHandler serves models, whose generators it makes. The error names the model that can't be drawn with.
func NewHandler(c Config, all ...Model) (*Handler, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	shelf, err := newShelf(all)
	if err != nil {
		return nil, err
	}
	h := &Handler{config: c, guard: newGuard(c), current: shelf}
	h.gate = gate{mostRequests: c.Queue, mostBytes: maxBytes}
	h.batcher = newBatcher(func(b batchStats) { h.metrics.drew(b) })
	h.metrics = newMetrics(h.batcher, &h.gate)
	h.routes = h.newRoutes()
	return h, nil
}

// Replace serves other models from now on. Requests that are under way end with the models that they began with. After an error
// those from before are served on.
func (h *Handler) Replace(all ...Model) error {
	shelf, err := newShelf(all)
	if err != nil {
		return err
	}
	h.mutex.Lock()
	before := h.current
	h.current = shelf
	h.mutex.Unlock()
	before.release()
	return nil
}

// Reload is Replace with what Config.Reload opens. One reload runs at a time; the others wait.
func (h *Handler) Reload() error {
	if h.config.Reload == nil {
		return errors.New("there is nothing to read models from")
	}
	h.reloading.Lock()
	defer h.reloading.Unlock()
	all, err := h.config.Reload()
	if err != nil {
		return err
	}
	return h.Replace(all...)
}

// Drain makes /readyz say that no more requests should come, and refuses drawings of those that still do. What is under way goes on.
func (h *Handler) Drain() { h.draining.Store(true) }

// UnderWay is how many requests are being answered, without probes and metrics.
func (h *Handler) UnderWay() int { return int(h.metrics.underWay.Load()) }

// Close ends the drawing and frees the generators.
func (h *Handler) Close() {
	h.batcher.close()
	h.mutex.Lock()
	defer h.mutex.Unlock()
	h.current.release()
	h.current = &shelf{}
	h.current.hold()
}

// models holds the present shelf until release is called.
func (h *Handler) models() *shelf {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	h.current.hold()
	return h.current
}

// ServeHTTP answers one request.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	e := h.metrics.begin(w, r)
	e.late = h.draining.Load()
	w.Header().Set("X-Request-Id", e.id)
	defer h.end(e, r)
	setHeaders(w.Header(), r.TLS != nil)
	if p := h.guard.check(e, r); p != nil {
		p.write(e, r)
		return
	}
	if e.answered { // a preflight
		return
	}
	h.routes.ServeHTTP(e, r)
}

// end notes a request, and ends it alone where it panicked.
func (h *Handler) end(e *exchange, r *http.Request) {
	switch failure := recover(); failure {
	case nil:
	case http.ErrAbortHandler:
		h.metrics.end(h.config.Log, e, r)
		panic(failure) // net/http cuts the connection
	default:
		h.config.Log.Error("panic", "id", e.id, "cause", fmt.Sprint(failure), "stack", stack())
		if e.answered {
			h.metrics.end(h.config.Log, e, r)
			panic(http.ErrAbortHandler) // or a cut answer would look whole
		}
		internal().write(e, r)
	}
	h.metrics.end(h.config.Log, e, r)
}

func (h *Handler) newRoutes() *http.ServeMux {
	mux := http.NewServeMux()
	handle := func(path, methods string, answer func(http.ResponseWriter, *http.Request) *problem) {
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			if e, ok := w.(*exchange); ok {
				e.route = strings.TrimSuffix(path, "{$}")
			}
			if !slices.Contains(strings.Split(methods, ", "), r.Method) {
				w.Header().Set("Allow", methods)
				newProblem(http.StatusMethodNotAllowed, "this takes "+methods).write(w, r)
				return
			}
			if p := answer(w, r); p != nil {
				p.write(w, r)
			}
		})
	}
	const read = "GET, HEAD"
	handle("/v1/models", read, h.listModels)
	handle("/v1/models/{name}", read, h.oneModel)
	handle("/v1/models/{name}/images", "GET, HEAD, POST", h.images)
	handle("/v1/models/{name}/interpolation", read, h.interpolation)
	handle("/v1/reload", "POST", h.reload)
	handle("/healthz", read, h.healthz)
	handle("/readyz", read, h.readyz)
	by := func(path string, other http.Handler) {
		handle(path, read, func(w http.ResponseWriter, r *http.Request) *problem { other.ServeHTTP(w, r); return nil })
	}
	by("/metrics", h.metrics.handler)
	by("/openapi.json", File(embedded("openapi.json"), "application/json"))
	by("/{$}", Page{Name: "Images", Heading: "Images by class and seed", Script: "/images.js", Body: template.HTML(embedded("page/images.html"))}.Handler(h.config.Runs != nil))
	by("/page.css", File(embedded("page/page.css"), "text/css; charset=utf-8"))
	by("/page.js", File(embedded("page/page.js"), "text/javascript; charset=utf-8"))
	by("/images.js", File(embedded("page/images.js"), "text/javascript; charset=utf-8"))
	by("/icon.svg", File(embedded("page/icon.svg"), "image/svg+xml"))
	if h.config.Runs != nil {
		by("/runs/", h.config.Runs)
		by("/v1/runs", h.config.Runs)
		by("/v1/runs/", h.config.Runs)
	}
	handle("/", "GET, HEAD, POST", func(http.ResponseWriter, *http.Request) *problem {
		return newProblem(http.StatusNotFound, "there is nothing here: /openapi.json lists what is")
	})
	return mux
}

func (h *Handler) healthz(w http.ResponseWriter, r *http.Request) *problem {
	return answerJSON(w, r, status{"ok"})
}

// readyz says whether requests should come.
func (h *Handler) readyz(w http.ResponseWriter, r *http.Request) *problem {
	if h.draining.Load() {
		return newProblem(http.StatusServiceUnavailable, "this server is ending").after(1)
	}
	return answerJSON(w, r, status{"ready"})
}

type status struct {
	Status string `json:"status"`
}

func (h *Handler) reload(w http.ResponseWriter, r *http.Request) *problem {
	if len(h.config.Tokens) == 0 {
		w.Header().Set("WWW-Authenticate", `Bearer realm="cgan"`)
		return newProblem(http.StatusUnauthorized, "models are loaded anew only for who carries a token, and this server has none")
	}
	if h.config.Reload == nil {
		return newProblem(http.StatusNotFound, "this server has nothing to read models from")
	}
	if err := h.Reload(); err != nil { // whose text has paths of the machine: it is for the log
		h.config.Log.Error("reload", "id", w.Header().Get("X-Request-Id"), "cause", err.Error())
		return newProblem(http.StatusConflict, "the models could not be read, and those from before are served on: the log says why")
	}
	h.config.Log.Info("reload", "id", w.Header().Get("X-Request-Id"))
	return h.listModels(w, r)
}

// writeWhole writes an answer that is in memory. A client that does not take it in time is left.
func writeWhole(w http.ResponseWriter, r *http.Request, content []byte) {
	w.Header().Set("Content-Length", strconv.Itoa(len(content)))
	if r.Method == http.MethodHead {
		return
	}
	// What can't have a deadline, as a recorder in a test, needs none.
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(patience))
	_, _ = w.Write(content) // a client that has gone is no failure of ours
}
