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
	what  string
	is    relation
	bound float64
	unit  string
	got   []float64
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
	return fmt.Sprintf("%s %g %s", g.is, g.bound, g.unit)
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

// column is what cgan wants to reach on the processors of one kernel set; 0 where nothing is asked.
type column struct {
	trainF32, trainBF16, tunedBF16                           float64 // times as fast as Python, as written and best tuned
	shareF32, shareBF16                                      float64 // of the processor's peak, in percent
	drawF32, drawBF16, tunedDraw, trainRGB64, trainRGB64BF16 float64
}

var columns = map[string]column{
	"amx":         {3, 9, 4.5, 85, 0, 5, 18, 1.5, 2.2, 6},
	"avx512_bf16": {2.3, 4, 2.4, 85, 65, 4, 8, 1.5, 2, 3.5},
	"avx512":      {2.3, 2.3, 0, 85, 0, 4, 4, 1.3, 0, 0},
	"avx2":        {1.5, 1.5, 0, 80, 0, 2.5, 2.5, 1.2, 0, 0},
}

// matmulShare is what bf16 shall reach of torch.mm's rate on AMX, in percent.
const matmulShare = 60

// goals are what cgan wants to reach on the processor of the run.
func (r results) goals() (goals []goal) {
	t, d, s, want := r.training, r.drawing, r.starts, columns[r.kernels()]
	ask := func(what string, bound float64, unit string, byMin, byMedian float64) {
		if bound > 0 {
			goals = append(goals, goal{what, atLeast, bound, unit, []float64{byMin, byMedian}})
		}
	}
	f32, bf16 := t.f32.summary(), t.bf16.summary()
	best := func(what string, bound float64, ours, others []*contender) {
		byMin, byMedian := ratioOfBest(ours, others)
		ask(what, bound, "x", byMin, byMedian)
	}
	x := func(what string, bound float64, c, base *contender) {
		best(what, bound, []*contender{c}, []*contender{base})
	}
	x("train f32, against Python", want.trainF32, t.f32, t.python)
	x("train bf16, against Python", want.trainBF16, t.bf16, t.python)
	best("train bf16, against the best tuned Python", want.tunedBF16, []*contender{t.bf16}, t.pythons())
	ask("share of the processor's peak, f32", want.shareF32, "%", 100*f32.gflopsBest/f32.peakBest, 100*f32.gflops/f32.peak)
	ask("share of the processor's peak, bf16", want.shareBF16, "%", 100*bf16.gflopsBest/bf16.peakBest, 100*bf16.gflops/bf16.peak)
	if r.kernels() == "amx" {
		ask("share of torch.mm's rate, bf16", matmulShare, "%", 100*bf16.gflopsBest/bf16.matmulBest, 100*bf16.gflops/bf16.matmul)
	}
	x("draw f32, against Python", want.drawF32, d.f32, d.python)
	x("draw bf16, against Python", want.drawBF16, d.bf16, d.python)
	best("draw, against the best of all others", want.tunedDraw, d.ours(), d.others())
	best("draw one image, against the best of all others", want.tunedDraw, r.one.ours(), r.one.others())
	ask("first PNG, against Python", 8, "x", s.python.least()/s.cgan.least(), s.python.middle()/s.cgan.middle())
	goals = append(goals,
		goal{"first PNG, from the command on", under, 0.12, "s", both(s.cgan.least(), s.cgan.middle())},
		goal{"peak memory of training f32, against Python", atMost, 0.6, "x", []float64{t.memory(t.f32)}},
		goal{"peak memory of training bf16, against Python", atMost, 0.6, "x", []float64{t.memory(t.bf16)}},
		goal{"time around the steps: data, log, loop; f32", under, 1, "%", []float64{f32.overhead}},
		goal{"time around the steps: data, log, loop; bf16", under, 1, "%", []float64{bf16.overhead}})
	if r.quick {
		return goals
	}
	x("train 64x64 RGB f32, against Python", want.trainRGB64, r.images.rgb64[1], r.images.rgb64[0])
	x("train 64x64 RGB bf16, against Python", want.trainRGB64BF16, r.images.rgb64[2], r.images.rgb64[0])
	ask("the slowest shape, against libtorch's own op, f32 and bf16", 1, "x", r.shapes.f32[0].Ratio, r.shapes.bf16[0].Ratio)
	return append(goals,
		goal{"a step of 1,000 classes beside one of 10, f32", atMost, 1.1, "x", r.images.growth(1)},
		goal{"a step of 1,000 classes beside one of 10, bf16", atMost, 1.1, "x", r.images.growth(2)})
}

func both(byMin, byMedian float64) []float64 { return []float64{byMin, byMedian} }

// memory is the peak of c beside that of Python as written.
func (t training) memory(c *contender) float64 { return c.summary().rss / t.python.summary().rss }
