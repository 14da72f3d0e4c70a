package main

import (
	"fmt"
	"io"
	"os"

	"cgan/train"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// newReporter shows bars on a terminal, lines elsewhere, and nothing where quiet is asked for.
func newReporter(stdout, stderr io.Writer, quiet bool) train.Reporter {
	if quiet {
		return silent{}
	}
	p := plain{out: stdout}
	if f, ok := stderr.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		return &bars{plain: p, screen: stderr}
	}
	return &p
}

type silent struct{}

func (silent) Begin(train.Begin) {}
func (silent) Step(train.Stats)  {}
func (silent) Saved(...string)   {}
func (silent) Say(string)        {}

// plain prints a line now and then.
type plain struct {
	out   io.Writer
	begin train.Begin
}

const linesEvery = 50 // steps

func (p *plain) Begin(b train.Begin) {
	p.begin = b
	fmt.Fprintf(p.out, "training on %d images: %d steps, %d to an epoch, on %s with %d threads, into %s\n",
		b.Images, b.Steps, b.StepsPerEpoch, b.Device, b.Threads, b.Dir)
}

func (p *plain) Step(s train.Stats) {
	if s.EpochStep%linesEvery == 0 || s.EpochStep == p.begin.StepsPerEpoch || s.Step == p.begin.Steps {
		fmt.Fprintf(p.out, "epoch %d/%d  step %d/%d  %.0f images/s  %s\n",
			s.Epoch, p.begin.Epochs, s.EpochStep, p.begin.StepsPerEpoch, s.ImagesPS, losses(s))
	}
}

func (p *plain) Saved(paths ...string) {
	for _, path := range paths {
		fmt.Fprintln(p.out, "saved", path)
	}
}

func (p *plain) Say(text string) { fmt.Fprintln(p.out, text) }

func losses(s train.Stats) string {
	return fmt.Sprintf("Loss_D %.3f  Loss_G %.3f  D(x) %.3f  D(G(z)) %.3f", s.LossD, s.LossG, s.DReal, s.DFake)
}

// bars draws one bar per epoch, with the losses in a line below it.
type bars struct {
	plain
	screen io.Writer
	bar    *progressbar.ProgressBar
}

func (b *bars) Step(s train.Stats) {
	if b.bar == nil {
		b.bar = b.newBar(s)
	}
	b.bar.Add(1)
	if !b.bar.IsFinished() {
		b.bar.AddDetail(fmt.Sprintf("%.0f images/s  %s", s.ImagesPS, losses(s)))
	}
}

func (b *bars) newBar(first train.Stats) *progressbar.ProgressBar {
	return progressbar.NewOptions(min(b.begin.StepsPerEpoch-first.EpochStep, b.begin.Steps-first.Step)+1,
		progressbar.OptionSetWriter(b.screen),
		progressbar.OptionSetDescription(fmt.Sprintf("epoch %d/%d", first.Epoch, b.begin.Epochs)),
		progressbar.OptionShowCount(),
		progressbar.OptionFullWidth(),
		progressbar.OptionUseANSICodes(true),
		progressbar.OptionSetMaxDetailRow(1),
	)
}

func (b *bars) Saved(paths ...string) {
	if b.bar != nil {
		if !b.bar.IsFinished() { // the cursor is still on the bar, above the losses
			b.bar.Exit()
			fmt.Fprintln(b.screen)
		}
		fmt.Fprintln(b.screen)
		b.bar = nil
	}
	b.plain.Saved(paths...)
}
