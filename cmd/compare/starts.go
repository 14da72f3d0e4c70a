package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"time"
)

// starter is a program that draws its first PNG from a weights file, and the milliseconds of each run.
type starter struct {
	name, picture string // the picture is empty where none is drawn
	command       []string
	ms            []float64
}

// starts are the two programs, and what the second takes to do nothing.
type starts struct{ python, cgan, nothing *starter }

func (s *starts) all() []*starter { return []*starter{s.python, s.cgan, s.nothing} }

const (
	warmStarts     = 5 // they fill the page cache
	startsPerRound = 10
)

// raceStarts times whole processes from the outside, in turn, after a few of warm-up.
func raceStarts(ctx context.Context, p *programs, plan plan) (s starts, err error) {
	weights, original, mine := p.file(".pt"), p.file(".png"), p.file(".png")
	if err := quiet(ctx, p.python, "train/train.py", "make", weights); err != nil {
		return s, err
	}
	s = starts{
		python:  &starter{name: "Python", picture: original, command: []string{p.python, "train/train.py", "draw", weights, original}},
		cgan:    &starter{name: "cgan", picture: mine, command: []string{p.cgan, "generate", "--device", "cpu", "--weights", weights, "--out", mine}},
		nothing: &starter{name: "cgan --help", command: []string{p.cgan, "--help"}},
	}
	for range warmStarts + startsPerRound*plan.rounds {
		for _, each := range s.all() {
			if err := each.run(ctx); err != nil {
				return s, err
			}
		}
	}
	for _, each := range s.all() {
		each.ms = each.ms[warmStarts:]
	}
	return s, nil
}

func (s *starter) run(ctx context.Context) error {
	if err := os.RemoveAll(s.picture); err != nil {
		return err
	}
	begin := time.Now()
	if err := quiet(ctx, s.command[0], s.command[1:]...); err != nil {
		return err
	}
	ms := float64(time.Since(begin).Microseconds()) / 1e3
	if _, err := os.Stat(s.picture); err != nil && s.picture != "" {
		return fmt.Errorf("%s drew no picture: %w", s.name, err)
	}
	s.ms = append(s.ms, ms)
	fmt.Fprintf(os.Stderr, "start, %s: %.0f ms\n", s.name, ms)
	return nil
}

// least and middle are the minimum and the median in seconds.
func (s *starter) least() float64  { return slices.Min(s.ms) / 1e3 }
func (s *starter) middle() float64 { return median(s.ms) / 1e3 }
