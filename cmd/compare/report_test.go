package main

import (
	"context"
	"math"
	"slices"
	"strings"
	"testing"
)

func TestVerdicts(t *testing.T) {
	for _, c := range []struct {
		goal goal
		want string
	}{
		{goal{is: atLeast, bound: 1.5, got: []float64{1.5, 1.6}}, "met"},
		{goal{is: atLeast, bound: 1.5, got: []float64{2.1, 1.4}}, "not met"},
		{goal{is: atMost, bound: 0.6, got: []float64{0.6}}, "met"},
		{goal{is: atMost, bound: 0.6, got: []float64{0.61}}, "not met"},
		{goal{is: under, bound: 1, got: []float64{1}}, "not met"},
		{goal{is: under, bound: 1, got: []float64{0.99}}, "met"},
		{goal{is: under, bound: 1, got: []float64{math.NaN()}}, "not measured"},
		{goal{is: atLeast, bound: 1, got: []float64{math.Inf(1)}}, "not measured"},
		{goal{is: atLeast, bound: 1}, "not measured"},
	} {
		if got := c.goal.verdict(); got != c.want {
			t.Errorf("%+v: %s, want %s", c.goal, got, c.want)
		}
	}
}

func TestGoalTexts(t *testing.T) {
	g := goal{is: atLeast, bound: 1.5, unit: "x", got: []float64{1.4964, 1.6}}
	if got := g.wanted(); got != "at least 1.5 x" {
		t.Error(got)
	}
	if got := g.measured(); got != "1.496, 1.6 x" {
		t.Error(got)
	}
}

func TestTableIsMarkdownInColumns(t *testing.T) {
	table := newTable(1, "", "ms")
	table.add("Python", number(368.04, 1))
	table.add("cgan – é", number(math.NaN(), 1))
	const want = "" +
		"|          |    ms |\n" +
		"|----------|------:|\n" +
		"| Python   | 368.0 |\n" +
		"| cgan – é |     - |\n"
	if got := table.String(); got != want {
		t.Errorf("got\n%s", got)
	}
}

func TestHyperthreadsAreNamed(t *testing.T) {
	for shared, want := range map[string]string{"the 2 processors are hyperthreads: there are only 1 cores": "2; the 2 processors are hyperthreads: there are only 1 cores ", "": "2 "} {
		p := fakePrograms(t)
		p.Shared = shared
		r, err := measure(context.Background(), p, plan{rounds: 1, steps: 1, quick: true})
		if err != nil {
			t.Fatal(err)
		}
		if text := r.markdown(); !strings.Contains(text, "| threads  | "+want) {
			t.Errorf("%q is missing in\n%s", want, text[:600])
		}
	}
}

func TestFactsOfTheMachine(t *testing.T) {
	model, flags := cpuModel("processor\t: 0\nmodel name\t: Some CPU @ 2 GHz\nflags\t\t: fpu avx2 amx_tile avx512f\n\nmodel name\t: other\n")
	if model != "Some CPU @ 2 GHz" || !slices.Equal(flags, []string{"avx2", "avx512f", "amx_tile"}) {
		t.Errorf("%q, %q", model, flags)
	}
	if got := memorySize("MemTotal:       25165824 kB\nMemFree: 1 kB\n"); got != "24 GiB" {
		t.Error(got)
	}
	if model, flags := cpuModel(""); model != "unknown" || flags != nil {
		t.Errorf("%q, %q", model, flags)
	}
}
