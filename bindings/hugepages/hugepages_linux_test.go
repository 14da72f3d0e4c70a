package hugepages

import (
	"fmt"
	"math/rand"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"cgan/bindings/torch"
	"cgan/bindings/torch/torchtest"

	"golang.org/x/sys/unix"
)

func use(t *testing.T) {
	t.Helper()
	if err := Use(); err != nil {
		t.Fatal(err)
	}
}

// Blocks are cut, handed back in any order and joined again, on several threads: each must keep its values, and
// memory must not grow from round to round.
func TestKeptPagesHoldTheirValues(t *testing.T) {
	use(t)
	round := func(seed int64) {
		random := rand.New(rand.NewSource(seed))
		var all []*torch.Tensor
		for i := range 100 {
			size := 1 + random.Int63n(1<<18) // up to 1 MB
			all = append(all, torch.Full([]int64{size}, float64(i), torch.CPU))
			if i%3 == 2 {
				all[random.Intn(i)].Free()
			}
		}
		for i, x := range all {
			if x.Freed() {
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
					if err := torch.Do("a round", func() error { round(seed); return nil }); err != nil {
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
	use(t)
	torchtest.Do(t, func() {
		const size = 1 << 24 // 64 MB
		faults := func() int64 {
			var usage unix.Rusage
			if err := unix.Getrusage(unix.RUSAGE_SELF, &usage); err != nil {
				t.Fatal(err)
			}
			return usage.Minflt
		}
		torch.Full([]int64{size}, 1, torch.CPU).Free()
		before := faults()
		for range 5 {
			torch.Full([]int64{size}, 1, torch.CPU).Free()
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
	use(t)
	err := torch.Do("make it", func() error { torch.Empty([]int64{1 << 50}, torch.Float32, torch.CPU); return nil })
	if err == nil || !strings.Contains(err.Error(), "make it: ") || !strings.Contains(err.Error(), "memory") {
		t.Errorf("got %v", err)
	}
}
