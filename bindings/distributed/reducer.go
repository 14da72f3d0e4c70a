package distributed

// #include "distributed.h"
import "C"

import (
	"errors"
	"strings"
	"unsafe"

	"cgan/bindings/libtorch"
	"cgan/bindings/torch"
)

// Reducer averages the gradients of parameters over the ranks, in buckets that travel while the rest of the backward pass
// computes: c10d's, as torch.nn.parallel.DistributedDataParallel(broadcast_buffers=False) has it, bucket for bucket.
type Reducer struct{ native C.cgan_reducer }

// NewReducer takes all parameters of a network, in their order, float32 on the CPU. bf16 sends gradients as bfloat16, half of
// the bytes, as bf16_compress_hook. Every rank makes the same. It runs inside torch.Do. Free it before the parameters.
func NewReducer(g *ProcessGroup, parameters []*torch.Tensor, bf16 bool) *Reducer {
	r := &Reducer{}
	torch.NativeUpdate("Reducer", parameters, func(in []libtorch.Handle) error {
		half := C.int(0)
		if bf16 {
			if lacksBFloat16() {
				return errors.New("libtorch 2.1 has a Gloo that adds no bfloat16: send gradients as float32, or build with a newer libtorch")
			}
			half = 1
		}
		return libtorch.Check(unsafe.Pointer(C.cgan_reducer_new(g.native, C.size_t(len(in)), (*C.cgan_tensor)(unsafe.Pointer(unsafe.SliceData(in))), half, &r.native)))
	})
	return r
}

// lacksBFloat16 says that Gloo can't add bfloat16, as was seen of libtorch 2.1.0.
func lacksBFloat16() bool { return strings.HasPrefix(torch.Version(), "2.1.") }

// Prepare says that the next Backward gives each parameter its gradient, and that it be averaged. Others are left alone. A nil
// Reducer, of one process, does nothing.
func (r *Reducer) Prepare() {
	if r == nil {
		return
	}
	torch.NativeUpdate("prepare_for_backward", nil, func([]libtorch.Handle) error {
		return libtorch.Check(unsafe.Pointer(C.cgan_reducer_prepare(r.native)))
	})
}

// Free ends it.
func (r *Reducer) Free() {
	if r != nil {
		_ = libtorch.Check(unsafe.Pointer(C.cgan_reducer_free(r.native)))
	}
}
