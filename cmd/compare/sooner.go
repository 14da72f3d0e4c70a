package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strconv"
)

const (
	soonerMark   = "<!-- recipe: sooner -->"
	promised     = 0.98 // class consistency of the preset quick
	soonerEpochs = 20   // that the original gets for it
)

// sooner says how long the preset quick and the original in Python take to class consistency of 98 %, with each seed, and writes a
// section of QUALITY.md. The original's weights are those of cgan train --exact, whose bits they are; its seconds are the steps
// that it needs, each as long as one of Python's took here.
func sooner(ctx context.Context, where setting, seeds, rounds int, kept string) error {
	p, err := newPrograms(ctx, where)
	if err != nil {
		return err
	}
	defer p.clear()
	machine, err := readFacts(ctx, p.Threads)
	if err != nil {
		return err
	}
	python := p.original("Python, the original", load{p.Threads, 128, 15})
	if err := race(ctx, "a step", []*contender{python}, rounds); err != nil {
		return err
	}
	step := python.summary().median / 1e3
	quick := recipe{data: "mnist", preset: "quick", seeds: seeds, kept: kept}
	t := newTable(1, "seed", "the original: steps to 98 %", "seconds", "quick: seconds", "class consistency %", "x")
	var ratios, shares []float64
	for seed := range seeds {
		steps, err := p.originalSteps(ctx, filepath.Join(kept, "original-"+strconv.Itoa(seed)), seed)
		if err != nil {
			return fmt.Errorf("seed %d: %w", seed, err)
		}
		q, err := quick.of(ctx, p.cgan, seed)
		if err != nil {
			return fmt.Errorf("seed %d: %w", seed, err)
		}
		seconds := float64(steps) * step
		ratios, shares = append(ratios, seconds/q.Seconds), append(shares, 100*q.Consistency.Share)
		t.add(strconv.Itoa(seed), strconv.Itoa(steps), number(seconds, 0), number(q.Seconds, 0), number(100*q.Consistency.Share, 2), number(seconds/q.Seconds, 1))
	}
	goals := newTable(3, "goal", "wanted", "measured", "")
	for _, g := range []goal{{"sooner than the original, median", atLeast, 10, "x", []float64{median(ratios)}}, {"class consistency of each seed", atLeast, 100 * promised, "%", shares}} {
		goals.add(g.what, g.wanted(), g.measured(), g.verdict())
	}
	text := fmt.Sprintf("%s\n## mnist, how soon 98 %%\n\n`make sooner` on %s, %s. A step of the original in Python takes %s ms (median); its judged weights are those of `cgan train --exact`, looked "+
		"at after each epoch. quick is timed from the command on.\n\n%s\n%s", soonerMark, machine.cpu, machine.date, number(1e3*step, 0), t, goals)
	fmt.Print(text)
	return writePlaced(qualityFile, soonerMark, text)
}

// originalSteps is after how many steps the original with a seed is first seen to draw as promised. The run stays in a folder.
func (p *programs) originalSteps(ctx context.Context, dir string, seed int) (int, error) {
	_, err := trainOnce(ctx, p.cgan, dir, []string{"train", "--quiet", "--exact", "--data", "mnist", "--seed", strconv.Itoa(seed), "--epochs", strconv.Itoa(soonerEpochs),
		"--eval-every", "469", "--stop-when", fmt.Sprintf("consistency>=%g", 100*promised), "--keep", "1", "--out", dir})
	if err != nil {
		return 0, err
	}
	return stepsTo(dir)
}

// stepsTo is the step of the first evaluation of the one run in dir that says what is promised.
func stepsTo(dir string) (int, error) {
	lines, err := readLog(dir)
	if err != nil {
		return 0, err
	}
	for _, line := range lines {
		if line.Eval != nil && line.Eval.Consistency >= promised {
			return line.Step, nil
		}
	}
	return 0, fmt.Errorf("the run in %s never draws %g %% of its images as asked", dir, 100*promised)
}
