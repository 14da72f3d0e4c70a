package main

import (
	"fmt"
	"io"
	"time"

	"cgan/cmd/internal/screen"

	"github.com/cheggaaa/pb/v3"
)

// ui talks to the user: the result goes to out, all else to err.
type ui struct {
	out, err io.Writer
	block    *screen.Block // of err, where it is a terminal
}

func newUI(stdout, stderr io.Writer, quiet bool) ui {
	if quiet {
		return ui{out: io.Discard, err: io.Discard}
	}
	return ui{out: stdout, err: stderr, block: screen.New(stderr)}
}

func (u ui) say(format string, args ...any) { fmt.Fprintf(u.err, format+"\n", args...) }

// result prints the one line that names what was chosen.
func (u ui) result(lt libtorch) {
	kind := "CPU"
	if lt.CUDA {
		kind = "CUDA"
	}
	fmt.Fprintf(u.out, "libtorch %s, %s, C++11 ABI %d, by %s: %s\n", lt.FullVersion, kind, lt.ABI, lt.Found, lt.Dir)
}

// meter shows how far a long step is: a bar on a terminal, else a line at the
// start and one at the end.
type meter struct {
	ui    ui
	label string
	start time.Time
	bar   *pb.ProgressBar
}

func (u ui) meter(label string, total int64) *meter {
	m := &meter{ui: u, label: label, start: time.Now()}
	if u.block != nil {
		m.bar = screen.NewBar(label, total, true)
	} else {
		u.say("%s: %s", label, megabytes(total))
	}
	return m
}

// set moves the bar to n bytes.
func (m *meter) set(n int64) {
	if m.bar == nil {
		return
	}
	m.bar.SetCurrent(min(n, m.bar.Total()))
	if m.ui.block.Due() {
		m.draw()
	}
}

func (m *meter) draw() { m.ui.block.Draw(m.bar.SetWidth(m.ui.block.Width()).String()) }

// Write moves the bar on by len(p) bytes.
func (m *meter) Write(p []byte) (int, error) {
	if m.bar != nil {
		m.set(m.bar.Current() + int64(len(p)))
	}
	return len(p), nil
}

// close ends the line of the bar; done says that the step succeeded.
func (m *meter) close(done bool) {
	if m.bar != nil {
		if done {
			m.bar.SetCurrent(m.bar.Total())
			m.draw()
		}
		m.ui.block.Leave()
	} else if done {
		m.ui.say("%s: done in %.1f s", m.label, time.Since(m.start).Seconds())
	}
}

func megabytes[T int64 | uint64](n T) string { return fmt.Sprintf("%d MB", (n+999_999)/1_000_000) }
