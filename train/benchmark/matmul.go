package benchmark

import (
	"time"

	"cgan/bindings/torch"
)

// matmulRate is the best rate of libtorch's matrix product in GFLOP/s, over two sizes.
func matmulRate(dtype torch.DType, device torch.Device) (best float64) {
	for _, n := range []int64{1024, 2048} {
		torch.Scope(func() {
			a, b := torch.Randn([]int64{n, n}, device).Type(dtype), torch.Randn([]int64{n, n}, device).Type(dtype)
			for range 8 {
				start := time.Now()
				torch.Scope(func() { a.Matmul(b).Reshape(-1).Narrow(0, 0, 1).Type(torch.Float32).Item() }) // CUDA is done when a value is here
				best = max(best, 2*float64(n*n*n)/time.Since(start).Seconds()/1e9)
			}
		})
	}
	return best
}
