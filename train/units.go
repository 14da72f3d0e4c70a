package train

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"cgan/bindings/nn"
	"cgan/bindings/torch"
)

// Unit is one thing that makes the default mode faster than exact mode, and that can be left out.
type Unit struct {
	Name string `json:"name"`
	Does string `json:"does"`
}

// Units lists all of them. Exact mode has none but pages, which moves no bit.
var Units = []Unit{
	{"pages", "big tensors leave their memory to the next ones, in huge pages"},
	{"grads", "no gradients of D's parameters in G's step, where the original throws them away"},
	{"kernels", "convolutions of cgan's own, on images that lie pixel by pixel"},
	{"tiles", "their products on the tile unit (AMX), else on vectors"},
	{"wide", "their products on vectors of 512 bits (AVX-512), else of 256 (AVX2)"},
	{"labels", "label planes as one map for each class, not as channels to convolve"},
	{"norm", "BatchNorm and its activation in one op with the convolution in front of them"},
	{"adam", "Adam on all parameters in one pass"},
}

// Arithmetic is how numbers are computed: as PyTorch does, or faster.
type Arithmetic struct {
	Exact     bool     `json:"exact"`     // the original's ops in the original's order
	Precision string   `json:"precision"` // what convolutions multiply: f32 or bf16
	Without   []string `json:"without"`   // names of Units to leave out
}

// Validate says what the values can't be, or can't be together.
func (a Arithmetic) Validate() error {
	if a.Precision != "f32" && a.Precision != "bf16" {
		return fmt.Errorf("--precision is %q: it must be f32 or bf16", a.Precision)
	}
	if a.Exact && a.Precision == "bf16" {
		return errors.New("--exact is float32: leave out --precision bf16 or --exact")
	}
	var known []string
	for _, u := range Units {
		known = append(known, u.Name)
	}
	for _, name := range a.Without {
		if !slices.Contains(known, name) {
			return fmt.Errorf("--without names %q: there are %s", name, strings.Join(known, ", "))
		}
	}
	return nil
}

// has says whether the unit is in use.
func (a Arithmetic) has(unit string) bool { return !a.Exact && !slices.Contains(a.Without, unit) }

// Settle prepares libtorch, for the whole process, and gives the device; 0 threads leave libtorch its own number. It
// runs inside torch.Do, before any tensor that shall be fast is made.
func (a Arithmetic) Settle(threads int, device string) (torch.Device, error) {
	if !slices.Contains(a.Without, "pages") { // exact mode too: it moves no bit
		torch.KeepPages()
	}
	torch.ChooseKernels(a.has("tiles"), a.has("wide"))
	if threads > 0 {
		torch.SetNumThreads(threads)
	}
	return torch.ParseDevice(device)
}

// Fast is how networks run with it.
func (a Arithmetic) Fast() nn.Fast {
	return nn.Fast{Kernels: a.has("kernels"), Norm: a.has("norm"), BFloat16: a.Precision == "bf16"}
}
