package main

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"cgan/models"
	"cgan/train"
	"cgan/train/benchmark"

	"github.com/urfave/cli/v2"
)

const benchSteps = 30

func benchCommand() *cli.Command {
	d := train.Default()
	return &cli.Command{
		Name:        "bench",
		Usage:       "time training or drawing",
		Description: "Times each step of training, data and log included, or each batch drawn, after 5 steps of warm-up.",
		Flags: append([]cli.Flag{
			dataFlag(),
			&cli.StringFlag{Name: "mode", Usage: "what to time: train, generate, or shapes: convolutions of many sizes on the kernels and on libtorch's own ops", Value: "train"},
			&cli.IntFlag{
				Name: "steps", Usage: "steps to time, from 1 to 100000", Value: benchSteps,
				Action: func(_ *cli.Context, v int) error {
					if v < 1 || v > 100000 {
						return usageError{fmt.Errorf("--steps is %d: it must be from 1 to 100000", v)}
					}
					return nil
				},
			},
			intFlag("batch", "images per step", d.Batch),
			seedFlag(),
			threadsFlag(),
			deviceFlag(d.Device),
			&cli.BoolFlag{Name: "speed-ups", Usage: "say what the speed-ups of --without are, and end"},
			&cli.BoolFlag{Name: "json", Usage: "print JSON"},
		}, slices.Concat(speedFlags(d), sizeFlags(d), imageFlags(sizeFlag(d)))...),
		Action: func(c *cli.Context) error {
			if c.Bool("speed-ups") {
				return printSpeedUps(c)
			}
			cfg, err := trainConfig(c)
			if err != nil {
				return err
			}
			if err := cfg.Compute.Validate(); err != nil {
				return usage(err)
			}
			if c.String("mode") == "shapes" {
				return runShapes(c, cfg)
			}
			if !slices.Contains(benchmark.Modes, c.String("mode")) {
				return usageError{fmt.Errorf("--mode is %q: it must be train, generate or shapes", c.String("mode"))}
			}
			cfg.Steps = c.Int("steps")
			return runBench(c, cfg)
		},
	}
}

func runBench(c *cli.Context, cfg train.Config) error {
	if err := setUp(cfg.Compute, cfg.Threads); err != nil {
		return err
	}
	s, err := benchmark.Run(c.Context, cfg, c.String("mode"))
	if err != nil {
		return err
	}
	if c.Bool("json") {
		return printJSON(c, s)
	}
	const text = `libtorch %s, kernels %s, %d threads, batch %d
step      %.1f ms at the least, %.1f ms median, %.1f %% of it outside of the step itself
speed     %.0f images/s, %.0f GFLOP/s; a matrix product here reaches %.0f%s
memory    %.0f MB at the peak
`
	peak := ""
	if s.Peak > 0 {
		peak = fmt.Sprintf(", the processor %.0f", s.Peak)
	}
	_, err = fmt.Fprintf(c.App.Writer, text, s.Torch, cmp.Or(s.Kernels, "none"), s.Threads, s.Batch,
		s.StepMsMin, s.StepMsMedian, s.Overhead, s.ImagesPerS, s.GFLOPS, s.Matmul, peak, s.RSSMB)
	if err == nil && len(s.Work) > 0 {
		_, err = fmt.Fprintf(c.App.Writer, "kernels   %s\n", workText(s.Work))
	}
	return err
}

// runShapes times convolutions, the slowest beside libtorch's first.
func runShapes(c *cli.Context, cfg train.Config) error {
	if err := setUp(cfg.Compute, cfg.Threads); err != nil {
		return err
	}
	if cfg.KernelSet() == nil {
		return errors.New("there are no kernels to time here: leave out --exact and --without kernels")
	}
	all, err := benchmark.Shapes(c.Context, cfg.Compute)
	if err != nil {
		return err
	}
	if c.Bool("json") {
		return printJSON(c, all)
	}
	fmt.Fprintln(c.App.Writer, "libtorch ms  kernels ms     x  shape")
	for _, s := range all {
		if _, err := fmt.Fprintf(c.App.Writer, "%11.3f  %10.3f  %4.2f  %s\n", s.LibtorchMs, s.KernelsMs, s.Ratio, s.Name); err != nil {
			return err
		}
	}
	return nil
}

// workText names what takes most first.
func workText(all []benchmark.Work) string {
	all = slices.SortedFunc(slices.Values(all), func(a, b benchmark.Work) int { return cmp.Compare(b.Ms, a.Ms) })
	var parts []string
	for _, w := range all {
		parts = append(parts, fmt.Sprintf("%s %.1f", w.Name, w.Ms))
	}
	return strings.Join(parts, ", ") + " ms a step"
}

func printSpeedUps(c *cli.Context) error {
	if c.Bool("json") {
		return printJSON(c, models.SpeedUps)
	}
	for _, u := range models.SpeedUps {
		if _, err := fmt.Fprintf(c.App.Writer, "%-8s  %s\n", u.Name, u.Does); err != nil {
			return err
		}
	}
	return nil
}
