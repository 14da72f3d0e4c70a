package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"slices"
	"strconv"
	"strings"
)

// speed is what `cgan bench --json` and `train.py bench` print.
type speed struct {
	Torch      string  `json:"torch"`
	Threads    int     `json:"threads"`
	Min        float64 `json:"step_ms_min"`
	Median     float64 `json:"step_ms_median"`
	ImagesPerS float64 `json:"images_per_s"`
	RSS        float64 `json:"rss_mb"`
}

// contender is one program that takes part.
type contender struct {
	name    string
	command []string
	speeds  []speed
}

// bench runs the programs in turn, round by round, so that a machine that drifts drifts for all.
func bench(ctx context.Context, cgan string, rounds, steps int) error {
	p, err := newPrograms(ctx, cgan, "")
	if err != nil {
		return err
	}
	same := []string{"--data", p.mnist, "--steps", strconv.Itoa(steps), "--threads", strconv.Itoa(p.threads)}
	ours := []string{cgan, "bench", "--json", "--device", "cpu"}
	all := []contender{
		{name: "Python", command: append([]string{p.python, "train/train.py", "bench"}, same...)},
		{name: "cgan --exact", command: append(append(ours, "--exact"), same...)},
		{name: "cgan", command: append(ours, same...)},
	}
	for range rounds {
		for i := range all {
			s, err := all[i].time(ctx)
			if err != nil {
				return err
			}
			all[i].speeds = append(all[i].speeds, s)
		}
	}
	fmt.Printf("torch %s, %d threads, batch 128, %d rounds of %d steps\n", all[0].speeds[0].Torch, p.threads, rounds, steps)
	printSpeeds(all)
	return nil
}

func (c contender) time(ctx context.Context) (s speed, err error) {
	output, err := exec.CommandContext(ctx, c.command[0], c.command[1:]...).Output()
	if err != nil {
		return s, fmt.Errorf("%s: %w", strings.Join(c.command, " "), err)
	}
	return s, json.Unmarshal(output, &s)
}

// printSpeeds compares all with the first, by the least step of all rounds and by the median of medians.
func printSpeeds(all []contender) {
	const row = "%-14s %12s %12s %10s %10s %12s %12s\n"
	fmt.Printf(row, "", "ms min", "ms median", "images/s", "RSS MB", "x by min", "x by median")
	base := all[0].summary()
	for _, c := range all {
		s := c.summary()
		number := func(x float64, digits int) string { return strconv.FormatFloat(x, 'f', digits, 64) }
		fmt.Printf(row, c.name, number(s.Min, 1), number(s.Median, 1), number(s.ImagesPerS, 0), number(s.RSS, 0),
			number(base.Min/s.Min, 2), number(base.Median/s.Median, 2))
	}
}

func (c contender) summary() speed {
	middle := func(get func(speed) float64) float64 {
		var values []float64
		for _, s := range c.speeds {
			values = append(values, get(s))
		}
		slices.Sort(values)
		return values[len(values)/2]
	}
	s := speed{
		Median:     middle(func(s speed) float64 { return s.Median }),
		ImagesPerS: middle(func(s speed) float64 { return s.ImagesPerS }),
		RSS:        middle(func(s speed) float64 { return s.RSS }),
	}
	s.Min = slices.MinFunc(c.speeds, func(a, b speed) int {
		if a.Min < b.Min {
			return -1
		}
		return 1
	}).Min
	return s
}
