package torch

import (
	"runtime"
	"testing"
)

// Goroutines move between OS threads, and what one of them sets must hold wherever the next one runs.
func TestSetNumThreadsHoldsOnEveryThread(t *testing.T) {
	var before int
	do(t, func() { before = NumThreads() })
	t.Cleanup(func() { do(t, func() { SetNumThreads(before) }) })
	ask, answer := make(chan struct{}), make(chan int)
	defer close(ask)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		for range ask {
			n := 0
			_ = Do("ask", func() error { n = NumThreads(); return nil })
			answer <- n
		}
	}()
	for _, want := range []int{before, before + 1, before + 2} {
		do(t, func() { SetNumThreads(want) })
		ask <- struct{}{}
		if got := <-answer; got != want {
			t.Errorf("%d threads on another OS thread, %d were set", got, want)
		}
	}
}
