package optim

import "cgan/bindings/torch"

// EMA moves averages, in place, towards parameters of the same shapes: decay*average + (1-decay)*parameter. It is what
// torch.optim.swa_utils.get_ema_multi_avg_fn(decay) does.
func EMA(averages, parameters []*torch.Tensor, decay float64) {
	torch.NoGrad(func() {
		for i, average := range averages {
			average.Lerp_(parameters[i], 1-decay)
		}
	})
}
