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
// to the last look that found less, each as long as one of Python's took here.
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
	t := newTable(1, "seed", "the original: steps below 98 %", "seconds", "quick: seconds", "class consistency %", "x")
	var ratios, shares []float64
	for seed := range seeds {
		steps, reached, err := p.originalSteps(ctx, filepath.Join(kept, "original-"+strconv.Itoa(seed)), seed)
		if err != nil {
			return fmt.Errorf("seed %d: %w", seed, err)
		}
		q, err := quick.of(ctx, p.cgan, seed)
		if err != nil {
			return fmt.Errorf("seed %d: %w", seed, err)
		}
		seconds := float64(steps) * step
		ratios, shares = append(ratios, seconds/q.Seconds), append(shares, 100*q.Consistency.Share)
		told := strconv.Itoa(steps)
		if !reached {
			told += ", where it ended below"
		}
		t.add(strconv.Itoa(seed), told, number(seconds, 0), number(q.Seconds, 0), number(100*q.Consistency.Share, 2), number(seconds/q.Seconds, 1))
	}
	goals := newTable(3, "goal", "wanted", "measured", "")
	for _, g := range []goal{{"sooner than the original, median", atLeast, 10, "x", []float64{median(ratios)}}, {"class consistency of each seed", atLeast, 100 * promised, "%", shares}} {
		goals.add(g.what, g.wanted(), g.measured(), g.verdict())
	}
	text := fmt.Sprintf("%s\n## mnist, how soon 98 %%\n\n`make sooner` on %s, %s. A step of the original in Python takes %s ms (median); its judged weights are those of `cgan train --exact`, looked "+
		"at after each epoch: it had not got there at the step that is told, and had at the next look. quick is timed from the command on.\n\n%s\n%s", soonerMark, machine.cpu, machine.date, number(1e3*step, 0), t, goals)
	fmt.Print(text)
	return writePlaced(qualityFile, soonerMark, text)
}

// originalSteps is stepsBelow of the original with a seed. The run stays in a folder.
func (p *programs) originalSteps(ctx context.Context, dir string, seed int) (steps int, reached bool, err error) {
	_, err = trainOnce(ctx, p.cgan, dir, []string{"train", "--quiet", "--exact", "--data", "mnist", "--seed", strconv.Itoa(seed), "--epochs", strconv.Itoa(soonerEpochs),
		"--eval-every", "469", "--stop-when", fmt.Sprintf("consistency>=%g", 100*promised), "--keep", "1", "--out", dir})
	if err != nil {
		return 0, false, err
	}
	return stepsBelow(dir)
}

// stepsBelow is the step of the last evaluation of the one run in dir before the first that says what is promised, and whether
// there is such a one.
func stepsBelow(dir string) (steps int, reached bool, err error) {
	lines, err := readLog(dir)
	if err != nil {
		return 0, false, err
	}
	for _, line := range lines {
		switch {
		case line.Eval == nil:
		case line.Eval.Consistency >= promised:
			return steps, true, nil
		default:
			steps = line.Step
		}
	}
	return steps, false, nil
}
