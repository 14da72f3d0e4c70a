package serve

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"runtime/debug"
	"sync"
	"sync/atomic"

	"cgan/bindings/torch"
	"cgan/models"
	"cgan/models/arch"
	"cgan/weights"
)

// Model is a generator and the name that it is asked for by: letters, digits, '.', '_' and '-'.
type Model struct {
	Name    string
	Weights *models.Weights // as models.Open gives it
	Device  string          // where it is drawn, as torch.ParseDevice takes it; empty for the CPU
	Kernels string          // name of the kernel set; empty for the best that this machine has
}

// ValidName is what a model may be called.
var ValidName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

// generator is one network ready to draw in one precision.
type generator struct {
	*models.Net
	config models.Config
	joins  bool // an image does not depend on what is drawn together with it
}

// served is a model with its generators by precision.
type served struct {
	Name       string         `json:"name"`
	Version    string         `json:"version"` // changes with all that an answer depends on beside its request
	Classes    models.Classes `json:"classes"`
	Noise      int            `json:"noise"` // values of noise that an image takes
	Channels   int            `json:"channels"`
	Height     int            `json:"height"`
	Width      int            `json:"width"`
	Precisions []string       `json:"precisions"`

	generators map[string]*generator
	parse      func(text string) ([]int64, error) // of Classes
}

func (s *served) values() int { return s.Channels * s.Height * s.Width }

func (s *served) free() {
	for _, g := range s.generators {
		g.Free()
	}
}

// shelf is all models that are served together. Who uses it holds it: the last to release it frees it.
type shelf struct {
	models []*served
	refs   atomic.Int32
}

func (s *shelf) hold() { s.refs.Add(1) }

func (s *shelf) release() {
	if s.refs.Add(-1) == 0 {
		s.free()
	}
}

func (s *shelf) free() {
	for _, m := range s.models {
		m.free()
	}
}

// newShelf makes the generators of all models, or of none.
func newShelf(all []Model) (*shelf, error) {
	s := &shelf{}
	s.hold()
	for _, m := range all {
		if !ValidName.MatchString(m.Name) {
			s.free()
			return nil, fmt.Errorf("a model can't be called %q: names are letters, digits, '.', '_' and '-'", m.Name)
		}
		if s.find(m.Name) != nil {
			s.free()
			return nil, fmt.Errorf("two models are called %q: give one of them another name", m.Name)
		}
		made, err := newServed(m)
		if err != nil {
			s.free()
			return nil, err
		}
		s.models = append(s.models, made)
	}
	return s, nil
}

func newServed(m Model) (*served, error) {
	if m.Weights == nil {
		return nil, fmt.Errorf("the model %q has no weights: models.Open gives them", m.Name)
	}
	image := m.Weights.Config.Image()
	s := &served{
		Name: m.Name, Classes: m.Weights.Classes, Noise: m.Weights.Config.Noise,
		Channels: int(image[0]), Height: int(image[1]), Width: int(image[2]), generators: map[string]*generator{},
	}
	if s.Classes == nil {
		s.Classes = models.Classes{} // an empty list in JSON
	}
	s.parse = s.Classes.Parser()
	for _, p := range []models.Precision{models.F32, models.BF16} {
		g, err := newGenerator(m, models.Compute{Precision: p, Kernels: m.Kernels})
		if err != nil {
			s.free()
			return nil, err
		}
		s.Precisions = append(s.Precisions, string(p))
		s.generators[string(p)] = g
	}
	err := torch.Do("ask libtorch", func() error {
		s.Version = s.version(m)
		return nil
	})
	if err != nil {
		s.free()
		return nil, err
	}
	return s, nil
}

func newGenerator(m Model, how models.Compute) (*generator, error) {
	net, err := m.Weights.LoadGenerator()
	if err != nil {
		return nil, err
	}
	device := torch.CPU
	err = torch.Do("move the generator", func() (err error) {
		if m.Device != "" {
			device, err = torch.ParseDevice(m.Device)
		}
		if err == nil {
			net.To(device)
		}
		return err
	})
	if err == nil {
		err = net.Use(how)
	}
	if err != nil {
		net.Free()
		return nil, err
	}
	return &generator{net, m.Weights.Config, net.Joins()}, nil
}

// version is a digest of all that the bytes of an answer depend on beside the request: the program, libtorch, the processor, the device,
// and what the generator is.
func (s *served) version(m Model) string {
	h, w := sha256.New(), m.Weights
	fmt.Fprintf(h, "%s %s %s %q %q\n", program(), torch.FullVersion(), torch.CPUCapability(), m.Kernels, []string(w.Classes))
	if set := (models.Compute{}).KernelSet(); set != nil { // the best one: oneDNN sees more of the processor than libtorch says
		fmt.Fprintln(h, set.Name())
	}
	for _, p := range s.Precisions {
		g := s.generators[p]
		fmt.Fprintln(h, p, g.Device())
		if !g.joins { // PyTorch's ops may share out their sums by threads
			fmt.Fprintln(h, torch.NumThreads())
		}
	}
	if a := w.Config.Arch; a != nil {
		h.Write(arch.Write(&arch.File{Generator: a.Generator}))
	}
	state := w.Average
	if state == nil {
		state = w.Generator
	}
	hashState(h, state)
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// program is a digest of the file that runs, whose version would not tell two builds apart; else what its build is known by.
var program = sync.OnceValue(func() string {
	h := sha256.New()
	path, err := os.Executable()
	if err == nil {
		var file *os.File
		if file, err = os.Open(path); err == nil {
			_, err = io.Copy(h, file)
			file.Close()
		}
	}
	if err != nil {
		info, _ := debug.ReadBuildInfo()
		return fmt.Sprint(info)
	}
	return hex.EncodeToString(h.Sum(nil))
})

func hashState(w interface{ Write([]byte) (int, error) }, state weights.StateDict) {
	for _, e := range state {
		fmt.Fprintf(w, "%q %v %v\n", e.Key, e.DType, e.Shape)
		_ = binary.Write(w, binary.LittleEndian, int64(len(e.Data)))
		_, _ = w.Write(e.Data) // a hash takes all
	}
}

func (s *shelf) find(name string) *served {
	for _, m := range s.models {
		if m.Name == name {
			return m
		}
	}
	return nil
}

// model is the one that a request names, on a shelf that the caller releases.
func (h *Handler) model(r *http.Request) (*shelf, *served, *problem) {
	shelf := h.models()
	if m := shelf.find(r.PathValue("name")); m != nil {
		return shelf, m, nil
	}
	shelf.release()
	return nil, nil, newProblem(http.StatusNotFound, "there is no model of that name: /v1/models lists them")
}

func (h *Handler) listModels(w http.ResponseWriter, r *http.Request) *problem {
	shelf := h.models()
	defer shelf.release()
	list := shelf.models
	if list == nil {
		list = []*served{}
	}
	return answerJSON(w, r, map[string]any{"models": list, "runs": h.config.Runs != nil})
}

func (h *Handler) oneModel(w http.ResponseWriter, r *http.Request) *problem {
	shelf, m, p := h.model(r)
	if p != nil {
		return p
	}
	defer shelf.release()
	return answerJSON(w, r, m)
}
