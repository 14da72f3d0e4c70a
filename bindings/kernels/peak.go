package kernels

// #include "registry.h"
import "C"

import (
	"sync"
	"time"
)

// Peak is the processor's own limit in GFLOP/s, with this set's instructions on so many threads at once: the best rate of a
// loop of multiply-adds, or products of tiles, whose operands never leave the registers. It takes a tenth of a second.
func (s *Set) Peak(bf16 bool, threads int) (gflops float64) {
	kind := C.int(0)
	if bf16 {
		kind = 1
	}
	rounds := C.int64_t(1000)
	for took := time.Duration(0); took < time.Millisecond; rounds *= 2 {
		begin := time.Now()
		C.cgan_kernel_peak(s.native, kind, rounds)
		took = time.Since(begin)
	}
	for end := time.Now().Add(100 * time.Millisecond); time.Now().Before(end); {
		gflops = max(gflops, s.together(kind, rounds, threads))
	}
	return gflops
}

// together is the rate of one run on all threads, the slowest of which counts.
func (s *Set) together(kind C.int, rounds C.int64_t, threads int) (gflops float64) {
	var all sync.WaitGroup
	begin := time.Now()
	for range threads {
		all.Add(1)
		go func() {
			defer all.Done()
			C.cgan_kernel_peak(s.native, kind, rounds)
		}()
	}
	all.Wait()
	took := time.Since(begin)
	return float64(threads) * float64(C.cgan_kernel_peak(s.native, kind, 1)) * float64(rounds) / float64(took.Nanoseconds())
}
