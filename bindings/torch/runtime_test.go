package torch

import (
	"fmt"
	"math/rand"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
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

// Blocks are cut, handed back in any order and joined again, on several threads: each must keep its values, and
// memory must not grow from round to round.
func TestKeptPagesHoldTheirValues(t *testing.T) {
	do(t, KeepPages)
	round := func(seed int64) {
		random := rand.New(rand.NewSource(seed))
		var all []*Tensor
		for i := range 100 {
			size := 1 + random.Int63n(1<<18) // up to 1 MB
			all = append(all, Full([]int64{size}, float64(i), CPU))
			if i%3 == 2 {
				all[random.Intn(i)].Free()
			}
		}
		for i, x := range all {
			if x.handle == nil {
				continue
			}
			if values := x.Float32s(); values[0] != float32(i) || slices.Min(values) != slices.Max(values) {
				t.Errorf("tensor %d holds values from %v to %v", i, slices.Min(values), slices.Max(values))
			}
		}
	}
	rounds := func(count int) {
		var threads sync.WaitGroup
		for seed := range int64(2) {
			threads.Add(1)
			go func() {
				defer threads.Done()
				for range count {
					if err := Do("a round", func() error { round(seed); return nil }); err != nil {
						t.Error(err)
					}
				}
			}()
		}
		threads.Wait()
	}
	resident := func() float64 {
		var pages, mine float64
		data, err := os.ReadFile("/proc/self/statm")
		if _, scan := fmt.Sscan(string(data), &pages, &mine); err != nil || scan != nil {
			t.Skip("the system does not tell the resident memory")
		}
		return mine * float64(os.Getpagesize())
	}
	rounds(2)
	before := resident()
	rounds(4)
	if grown := resident() - before; grown > 100<<20 {
		t.Errorf("resident memory grew by %.0f MB over 4 rounds", grown/(1<<20))
	}
}

// A big tensor that comes again and again costs page faults once, where the C library would map it anew each time.
func TestKeptPagesStayMapped(t *testing.T) {
	do(t, func() {
		KeepPages()
		const size = 1 << 24 // 64 MB
		faults := func() int64 {
			var usage unix.Rusage
			if err := unix.Getrusage(unix.RUSAGE_SELF, &usage); err != nil {
				t.Fatal(err)
			}
			return usage.Minflt
		}
		Full([]int64{size}, 1, CPU).Free()
		before := faults()
		for range 5 {
			Full([]int64{size}, 1, CPU).Free()
		}
		if got, mapped := faults()-before, int64(5*4*size/os.Getpagesize()); got > mapped/10 {
			t.Errorf("%d page faults, mapping anew would cost %d", got, mapped)
		}
	})
}

// What libtorch makes before main lies in huge pages, which a program's start is sooner for.
func TestTheHeapIsForHugePages(t *testing.T) {
	maps, err := os.ReadFile("/proc/self/smaps")
	_, noHugePages := os.Stat("/sys/kernel/mm/transparent_hugepage")
	heaps := strings.Split(string(maps), "[heap]\n")[1:]
	if err != nil || noHugePages != nil || len(heaps) == 0 {
		t.Skip("this system says nothing about huge pages")
	}
	for _, heap := range heaps {
		_, flags, _ := strings.Cut(heap, "VmFlags: ")
		flags, _, _ = strings.Cut(flags, "\n")
		if slices.Contains(strings.Fields(flags), "hg") {
			return
		}
	}
	t.Error("no part of the heap has the flag hg, for huge pages")
}

func TestAHugeTensorIsAnErrorWithKeptPagesToo(t *testing.T) {
	do(t, KeepPages)
	err := Do("make it", func() error { Empty([]int64{1 << 50}, Float32, CPU); return nil })
	if err == nil || !strings.Contains(err.Error(), "make it: ") || !strings.Contains(err.Error(), "memory") {
		t.Errorf("got %v", err)
	}
}

func TestWorkTimesCountTheKernels(t *testing.T) {
	do(t, func() {
		ChooseKernels(true, true)
		if Kernels() == "" {
			t.Skip("no kernels on this machine")
		}
		product := func() WorkTime {
			all := WorkTimes()
			return all[slices.IndexFunc(all, func(w WorkTime) bool { return w.Name == "product" })]
		}
		begin, before := time.Now(), product()
		FastConv(Randn([]int64{64, 64, 14, 14}, CPU), Randn([]int64{128, 64, 4, 4}, CPU), Randn([]int64{128}, CPU), 2, 1, false, 1)
		passed, busy := product().Passed-before.Passed, product().Busy-before.Busy
		if passed <= 0 || passed > time.Since(begin) {
			t.Errorf("the products took %v of %v", passed, time.Since(begin))
		}
		if threads := time.Duration(NumThreads()); busy <= 0 || busy > passed*threads {
			t.Errorf("%d threads were busy for %v within %v", threads, busy, passed)
		}
	})
}
