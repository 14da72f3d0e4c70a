package main

import (
	"context"
	"errors"
	"fmt"

	"cgan/train"

	"github.com/urfave/cli/v2"
)

const benchSteps = 30

func benchCommand() *cli.Command {
	d := train.Default()
	return &cli.Command{
		Name:        "bench",
		Usage:       "time training steps",
		Description: "Times each step of training, data included, behind 5 steps of warm-up.",
		Flags: append([]cli.Flag{
			dataFlag(),
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
			&cli.BoolFlag{Name: "json", Usage: "print one JSON object"},
		}, append(speedFlags(d), sizeFlags(d)...)...),
		Action: func(c *cli.Context) error {
			cfg, err := trainConfig(c)
			if err != nil {
				return err
			}
			cfg.Steps = c.Int("steps")
			return runBench(c, cfg)
		},
	}
}

func runBench(c *cli.Context, cfg train.Config) error {
	s, err := train.Bench(c.Context, cfg)
	if errors.Is(err, context.Canceled) {
		return errInterrupted
	}
	if err != nil {
		return err
	}
	if c.Bool("json") {
		return printJSON(c, s)
	}
	_, err = fmt.Fprintf(c.App.Writer, "libtorch %s, %d threads, batch %d: %.1f ms a step at the least, %.1f ms median, %.0f images/s, peak memory %.0f MB\n",
		s.Torch, s.Threads, s.Batch, s.StepMsMin, s.StepMsMedian, s.ImagesPerS, s.RSSMB)
	return err
}
