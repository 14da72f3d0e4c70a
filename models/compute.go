package models

import (
	"fmt"
	"slices"
	"strings"

	"cgan/bindings/kernels"
	"cgan/bindings/nn"
	"cgan/bindings/torch"
)

// SpeedUp is one thing that makes the default mode faster than exact mode, and that can be left out.
type SpeedUp string

// The speed-ups. SpeedUps says what each does.
const (
	Pages   SpeedUp = "pages"
	Grads   SpeedUp = "grads"
	Kernels SpeedUp = "kernels"
	Tiles   SpeedUp = "tiles"
	Wide    SpeedUp = "wide"
	Pairs   SpeedUp = "pairs"
	Labels  SpeedUp = "labels"
	Norm    SpeedUp = "norm"
	Adam    SpeedUp = "adam"
	Graph   SpeedUp = "graph"
)

// SpeedUpInfo is a speed-up and what it does, for people.
type SpeedUpInfo struct {
	Name SpeedUp `json:"name"`
	Does string  `json:"does"`
}

// SpeedUps lists all of them. Exact mode has none but Pages, which moves no bit.
var SpeedUps = []SpeedUpInfo{
	{Pages, "big tensors leave their memory to the next ones, in huge pages"},
	{Grads, "no gradients of D's parameters in G's step, where the original throws them away"},
	{Kernels, "convolutions of cgan's own, on images that lie pixel by pixel; on CUDA cuDNN's on such images"},
	{Tiles, "their products on the tile unit (AMX), else on vectors"},
	{Wide, "their products on vectors of 512 bits (AVX-512), else of 256 (AVX2)"},
	{Pairs, "bfloat16 multiplied by pairs (AVX-512 BF16, Arm BF16), else as float32"},
	{Labels, "label planes as one map for each class, not as channels to convolve"},
	{Norm, "BatchNorm and its activation in one op with the convolution before them"},
	{Adam, "Adam on all parameters in one pass"},
	{Graph, "on CUDA, all launches of a training step as one graph"},
}

// Precision is the type that convolutions multiply.
type Precision string

// The precisions: float32, and bfloat16 as under torch.autocast.
const (
	F32  Precision = "f32"
	BF16 Precision = "bf16"
)

// DType is the type of the values.
func (p Precision) DType() torch.DType {
	if p == BF16 {
		return torch.BFloat16
	}
	return torch.Float32
}

// Compute is how numbers are computed: as PyTorch does, or faster. Nothing of it is global: networks of different
// settings run at once in one process. The zero value, with F32 for an empty precision, is the fast mode.
type Compute struct {
	Exact     bool      `json:"exact"`             // the original's ops in the original's order, for the same bits
	Precision Precision `json:"precision"`         // what convolutions multiply
	Without   []SpeedUp `json:"without"`           // speed-ups to leave out
	Kernels   string    `json:"kernels,omitempty"` // name of the kernel set; empty for the best that this machine has
}

// Validate says which value can't be, or can't be together with another.
func (c Compute) Validate() error {
	if c.Precision != "" && c.Precision != F32 && c.Precision != BF16 {
		return &FieldError{"precision", fmt.Sprintf("is %q: it must be f32 or bf16", c.Precision)}
	}
	if c.Exact && c.Precision == BF16 {
		return &FieldError{"exact", "is float32: leave it out, or the precision bf16"}
	}
	var known []string
	for _, s := range SpeedUps {
		known = append(known, string(s.Name))
	}
	for _, name := range c.Without {
		if !slices.Contains(known, string(name)) {
			return &FieldError{"without", fmt.Sprintf("names %q: there are %s", name, strings.Join(known, ", "))}
		}
	}
	if c.Kernels != "" {
		if _, err := kernels.Find(c.Kernels); err != nil {
			return &FieldError{"kernels", "can't be used: " + err.Error()}
		}
		if !c.Exact && slices.Contains(c.leftOut(), c.Kernels) {
			return &FieldError{"without", fmt.Sprintf("leaves out the kernels %s, which are asked for: give one of the two", c.Kernels)}
		}
	}
	return nil
}

// Uses says whether a speed-up is in use.
func (c Compute) Uses(s SpeedUp) bool {
	return (!c.Exact || s == Pages) && !slices.Contains(c.Without, s)
}

// KernelSet is the set that convolutions run on, or nil for PyTorch's own ops.
func (c Compute) KernelSet() *kernels.Set {
	if !c.Uses(Kernels) {
		return nil
	}
	return c.set()
}

// AdamKernels is the set that Adam runs on, or nil for PyTorch's own ops.
func (c Compute) AdamKernels() *kernels.Set {
	if !c.Uses(Adam) {
		return nil
	}
	return c.set()
}

// set is the set of Compute.Kernels, or the best one that is not left out. Validate has seen that it exists.
func (c Compute) set() *kernels.Set {
	if c.Kernels != "" {
		set, _ := kernels.Find(c.Kernels)
		return set
	}
	return kernels.Best(c.leftOut()...)
}

// leftOut names the kernel sets that the speed-ups left out stand for.
func (c Compute) leftOut() (names []string) {
	if !c.Uses(Tiles) {
		names = append(names, "amx")
	}
	if !c.Uses(Pairs) {
		names = append(names, "neon_bf16")
	}
	if !c.Uses(Wide) || !c.Uses(Pairs) {
		names = append(names, "avx512_bf16")
	}
	if !c.Uses(Wide) {
		names = append(names, "avx512")
	}
	return names
}

// Fast is how networks run with it.
func (c Compute) Fast() nn.Fast {
	return nn.Fast{Kernels: c.KernelSet(), Norm: c.Uses(Norm), ChannelsLast: c.Uses(Kernels), BFloat16: c.Precision == BF16}
}

// FieldError is a setting with a value that it can't have. Who took the value from a person adds how they gave it.
type FieldError struct{ Field, Problem string }

// Error is the field and its problem.
func (e *FieldError) Error() string { return e.Field + " " + e.Problem }
