package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strconv"
)

// images is training on other images than MNIST's, Python first in each list.
type images struct {
	rgb64   []*contender   // 64x64 RGB: Python, cgan, cgan bf16
	classes [][]*contender // for each of classCounts: Python, cgan, cgan bf16
}

const rgb64Batch = 32 // a step has a quarter of MNIST's images and three times its work

// classCounts are what a step's time is measured over.
var classCounts = []int{10, 47, 100, 1000}

// raceImages times them on noise: the pixels don't matter to the time.
func raceImages(ctx context.Context, p *programs, plan plan) (r images, err error) {
	rgb, err := p.noise(madeSet{images: 256, channels: 3, size: 64, classes: 10})
	if err != nil {
		return r, err
	}
	r.rgb64 = p.onData("64x64 RGB", rgb, load{p.Threads, rgb64Batch, max(1, plan.steps/2)}, "--size", "64")
	if err := race(ctx, "64x64 RGB", r.rgb64, plan.rounds); err != nil {
		return r, err
	}
	var all []*contender
	for _, n := range classCounts {
		dir, err := p.noise(madeSet{images: 2000, channels: 1, size: 28, classes: n})
		if err != nil {
			return r, err
		}
		some := p.onData(fmt.Sprintf("%d classes", n), dir, load{p.Threads, benchBatch, plan.steps})
		r.classes, all = append(r.classes, some), append(all, some...)
	}
	return r, race(ctx, "classes", all, plan.rounds)
}

// noise is the folder of a made-up set.
func (p *programs) noise(s madeSet) (string, error) {
	dir := filepath.Join(p.work, fmt.Sprintf("noise-%d-%d-%d", s.channels, s.size, s.classes))
	return dir, s.write(dir)
}

// onData is Python, cgan and cgan in bf16 on the set in dir. Flags are cgan's.
func (p *programs) onData(what, dir string, l load, flags ...string) []*contender {
	python := &contender{name: "Python, " + what, command: append([]string{p.python, "train/train.py", "bench", "--device", p.device, "--data", dir}, l.flags()...), limit: l.limit()}
	all := []*contender{python}
	for _, precision := range []string{"f32", "bf16"} {
		command := append([]string{p.cgan, "bench", "--json", "--device", p.device, "--data", dir, "--precision", precision}, l.flags()...)
		all = append(all, &contender{name: "cgan " + precision + ", " + what, command: append(command, flags...)})
	}
	return all
}

// growth is the time of a step with the most classes beside that with the fewest, of contender i.
func (r images) growth(i int) []float64 {
	few, many := r.classes[0][i], r.classes[len(r.classes)-1][i]
	byMin, byMedian := few.ratio(many)
	return both(byMin, byMedian)
}

// markdown is both tables.
func (r images) markdown() string {
	head := []string{"ms median"}
	for _, n := range classCounts {
		head = append(head, strconv.Itoa(n)+" classes")
	}
	t := newTable(1, append(head, "most : fewest by min", "by median")...)
	for i, name := range []string{"Python", "cgan", "cgan bf16"} {
		row := []string{name}
		for _, some := range r.classes {
			row = append(row, number(some[i].summary().median, 1))
		}
		growth := r.growth(i)
		t.add(append(row, number(growth[0], 2), number(growth[1], 2))...)
	}
	return fmt.Sprintf("### Other images\n\nTraining on noise of 64x64 RGB, batch %d:\n\n%s\nA step over the number of classes, 28x28 grey, batch %d:\n\n%s",
		rgb64Batch, speedTable(r.rgb64), benchBatch, t)
}
