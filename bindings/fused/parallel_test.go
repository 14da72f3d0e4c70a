package fused

import (
	"slices"
	"testing"
	"time"

	"cgan/bindings/kernels"
	"cgan/bindings/torch"
)

func TestWorkTimesCountTheKernels(t *testing.T) {
	onEverySet(t, func(t *testing.T, set *kernels.Set) {
		product := func() WorkTime {
			all := WorkTimes()
			return all[slices.IndexFunc(all, func(w WorkTime) bool { return w.Name == "product" })]
		}
		begin, before := time.Now(), product()
		conv := Conv{Kernels: set, Stride: 2, Padding: 1, NegativeSlope: 1}
		conv.Forward(torch.Randn([]int64{8, 64, 14, 14}, torch.CPU), torch.Randn([]int64{32, 64, 4, 4}, torch.CPU), torch.Randn([]int64{32}, torch.CPU))
		passed, busy := product().Passed-before.Passed, product().Busy-before.Busy
		if passed <= 0 || passed > time.Since(begin) {
			t.Errorf("the products took %v of %v", passed, time.Since(begin))
		}
		if threads := time.Duration(torch.NumThreads()); busy <= 0 || busy > passed*threads {
			t.Errorf("%d threads were busy for %v within %v", threads, busy, passed)
		}
	})
}
