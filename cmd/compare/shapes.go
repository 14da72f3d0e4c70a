package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
)

// convolution is one on cgan's kernels and on libtorch's own ops in the same process, as `cgan bench --mode shapes` times it.
type convolution struct {
	Name     string  `json:"name"`
	Kernels  float64 `json:"kernels_ms"`
	Libtorch float64 `json:"libtorch_ms"`
	Ratio    float64 `json:"x"`
}

// shapes are the same convolutions in both precisions, the worst for cgan first.
type shapes struct{ f32, bf16 []convolution }

func timeShapes(ctx context.Context, p *programs) (s shapes, err error) {
	for _, each := range []struct {
		precision string
		to        *[]convolution
	}{{"f32", &s.f32}, {"bf16", &s.bf16}} {
		fmt.Fprintln(os.Stderr, "shapes,", each.precision)
		command := []string{p.cgan, "bench", "--mode", "shapes", "--json", "--threads", strconv.Itoa(p.Threads), "--device", p.device, "--precision", each.precision}
		if err := outputJSON(ctx, each.to, command...); err != nil {
			return s, err
		}
		if len(*each.to) == 0 {
			return s, fmt.Errorf("%v: no shapes", command)
		}
	}
	return s, nil
}

const worstShapes = 5

func (s shapes) markdown() string {
	t := newTable(1, "convolution and LeakyReLU", "libtorch ms", "cgan ms", "x")
	for _, each := range []struct {
		precision string
		all       []convolution
	}{{"f32", s.f32}, {"bf16", s.bf16}} {
		for _, w := range each.all[:min(worstShapes, len(each.all))] {
			t.add(each.precision+", "+w.Name, number(w.Libtorch, 3), number(w.Kernels, 3), number(w.Ratio, 2))
		}
	}
	return fmt.Sprintf("### Other shapes\n\n%d convolutions, forward alone and forward and back, on the kernels and on libtorch's own ops, which in bf16\n"+
		"multiply bfloat16 too. The middle one is %s times faster in f32, %s in bf16. These are the slowest beside libtorch's:\n\n%s",
		len(s.f32), number(s.f32[len(s.f32)/2].Ratio, 1), number(s.bf16[len(s.bf16)/2].Ratio, 1), t)
}
