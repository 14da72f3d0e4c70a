package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	_ "cgan/bindings/earlysignals" // for signals that come before untilSignal
)

// endSignals are those that end a program but for a kill: it finishes its step and saves. One that was ignored
// when the program began, as under nohup, stays ignored.
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

// untilSignal is a context that the first of endSignals ends. After it a second Ctrl-C ends the process at once; other
// signals do no more, for terminals, service managers and batch systems send several for one end. Call stop.
func untilSignal(stderr io.Writer) (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	signals, done := make(chan os.Signal, 8), make(chan struct{})
	signal.Notify(signals, endSignals()...)
	go func() {
		for {
			select {
			case s := <-signals:
				if ctx.Err() != nil && s == os.Interrupt {
					fmt.Fprintln(stderr, "cgan: interrupted twice: ended at once")
					os.Exit(exitInterrupted)
				}
				cancel()
			case <-done:
				return
			}
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		close(done)
		cancel()
	}
}
