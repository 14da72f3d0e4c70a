// Package runs shows the run folders of a training over HTTP: a page, and the JSON that it asks for. It reads nothing but regular
// files of run folders that lie in its folder themselves: no link leads out of it.
package runs

import (
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"cgan/models/serve"
	"cgan/train/runfolder"
)

//go:embed page/runs.html
var body string

//go:embed page/runs.js
var script []byte

// Handler answers below /runs/ and /v1/runs.
type Handler struct {
	dir    string
	page   http.Handler
	script http.Handler
	mutex  sync.Mutex
	curves map[string]*curve // by run
}

// NewHandler shows the runs in dir, a folder of run folders.
func NewHandler(dir string) (*Handler, error) {
	whole, err := filepath.EvalSymlinks(dir)
	if err == nil {
		var info fs.FileInfo
		if info, err = os.Stat(whole); err == nil && !info.IsDir() {
			err = errors.New("it is no folder")
		}
	}
	if errors.Is(err, fs.ErrNotExist) {
		err = errors.New("there is no such folder: name one that holds runs, such as runs")
	}
	if err != nil {
		return nil, err
	}
	page := serve.Page{Name: "Runs", Heading: "Runs of trainings", Script: "/runs/runs.js", Body: template.HTML(body)}
	return &Handler{dir: whole, page: page.Handler(true), script: serve.File(script, "text/javascript; charset=utf-8"), curves: map[string]*curve{}}, nil
}

// ServeHTTP answers one request.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.RawQuery != "" && strings.HasPrefix(r.URL.Path, "/v1/") {
		serve.Refuse(w, r, http.StatusBadRequest, "this takes no parameters")
		return
	}
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	switch {
	case r.URL.Path == "/runs/":
		h.page.ServeHTTP(w, r)
	case r.URL.Path == "/runs/runs.js":
		h.script.ServeHTTP(w, r)
	case parts[0] == "runs":
		serve.Refuse(w, r, http.StatusNotFound, "there is nothing here")
	case len(parts) == 2:
		writeJSON(w, map[string]any{"runs": h.list()})
	case !slices.Contains(h.names(), parts[2]):
		serve.Refuse(w, r, http.StatusNotFound, "there is no run of that name: /v1/runs lists them")
	case len(parts) == 3:
		h.one(w, parts[2])
	case len(parts) == 5 && parts[3] == "grids":
		h.grid(w, r, parts[2], parts[4])
	default:
		serve.Refuse(w, r, http.StatusNotFound, "a run has nothing of that name")
	}
}

// names are the run folders: folders, no links, with settings that are a regular file.
func (h *Handler) names() (names []string) {
	entries, _ := os.ReadDir(h.dir) // a folder that has gone holds none
	for _, e := range entries {
		if e.IsDir() && h.regular(e.Name(), "config.json") {
			names = append(names, e.Name())
		}
	}
	return names
}

// regular says that a run has a file, which is no link.
func (h *Handler) regular(run, name string) bool {
	info, err := os.Lstat(filepath.Join(h.dir, run, name))
	return err == nil && info.Mode().IsRegular()
}

// summary is a run in the list.
type summary struct {
	Name string `json:"name"`
	runfolder.Status
	Last *runfolder.Stats `json:"last,omitempty"`
}

func (h *Handler) list() []summary {
	all := []summary{}
	for _, name := range h.names() {
		all = append(all, h.summary(name))
	}
	return all
}

func (h *Handler) summary(name string) summary {
	dir := filepath.Join(h.dir, name)
	s := summary{Name: name, Status: runfolder.Status{State: runfolder.Unknown}}
	if h.regular(name, "status.json") {
		s.Status = runfolder.ReadStatus(dir)
	}
	if h.regular(name, "stats.jsonl") {
		if last, ok := runfolder.LastStats(dir); ok {
			s.Last = &last
		}
	}
	return s
}

// whole is all that the page shows of a run.
type whole struct {
	summary
	Settings map[string]any `json:"settings"`
	Grids    []int          `json:"grids"` // steps that have one
	Curve    []point        `json:"curve"`
	Figures  map[string]any `json:"figures,omitempty"` // what cgan eval --json said, where it was kept as eval.json
}

func (h *Handler) one(w http.ResponseWriter, name string) {
	run := whole{summary: h.summary(name), Settings: map[string]any{}, Grids: h.grids(name)}
	_ = runfolder.ReadConfig(filepath.Join(h.dir, name), &run.Settings) // what can't be read is not shown
	withoutPlaces(run.Settings)
	run.Curve = h.curve(name)
	if text, err := h.read(name, "eval.json"); err == nil && json.Unmarshal(text, &run.Figures) == nil {
		delete(run.Figures, "file") // a place of the machine
	}
	writeJSON(w, run)
}

// withoutPlaces leaves the last name of each path in settings, whichever they are: where it lies on the machine is nobody's business.
func withoutPlaces(setting any) any {
	switch v := setting.(type) {
	case string:
		if strings.ContainsRune(v, filepath.Separator) {
			return filepath.Base(v)
		}
	case []any:
		for i := range v {
			v[i] = withoutPlaces(v[i])
		}
	case map[string]any:
		for name := range v {
			v[name] = withoutPlaces(v[name])
		}
	}
	return setting
}

var gridName = regexp.MustCompile(`^samples-([0-9]{6,})\.png$`)

func (h *Handler) grids(name string) []int {
	steps := []int{}
	entries, _ := os.ReadDir(filepath.Join(h.dir, name))
	for _, e := range entries {
		if found := gridName.FindStringSubmatch(e.Name()); found != nil && e.Type().IsRegular() {
			if step, err := strconv.Atoi(found[1]); err == nil {
				steps = append(steps, step)
			}
		}
	}
	slices.Sort(steps)
	return steps
}

// grid answers with the samples of a step.
func (h *Handler) grid(w http.ResponseWriter, r *http.Request, run, text string) {
	step, err := strconv.Atoi(text)
	if err != nil || step < 0 || text != strconv.Itoa(step) {
		serve.Refuse(w, r, http.StatusNotFound, "the run has no grid of that step")
		return
	}
	content, err := h.read(run, fmt.Sprintf("samples-%06d.png", step))
	if err != nil {
		serve.Refuse(w, r, http.StatusNotFound, "the run has no grid of that step")
		return
	}
	w.Header().Set("Content-Type", "image/png")
	w.Header().Set("Cache-Control", "no-cache")
	_, _ = w.Write(content) // a client that has gone is no failure
}

const maxFile = 64 << 20 // bytes, far beyond what a training writes

// read reads a regular file of a run through a root, which follows no link out of it.
func (h *Handler) read(run, name string) ([]byte, error) {
	if !h.regular(run, name) {
		return nil, fs.ErrNotExist
	}
	root, err := os.OpenRoot(filepath.Join(h.dir, run))
	if err != nil {
		return nil, err
	}
	defer func() { _ = root.Close() }()
	file, err := root.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	content, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	if len(content) > maxFile {
		err = errors.New("too large")
	}
	return content, err
}

func writeJSON(w http.ResponseWriter, value any) {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err) // it was read from JSON
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write(append(text, '\n'))
}
