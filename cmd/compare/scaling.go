package main

import (
	"context"
	"fmt"
)

var scalingBatches = []int{16, 32, 64, 128, 256, 512}

const scalingSteps = 6 // a point of a curve; the tables above it have more

// series is one contender at one number of threads, over all batches.
type series struct {
	name    string
	threads int
	points  []*contender // one for each of scalingBatches
}

// measureScaling times every batch at 1 thread and at all, batch by batch, the contenders in turn.
func measureScaling(ctx context.Context, p *programs) (all []series, err error) {
	counts := []int{1}
	if p.Threads > 1 {
		counts = append(counts, p.Threads)
	}
	for _, threads := range counts {
		for _, name := range []string{"Python", "cgan", "cgan bf16"} {
			all = append(all, series{name: name, threads: threads})
		}
	}
	for _, batch := range scalingBatches {
		var column []*contender
		for i := range all {
			c := all[i].contender(p, batch)
			all[i].points = append(all[i].points, c)
			column = append(column, c)
		}
		if err := race(ctx, fmt.Sprintf("batch %d", batch), column, 1); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func (s series) contender(p *programs, batch int) *contender {
	l := load{s.threads, batch, scalingSteps}
	switch s.name {
	case "Python":
		return p.original(s.label(), l)
	case "cgan bf16":
		return p.ours(s.label(), l, "--precision", "bf16")
	}
	return p.ours(s.label(), l)
}

func (s series) label() string {
	if s.threads == 1 {
		return s.name + ", 1 thread"
	}
	return fmt.Sprintf("%s, %d threads", s.name, s.threads)
}
