package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"
)

// speed is what `cgan bench --json` and `train.py bench` print; Kernels and what follows RSS are cgan's alone.
type speed struct {
	Torch    string  `json:"torch"`
	Kernels  string  `json:"kernels"`
	Batch    int     `json:"batch"`
	Min      float64 `json:"step_ms_min"`
	Median   float64 `json:"step_ms_median"`
	RSS      float64 `json:"rss_mb"`
	GFLOPS   float64 `json:"gflops"`           // of a step's counted work, at the median
	Matmul   float64 `json:"matmul_gflops"`    // of one large matrix product in the same process
	Peak     float64 `json:"peak_gflops"`      // of the kernels' instructions on what lies in registers
	Overhead float64 `json:"overhead_percent"` // of a step, outside of libtorch's ops
	Mean     float64 `json:"step_ms_mean"`
	Work     []work  `json:"work"` // of the mean step
}

// work is one kind of work of cgan's kernels in a step.
type work struct {
	Name string  `json:"name"`
	Ms   float64 `json:"ms"`
	Idle float64 `json:"idle_ms"` // that threads wait for the last one
}

// contender is one program with its flags, and what each of its runs measured.
type contender struct {
	name    string
	command []string
	limit   time.Duration // of a run, if it may be left out for being slow; 0 for none
	speeds  []speed       // none where it was left out
}

// slowest is the longest step of a contender that is measured at all: where bfloat16 is emulated, Python takes 20 s.
const slowest = 5 * time.Second

// race runs all in turn, round by round, so that a machine that drifts drifts for all.
func race(ctx context.Context, what string, all []*contender, rounds int) error {
	for round := range rounds {
		for _, c := range all {
			if round > 0 && len(c.speeds) == 0 {
				continue
			}
			s, err := c.run(ctx)
			if errors.Is(err, errSlow) {
				fmt.Fprintf(os.Stderr, "%s, %s: more than %s a step, left out\n", what, c.name, slowest)
				continue
			}
			if err != nil {
				return fmt.Errorf("%s, %s: %w", what, c.name, err)
			}
			c.speeds = append(c.speeds, s)
			fmt.Fprintf(os.Stderr, "%s, round %d of %d, %s: %.1f ms\n", what, round+1, rounds, c.name, s.Median)
		}
	}
	return nil
}

var errSlow = errors.New("slower than is measured")

func (c *contender) run(ctx context.Context) (speed, error) {
	missing := math.NaN() // what a program does not tell must not count as zero
	s := speed{RSS: missing, GFLOPS: missing, Matmul: missing, Peak: missing, Overhead: missing, Mean: missing}
	if c.limit > 0 {
		limited, cancel := context.WithTimeoutCause(ctx, c.limit, errSlow)
		defer cancel()
		ctx = limited
	}
	if err := outputJSON(ctx, &s, c.command...); err != nil {
		if context.Cause(ctx) == errSlow {
			return s, errSlow
		}
		return s, err
	}
	if s.Min <= 0 || s.Median < s.Min || s.Batch < 1 {
		return s, fmt.Errorf("%s: no times, or no batch, in what it printed", strings.Join(c.command, " "))
	}
	return s, nil
}

// outputJSON runs a command and reads the one JSON value that it prints.
func outputJSON(ctx context.Context, to any, command ...string) error {
	var problem bytes.Buffer
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Stderr = &problem
	output, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("%s: %w\n%s", strings.Join(command, " "), err, problem.Bytes())
	}
	if err := json.Unmarshal(output, to); err != nil {
		return fmt.Errorf("%s: no JSON: %w", strings.Join(command, " "), err)
	}
	return nil
}

// summary is what all rounds of a contender come to.
type summary struct {
	min, median        float64 // the least step of all, the median of the rounds' medians
	imagesPerS, rss    float64 // medians
	gflops, gflopsBest float64 // at the median, at the least step
	matmul, matmulBest float64 // the median of the rounds, the highest of them
	peak, peakBest     float64
	overhead           float64
}

func (c *contender) summary() summary {
	if len(c.speeds) == 0 {
		missing := math.NaN()
		return summary{missing, missing, missing, missing, missing, missing, missing, missing, missing, missing, missing}
	}
	s := summary{
		min:        slices.Min(each(c.speeds, func(s speed) float64 { return s.Min })),
		median:     median(each(c.speeds, func(s speed) float64 { return s.Median })),
		rss:        median(each(c.speeds, func(s speed) float64 { return s.RSS })),
		matmul:     median(each(c.speeds, func(s speed) float64 { return s.Matmul })),
		matmulBest: slices.Max(each(c.speeds, func(s speed) float64 { return s.Matmul })),
		peak:       median(each(c.speeds, func(s speed) float64 { return s.Peak })),
		peakBest:   slices.Max(each(c.speeds, func(s speed) float64 { return s.Peak })),
		overhead:   median(each(c.speeds, func(s speed) float64 { return s.Overhead })),
	}
	work := median(each(c.speeds, func(s speed) float64 { return s.GFLOPS * s.Median })) // of a step, the same in each round
	s.gflops, s.gflopsBest = work/s.median, work/s.min
	s.imagesPerS = 1e3 * float64(c.speeds[0].Batch) / s.median
	return s
}

// gflop is the work of a step, in 10^9 operations.
func (s summary) gflop() float64 { return s.gflops * s.median / 1e3 }

// each is a value of each.
func each[T any](all []T, value func(T) float64) (values []float64) {
	for _, one := range all {
		values = append(values, value(one))
	}
	return values
}

// median is the middle of the values, or the mean of the two in the middle; NaN where a value is NaN.
func median(values []float64) float64 {
	if slices.ContainsFunc(values, math.IsNaN) || len(values) == 0 {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(values))
	half := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[half]
	}
	return (sorted[half-1] + sorted[half]) / 2
}

// ratio says how many times faster c is than base, by the least step and by the median.
func (c *contender) ratio(base *contender) (byMin, byMedian float64) {
	return ratioOfBest([]*contender{c}, []*contender{base})
}

// ratioOfBest is how many times as fast the best of ours is as the best of others, which need not be the same one by minimum and
// by median.
func ratioOfBest(ours, others []*contender) (byMin, byMedian float64) {
	least := func(all []*contender, of func(summary) float64) float64 {
		best := math.NaN()
		for _, c := range all {
			if v := of(c.summary()); math.IsNaN(best) || v < best {
				best = v
			}
		}
		return best
	}
	byMinimum, byMiddle := func(s summary) float64 { return s.min }, func(s summary) float64 { return s.median }
	return least(others, byMinimum) / least(ours, byMinimum), least(others, byMiddle) / least(ours, byMiddle)
}
