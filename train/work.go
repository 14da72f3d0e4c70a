package train

import (
	"time"

	"cgan/bindings/torch"
)

// Work is one kind of work that the fast kernels do, in the mean of all timed steps.
type Work struct {
	Name string  `json:"name"`
	Ms   float64 `json:"ms"`      // that pass in a step
	Idle float64 `json:"idle_ms"` // of them that a thread waits for the last one
}

// workSince is what steps took since then, on so many threads. What no step needs is left out.
func workSince(then []torch.WorkTime, steps, threads int) (all []Work) {
	for i, now := range torch.WorkTimes() {
		ms := func(d time.Duration) float64 { return d.Seconds() * 1e3 / float64(steps) }
		passed, busy := ms(now.Passed-then[i].Passed), ms(now.Busy-then[i].Busy)
		if passed > 0 {
			all = append(all, Work{now.Name, passed, max(0, passed-busy/float64(threads))})
		}
	}
	return all
}
