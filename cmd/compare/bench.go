package main

import (
	"context"
	"fmt"
	"path/filepath"
)

const (
	drawFactor = 4 // a drawn batch takes a fraction of a training step
	reportFile = "BENCHMARKS.md"
)

// plan is how much bench measures.
type plan struct {
	rounds, steps int
	quick         bool   // MNIST alone, one form of tuned Python, no files
	held          string // the kernel set that both programs are held to on a wider processor; empty for its own
}

// results are all that bench measured.
type results struct {
	plan
	facts
	training training
	drawing  drawing
	one      drawing // image at a time
	images   images
	shapes   shapes
	units    []unit
	starts   starts
	scaling  []series
}

// bench measures everything, prints the report, and writes it with the plot unless the plan is quick.
func bench(ctx context.Context, cgan string, plan plan) error {
	if plan.rounds < 1 || plan.steps < 1 {
		return fmt.Errorf("%d rounds of %d steps: at least 1 of each is needed", plan.rounds, plan.steps)
	}
	if err := hold(plan.held); err != nil {
		return err
	}
	p, err := newPrograms(ctx, setting{cgan: cgan, device: "cpu"})
	if err != nil {
		return err
	}
	defer p.clear()
	r, err := measure(ctx, p, plan)
	if err != nil {
		return err
	}
	text := r.markdown()
	fmt.Print(text)
	if plan.quick {
		return nil
	}
	return r.write(".", text)
}

// write puts the report and its plot into a checkout.
func (r results) write(checkout, text string) error {
	if err := drawScaling(r.scaling, filepath.Join(checkout, r.plotFile())); err != nil {
		return err
	}
	return writePlaced(filepath.Join(checkout, reportFile), r.mark(), text)
}

func measure(ctx context.Context, p *programs, plan plan) (r results, err error) {
	r.plan = plan
	if r.facts, err = readFacts(ctx, p.Threads); err != nil {
		return r, err
	}
	if p.Shared != "" {
		r.siblings = "; " + p.Shared
	}
	if p.peersPython == "" && !plan.quick {
		if p.peersPython, err = python(ctx, "peers"); err != nil {
			return r, err
		}
	}
	r.training = newTraining(p, plan)
	if err = race(ctx, "training", r.training.all(), plan.rounds); err != nil {
		return r, err
	}
	onnx := ""
	if !plan.quick {
		if _, onnx, err = p.exportONNX(ctx); err != nil {
			return r, err
		}
	}
	r.drawing = newDrawing(p, plan, benchBatch, onnx)
	if err = race(ctx, "drawing", r.drawing.all(), plan.rounds); err != nil {
		return r, err
	}
	r.one = newDrawing(p, plan, 1, onnx)
	if err = race(ctx, "drawing one", r.one.all(), plan.rounds); err != nil {
		return r, err
	}
	if r.starts, err = raceStarts(ctx, p, plan); err != nil || plan.quick {
		return r, err
	}
	if r.images, err = raceImages(ctx, p, plan); err != nil {
		return r, err
	}
	if r.shapes, err = timeShapes(ctx, p); err != nil {
		return r, err
	}
	if r.units, err = raceUnits(ctx, p, plan); err != nil {
		return r, err
	}
	r.scaling, err = measureScaling(ctx, p)
	return r, err
}
