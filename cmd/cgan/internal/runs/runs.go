// Package runs shows the run folders of a training over HTTP: a page, and the JSON that it asks for. It reads nothing but regular
// files of run folders that lie in its folder themselves: no link leads out of it.
package runs

import (
	"embed"
	"encoding/json"
	"errors"
	"fmt"
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

//go:embed page
var page embed.FS

// Handler answers below /runs/ and /v1/runs.
type Handler struct {
	dir    string
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
	return &Handler{dir: whole, curves: map[string]*curve{}}, nil
}

// ServeHTTP answers one request.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.RawQuery != "" && strings.HasPrefix(r.URL.Path, "/v1/") {
		serve.Refuse(w, r, http.StatusBadRequest, "this takes no parameters")
		return
	}
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	switch {
	case parts[0] == "runs":
		h.file(w, r, strings.Join(parts[1:], "/"))
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

// file answers with a file of the page.
func (h *Handler) file(w http.ResponseWriter, r *http.Request, name string) {
	kind, ok := map[string]string{"": "text/html; charset=utf-8", "runs.js": "text/javascript; charset=utf-8"}[name]
	if !ok {
		serve.Refuse(w, r, http.StatusNotFound, "there is nothing here")
		return
	}
	if name == "" {
		name = "index.html"
	}
	content, err := page.ReadFile("page/" + name)
	if err != nil {
		panic(err) // the embedding of this package is at fault
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Cache-Control", "no-cache")
	_, _ = w.Write(content) // a client that has gone is no failure
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
}

func (h *Handler) one(w http.ResponseWriter, name string) {
	run := whole{summary: h.summary(name), Settings: map[string]any{}, Grids: h.grids(name)}
	_ = runfolder.ReadConfig(filepath.Join(h.dir, name), &run.Settings) // what can't be read is not shown
	for _, private := range []string{"data", "out", "trace"} {          // places of the machine
		if path, ok := run.Settings[private].(string); ok && path != "" {
			run.Settings[private] = filepath.Base(path)
		}
	}
	run.Curve = h.curve(name)
	writeJSON(w, run)
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

const maxGrid = 64 << 20 // bytes, far beyond what a training writes

// grid answers with the samples of a step.
func (h *Handler) grid(w http.ResponseWriter, r *http.Request, run, text string) {
	step, err := strconv.Atoi(text)
	file := fmt.Sprintf("samples-%06d.png", step)
	if err != nil || step < 0 || text != strconv.Itoa(step) || !h.regular(run, file) {
		serve.Refuse(w, r, http.StatusNotFound, "the run has no grid of that step")
		return
	}
	root, err := os.OpenRoot(filepath.Join(h.dir, run))
	if err != nil {
		serve.Refuse(w, r, http.StatusNotFound, "the run can't be read")
		return
	}
	defer func() { _ = root.Close() }()
	content, err := readWithin(root, file)
	if err != nil {
		serve.Refuse(w, r, http.StatusNotFound, "the grid can't be read")
		return
	}
	w.Header().Set("Content-Type", "image/png")
	w.Header().Set("Cache-Control", "no-cache")
	_, _ = w.Write(content)
}

// readWithin reads a file through a root, which follows no link out of it.
func readWithin(root *os.Root, name string) ([]byte, error) {
	info, err := root.Stat(name)
	if err != nil || info.Size() > maxGrid {
		return nil, errors.Join(err, errors.New("too large"))
	}
	return fs.ReadFile(root.FS(), name)
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
