package benchmark

import (
	"time"

	"cgan/bindings/fused"
)

// Work is one kind of work that the fast kernels do, in the mean of all timed steps.
type Work struct {
	Name string  `json:"name"`
	Ms   float64 `json:"ms"`      // that pass in a step
	Idle float64 `json:"idle_ms"` // of them that a thread waits for the last one
}

// workBetween is what so many steps took on so many threads. What no step needs is left out.
func workBetween(then, now []fused.WorkTime, steps, threads int) []Work {
	all := []Work{}
	for i, w := range now {
		ms := func(d time.Duration) float64 { return d.Seconds() * 1e3 / float64(steps) }
		passed, busy := ms(w.Passed-then[i].Passed), ms(w.Busy-then[i].Busy)
		if passed > 0 {
			all = append(all, Work{w.Name, passed, max(0, passed-busy/float64(threads))})
		}
	}
	return all
}
