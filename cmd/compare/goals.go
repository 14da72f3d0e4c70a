package main

import (
	"fmt"
	"math"
)

// relation is how a measured number stands to a goal's bound.
type relation string

const (
	atLeast relation = "at least"
	atMost  relation = "at most"
	under   relation = "under"
)

// goal is one promise. All of got must keep it; where there are two, they are by minimum and by median.
type goal struct {
	what     string
	is       relation
	bound    float64
	unit     string
	got      []float64
	moonshot float64 // 0 for none
}

// verdict says whether the numbers keep the promise; one that is missing keeps none.
func (g goal) verdict() string {
	for _, x := range g.got {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return "not measured"
		}
	}
	switch {
	case len(g.got) == 0:
		return "not measured"
	case !g.reaches(g.bound):
		return "not met"
	case g.moonshot != 0 && g.reaches(g.moonshot):
		return "met, the moonshot too"
	}
	return "met"
}

func (g goal) reaches(bound float64) bool {
	for _, x := range g.got {
		if g.is == atLeast && x < bound || g.is == atMost && x > bound || g.is == under && x >= bound {
			return false
		}
	}
	return true
}

func (g goal) wanted() string {
	text := fmt.Sprintf("%s %g %s", g.is, g.bound, g.unit)
	if g.moonshot != 0 {
		text += fmt.Sprintf("; moonshot %g %s", g.moonshot, g.unit)
	}
	return text
}

// measured has more digits than a bound, so that a near miss does not look like a hit.
func (g goal) measured() (text string) {
	for i, x := range g.got {
		if i > 0 {
			text += ", "
		}
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return "-"
		}
		text += fmt.Sprintf("%.4g", x)
	}
	return text + " " + g.unit
}

// shareBF16 is what bf16 shall reach of the matrix product's rate, in percent.
const shareBF16 = 60

// goals are what cgan wants to reach.
func (r results) goals() []goal {
	t, d, s := r.training, r.drawing, r.starts
	goals := []goal{
		{"train f32, against Python", atLeast, 1.5, "x", both(t.f32.ratio(t.python)), 2},
		{"train bf16, against Python", atLeast, 2.2, "x", both(t.bf16.ratio(t.python)), 3},
		{"train bf16, against the best tuned Python", atLeast, 1.4, "x", both(t.bf16.ratio(t.best())), 0},
		{"share of the matrix product's rate, f32", atLeast, 80, "%", both(t.f32.summary().share()), 0},
		{"share of the matrix product's rate, bf16", atLeast, shareBF16, "%", both(t.bf16.summary().share()), 0},
		{"draw f32, against Python", atLeast, 2, "x", both(d.f32.ratio(d.python)), 0},
		{"draw bf16, against Python", atLeast, 3, "x", both(d.bf16.ratio(d.python)), 0},
		{"first PNG, against Python", atLeast, 8, "x", both(s.python.least()/s.cgan.least(), s.python.middle()/s.cgan.middle()), 0},
		{"first PNG, from the command on", under, 0.5, "s", both(s.cgan.least(), s.cgan.middle()), 0},
		{"peak memory of training f32, against Python", atMost, 0.6, "x", []float64{t.memory(t.f32)}, 0},
		{"peak memory of training bf16, against Python", atMost, 0.6, "x", []float64{t.memory(t.bf16)}, 0},
		{"time around the steps: data, log, loop; f32", under, 1, "%", []float64{t.f32.summary().overhead}, 0},
		{"time around the steps: data, log, loop; bf16", under, 1, "%", []float64{t.bf16.summary().overhead}, 0},
	}
	if !r.quick {
		goals = append(goals, r.images.goals()...)
	}
	return goals
}

func (r images) goals() []goal {
	rgb64 := r.rgb64
	return []goal{
		{"train 64x64 RGB f32, against Python", atLeast, 2, "x", both(rgb64[1].ratio(rgb64[0])), 0},
		{"train 64x64 RGB bf16, against Python, where there is AMX", atLeast, 5, "x", both(rgb64[2].ratio(rgb64[0])), 0},
		{"a step of 1,000 classes beside one of 10, f32", atMost, 1.1, "x", r.growth(1), 0},
		{"a step of 1,000 classes beside one of 10, bf16", atMost, 1.1, "x", r.growth(2), 0},
	}
}

func both(byMin, byMedian float64) []float64 { return []float64{byMin, byMedian} }

// share is how much of the machine's matrix product a step reaches, in percent.
func (s summary) share() (byMin, byMedian float64) {
	return 100 * s.gflopsBest / s.matmulBest, 100 * s.gflops / s.matmul
}

// memory is the peak of c beside that of Python as written.
func (t training) memory(c *contender) float64 { return c.summary().rss / t.python.summary().rss }
