package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"

	_ "cgan/bindings/earlysignals" // for signals that come before untilSignal
)

// endSignals are those that end a program but for a kill: it finishes its step and saves. One that was ignored
// when the program began, as under nohup, stays ignored, but for a SIGHUP that a command has a use for.
func endSignals() (all []os.Signal) {
	for _, s := range []syscall.Signal{
		syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGALRM, syscall.SIGXCPU,
	} {
		if !signal.Ignored(s) {
			all = append(all, s)
		}
	}
	return all
}

// interruption is the end of a command that a signal asked for.
type interruption struct{ syscall.Signal }

// Error is one word; who ends adds what is kept.
func (i interruption) Error() string { return "interrupted" }

// interrupted is why ctx ended.
func interrupted(ctx context.Context) error {
	var i interruption
	if errors.As(context.Cause(ctx), &i) {
		return i
	}
	return interruption{syscall.SIGINT}
}

// patience is how long more signals of one end may follow the first: terminals, service managers and batch systems send
// several.
const patience = 500 * time.Millisecond

// onHangup is what SIGHUP does in a command for which it is no end; nothing for the others.
type onHangup struct {
	do      atomic.Pointer[func()]
	signals chan os.Signal
}

// use makes SIGHUP do something, which must not take long, in the place of an end.
func (h *onHangup) use(do func()) {
	h.do.Store(&do)
	signal.Notify(h.signals, syscall.SIGHUP)
}

// does says whether a signal was one that a command has another use for, and uses it.
func (h *onHangup) does(s os.Signal) bool {
	do := h.do.Load()
	if s != syscall.SIGHUP || do == nil {
		return false
	}
	(*do)()
	return true
}

// untilSignal is a context that the first of endSignals ends. After it a second Ctrl-C, or any of them a while later, ends
// the process at once. Call stop.
func untilSignal(stderr io.Writer, hangup *onHangup) (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancelCause(context.Background())
	signals, done := make(chan os.Signal, 8), make(chan struct{})
	hangup.signals = signals
	signal.Notify(signals, endSignals()...)
	go func() {
		var first time.Time
		for {
			select {
			case s := <-signals:
				if hangup.does(s) {
					continue
				}
				number, _ := s.(syscall.Signal)
				if first.IsZero() {
					first = time.Now()
				} else if s == os.Interrupt || time.Since(first) > patience {
					fmt.Fprintln(stderr, "cgan: interrupted twice: ended at once")
					os.Exit(exitSignal + int(number))
				}
				cancel(interruption{number})
			case <-done:
				return
			}
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		close(done)
		cancel(nil)
	}
}
