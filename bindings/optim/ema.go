package optim

import (
	"slices"

	"cgan/bindings/libtorch"
	"cgan/bindings/torch"
)

// EMA moves averages, in place, towards parameters of the same shapes: decay*average + (1-decay)*parameter. It is what
// torch.optim.swa_utils.get_ema_multi_avg_fn(decay) does.
func EMA(averages, parameters []*torch.Tensor, decay float64) {
	torch.NativeUpdate("foreach_lerp_", slices.Concat(averages, parameters), func(in []libtorch.Handle) error {
		return libtorch.ForeachLerp(in[:len(averages)], in[len(averages):], 1-decay)
	})
}
