package main

import (
	"fmt"
	"io"
	"strings"

	"cgan/cmd/internal/screen"
	"cgan/train"

	"github.com/cheggaaa/pb/v3"
)

// newReporter shows bars on a terminal, lines elsewhere, and nothing where quiet is asked for.
func newReporter(stdout, stderr io.Writer, quiet bool) train.Reporter {
	if quiet {
		return silent{}
	}
	p := plain{out: stdout}
	if block := screen.New(stderr); block != nil {
		return &bars{plain: p, block: block}
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
	fmt.Fprintf(p.out, "training on %d images of %d classes (%s), to step %d, %d steps to an epoch, on %s with %d threads, into %s\n",
		b.Images, len(b.Classes), b.Classes, b.Steps, b.StepsPerEpoch, b.Device, b.Threads, b.Dir)
}

func (p *plain) Step(s train.Stats) {
	if s.EpochStep%linesEvery == 0 || s.EpochStep == p.begin.StepsPerEpoch || s.Step == p.begin.Steps {
		fmt.Fprintf(p.out, "epoch %d/%d  step %d/%d  %.0f images/s  %s\n",
			s.Epoch, p.begin.Epochs, s.EpochStep, p.begin.StepsPerEpoch, s.ImagesPS, strings.Join(losses(s), "  "))
	}
}

func (p *plain) Saved(paths ...string) {
	for _, path := range paths {
		fmt.Fprintln(p.out, "saved", path)
	}
}

func (p *plain) Say(text string) { fmt.Fprintln(p.out, text) }

func losses(s train.Stats) []string {
	return []string{fmt.Sprintf("Loss_D %.3f", s.LossD), fmt.Sprintf("Loss_G %.3f", s.LossG), fmt.Sprintf("D(x) %.3f", s.DReal), fmt.Sprintf("D(G(z)) %.3f", s.DFake)}
}

// bars draws one bar per epoch, with the losses in a line below it.
type bars struct {
	plain
	block *screen.Block
	bar   *pb.ProgressBar
}

func (b *bars) Step(s train.Stats) {
	if b.bar == nil {
		steps := min(b.begin.StepsPerEpoch-s.EpochStep, b.begin.Steps-s.Step) + 1
		b.bar = screen.NewBar(fmt.Sprintf("epoch %d/%d", s.Epoch, b.begin.Epochs), int64(steps), false)
	}
	b.bar.Increment()
	if b.block.Due() || b.bar.Current() == b.bar.Total() {
		width := b.block.Width()
		b.block.Draw(b.bar.SetWidth(width).String(), screen.Fit(width, append(losses(s), fmt.Sprintf("%.0f images/s", s.ImagesPS))...))
	}
}

func (b *bars) Saved(paths ...string) {
	b.block.Leave()
	b.bar = nil
	b.plain.Saved(paths...)
}

func (b *bars) Say(text string) {
	b.block.Erase()
	b.plain.Say(text)
}
