package torch

import (
	"cgan/bindings/libtorch"

	"github.com/sugarme/gotch/libtch"
)

// ManualSeed seeds the default generator of every device that is in use.
func ManualSeed(seed int64) { must("manual_seed", libtorch.ManualSeed(seed, cudaLoaded.Load())) }

// Randn draws a float32 tensor of standard normal values from the default generator.
func Randn(size []int64, device Device) *Tensor {
	return call("randn", nil, func(out *libtch.Ctensor, _ []libtch.Ctensor) {
		libtch.AtgRandn(out, size, len(size), int32(Float32), int32(device))
	})
}

// Rand draws a float32 tensor of values from 0 to below 1 from the default generator.
func Rand(size []int64, device Device) *Tensor {
	return call("rand", nil, func(out *libtch.Ctensor, _ []libtch.Ctensor) {
		libtch.AtgRand(out, size, len(size), int32(Float32), int32(device))
	})
}

// Normal_ draws every value in place from the standard normal distribution with the default generator.
func (t *Tensor) Normal_() *Tensor {
	return update("normal_", []*Tensor{t}, func(out *libtch.Ctensor, in []libtch.Ctensor) { libtch.AtgNormal_(out, in[0], 0, 1) })
}

// Randint draws an int64 tensor of values from 0 to high-1 from the default generator.
func Randint(high int64, size []int64, device Device) *Tensor {
	return call("randint", nil, func(out *libtch.Ctensor, _ []libtch.Ctensor) {
		libtch.AtgRandint(out, high, size, len(size), int32(Int64), int32(device))
	})
}

// RandomSeed draws one int64 from 0 to 2^63-1 from the default generator, as the samplers of
// torch.utils.data do: torch.empty((), dtype=torch.int64).random_().
func RandomSeed() int64 {
	t := ScalarTensor(0, Int64, CPU)
	update("random_", []*Tensor{t}, func(out *libtch.Ctensor, in []libtch.Ctensor) { libtch.AtgRandom_(out, in[0]) })
	return t.Int64s()[0]
}

// RNGState is the state of the device's default generator, uint8 on the CPU: torch.get_rng_state(), and
// torch.cuda.get_rng_state() for CUDA.
func RNGState(device Device) *Tensor {
	return Native("get_rng_state", nil, func(out *libtorch.Handle, _ []libtorch.Handle) error {
		return libtorch.RNGState(int(device), out)
	})
}

// SetRNGState puts the device's default generator into a state that RNGState gave.
func SetRNGState(state *Tensor, device Device) {
	const op = "set_rng_state"
	must(op, libtorch.SetRNGState(int(device), handle(op, state)), state)
}

// Generator is a random number generator of its own, on the CPU.
type Generator struct{ native libtorch.Generator }

// NewGenerator makes a generator with the given seed. Free it.
func NewGenerator(seed int64) *Generator {
	native, err := libtorch.NewGenerator(seed)
	must("Generator", err)
	return &Generator{native}
}

// Free ends the generator.
func (g *Generator) Free() {
	must("free Generator", libtorch.FreeGenerator(g.native))
	g.native = nil
}

// Randn draws a float32 CPU tensor of standard normal values.
func (g *Generator) Randn(size []int64) *Tensor {
	return Native("randn", nil, func(out *libtorch.Handle, _ []libtorch.Handle) error {
		return libtorch.Randn(size, g.native, out)
	})
}

// Rand draws a float32 CPU tensor of values from 0 to below 1.
func (g *Generator) Rand(size []int64) *Tensor {
	return Native("rand", nil, func(out *libtorch.Handle, _ []libtorch.Handle) error {
		return libtorch.Rand(size, g.native, out)
	})
}

// Randperm draws a permutation of 0..n-1, int64 [n].
func (g *Generator) Randperm(n int64) *Tensor {
	return Native("randperm", nil, func(out *libtorch.Handle, _ []libtorch.Handle) error {
		return libtorch.Randperm(n, g.native, out)
	})
}
