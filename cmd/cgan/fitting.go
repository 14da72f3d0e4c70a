package main

import (
	"fmt"
	"io"
	"time"

	"cgan/cmd/internal/screen"
	"cgan/train/evaluate"

	"github.com/cheggaaa/pb/v3"
)

// fitting shows how far the training of a judge or classifier is: a bar on a terminal, else a line an epoch.
type fitting struct {
	out   io.Writer
	block *screen.Block
	bar   *pb.ProgressBar
	began time.Time
}

func newFitting(out, terminal io.Writer) *fitting {
	return &fitting{out: out, block: screen.New(terminal)}
}

// show is told after each step.
func (f *fitting) show(what string, p evaluate.Fitting) {
	done, all := (p.Epoch-1)*p.Steps+p.Step, p.Epochs*p.Steps
	if done == 1 {
		f.began, f.bar = time.Now(), screen.NewBar(what, int64(all), false)
	}
	if f.block == nil {
		if p.Step == p.Steps {
			left := time.Duration(float64(time.Since(f.began)) * float64(all-done) / float64(done)).Round(time.Second)
			fmt.Fprintf(f.out, "%s, epoch %d/%d: loss %.4f, %v left\n", what, p.Epoch, p.Epochs, p.Loss, left)
		}
		return
	}
	f.draw(f.bar, done, all, fmt.Sprintf("epoch %d/%d", p.Epoch, p.Epochs), fmt.Sprintf("loss %.4f", p.Loss))
}

// seeing gives what is told how many images an Inception network has seen: a bar on a terminal.
func (f *fitting) seeing() func(done, all int) {
	var bar *pb.ProgressBar
	return func(done, all int) {
		if f.block == nil {
			return
		}
		if bar == nil {
			bar = screen.NewBar("images seen by Inception", int64(all), false)
		}
		f.draw(bar, done, all)
	}
}

// draw shows a bar on the terminal, and below it what is known, until all is done.
func (f *fitting) draw(bar *pb.ProgressBar, done, all int, known ...string) {
	bar.SetCurrent(int64(done))
	switch {
	case done == all:
		f.block.Erase()
	case f.block.Due():
		width := f.block.Width()
		lines := []string{bar.SetWidth(width).String()}
		if len(known) > 0 {
			lines = append(lines, screen.Fit(width, known...))
		}
		f.block.Draw(lines...)
	}
}
