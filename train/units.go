package train

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"cgan/bindings/nn"
)

// Unit is one thing that makes the default mode faster than exact mode, and that can be left out.
type Unit struct{ Name, Does string }

// Units lists all of them. Exact mode has none.
var Units = []Unit{
	{"pages", "one heap that keeps its memory, in huge pages"},
	{"grads", "no gradients of D's parameters in G's step, where the original throws them away"},
	{"kernels", "convolutions of cgan's own, on images that lie pixel by pixel"},
	{"tiles", "their products on the tile unit (AMX), else on vectors"},
	{"wide", "their products on vectors of 512 bits (AVX-512), else of 256 (AVX2)"},
	{"labels", "label planes as one map for each class, not as channels to convolve"},
	{"norm", "BatchNorm and its activation in one pass"},
	{"adam", "Adam on all parameters in one pass"},
}

// checkSpeed says what Precision, Without and Exact can't be, or can't be together.
func (c Config) checkSpeed() error {
	if c.Precision != "f32" && c.Precision != "bf16" {
		return fmt.Errorf("--precision is %q: it must be f32 or bf16", c.Precision)
	}
	if c.Exact && c.Precision == "bf16" {
		return errors.New("--exact is float32: leave out --precision bf16 or --exact")
	}
	var known []string
	for _, u := range Units {
		known = append(known, u.Name)
	}
	for _, name := range c.Without {
		if !slices.Contains(known, name) {
			return fmt.Errorf("--without names %q: there are %s", name, strings.Join(known, ", "))
		}
	}
	return nil
}

// has says whether c uses the unit.
func (c Config) has(unit string) bool { return !c.Exact && !slices.Contains(c.Without, unit) }

// fast is how the networks run.
func (c Config) fast() nn.Fast {
	return nn.Fast{Kernels: c.has("kernels"), Norm: c.has("norm"), BFloat16: c.Precision == "bf16"}
}
