package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
)

// relay trains 12 steps in Python; then some in Go, some more in Python from what Go left, and the rest in Go from what Python
// left: once as a new run, once in the folder of the first. The programs change at random steps in the middle of an epoch
// of 8. The last leg must be the same to the bit.
func relay(ctx context.Context, p *programs) (differing int, err error) {
	const last = 12
	data, err := p.data(1000)
	if err != nil {
		return 0, err
	}
	to := func(steps int, more ...string) []string {
		return append([]string{"--data", data, "--batch", "128", "--seed", "4", "--steps", strconv.Itoa(steps)}, more...)
	}
	whole, _, err := p.pythonTrain(ctx, to(last))
	if err != nil {
		return 0, err
	}
	first, second := 1+rand.IntN(7), 9+rand.IntN(3)
	whole.Losses = whole.Losses[second:]
	_, begun, err := p.goTrain(ctx, to(first))
	if err != nil {
		return 0, err
	}
	_, handed, err := p.pythonTrain(ctx, to(second, "--init", begun))
	if err != nil {
		return 0, err
	}
	name := fmt.Sprintf("Go to step %d, Python to %d, Go to %d", first, second, last)
	rest, _, err := p.goTrain(ctx, to(last, "--init", handed))
	if err != nil {
		return 0, err
	}
	differing = report(name, rest, whole)
	rest, err = p.goResume(ctx, filepath.Dir(begun), handed, second, last)
	if err != nil {
		return 0, err
	}
	return differing + report(name+" in the first run's folder", rest, whole), nil
}

// goResume puts a checkpoint of a step into a run's folder, goes on there to the last step, and gives the trace.
func (p *programs) goResume(ctx context.Context, dir, checkpoint string, step, last int) (t trace, err error) {
	if err := os.Rename(checkpoint, filepath.Join(dir, fmt.Sprintf("checkpoint-%06d.pt", step))); err != nil {
		return t, err
	}
	file := p.file("-cgan.json")
	if err := quiet(ctx, p.cgan, "train", "--quiet", "--resume", dir, "--steps", strconv.Itoa(last), "--trace", file); err != nil {
		return t, err
	}
	return readTrace(file)
}
