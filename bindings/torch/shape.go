package torch

import (
	"cgan/bindings/libtorch"

	"github.com/sugarme/gotch/libtch"
)

// View is t with another shape on the same values; one size may be -1.
func (t *Tensor) View(size ...int64) *Tensor {
	return call("view", []*Tensor{t}, func(out *libtch.Ctensor, in []libtch.Ctensor) {
		libtch.AtgView(out, in[0], size, len(size))
	})
}

// Reshape is t's values, row-major, in another shape; they are copied where they don't lie so.
func (t *Tensor) Reshape(size ...int64) *Tensor {
	return call("reshape", []*Tensor{t}, func(out *libtch.Ctensor, in []libtch.Ctensor) {
		libtch.AtgReshape(out, in[0], size, len(size))
	})
}

// Flatten makes one dimension of those from start to end, which may count from the end: -1 is the last.
func (t *Tensor) Flatten(start, end int64) *Tensor {
	return call("flatten", []*Tensor{t}, func(out *libtch.Ctensor, in []libtch.Ctensor) { libtch.AtgFlatten(out, in[0], start, end) })
}

// Unflatten makes dimensions of those sizes of dimension dim; one size may be -1.
func (t *Tensor) Unflatten(dim int64, sizes ...int64) *Tensor {
	return call("unflatten", []*Tensor{t}, func(out *libtch.Ctensor, in []libtch.Ctensor) {
		libtch.AtgUnflatten(out, in[0], dim, sizes, len(sizes))
	})
}

// Expand repeats dimensions of size 1 up to size, without a copy.
func (t *Tensor) Expand(size ...int64) *Tensor {
	return call("expand", []*Tensor{t}, func(out *libtch.Ctensor, in []libtch.Ctensor) {
		libtch.AtgExpand(out, in[0], size, len(size), 0)
	})
}

// Cat joins tensors along dim.
func Cat(tensors []*Tensor, dim int64) *Tensor {
	return call("cat", tensors, func(out *libtch.Ctensor, in []libtch.Ctensor) {
		libtch.AtgCat(out, in, len(in), dim)
	})
}

// ChannelsLast puts the values of t [A, B, H, W] into the memory order of torch.channels_last, in place.
func (t *Tensor) ChannelsLast() {
	NativeUpdate("channels_last", []*Tensor{t}, func(in []libtorch.Handle) error { return libtorch.ChannelsLast(in[0]) })
}

// Stack puts tensors of one shape side by side on a new dimension dim.
func Stack(tensors []*Tensor, dim int64) *Tensor {
	return call("stack", tensors, func(out *libtch.Ctensor, in []libtch.Ctensor) {
		libtch.AtgStack(out, in, len(in), dim)
	})
}

// T is the transpose of a matrix, on the same values.
func (t *Tensor) T() *Tensor {
	return call("t", []*Tensor{t}, func(out *libtch.Ctensor, in []libtch.Ctensor) { libtch.AtgT(out, in[0]) })
}

// Index picks rows of t by an int64 tensor: t[index].
func (t *Tensor) Index(index *Tensor) *Tensor {
	return call("index", []*Tensor{t, index}, func(out *libtch.Ctensor, in []libtch.Ctensor) {
		libtch.AtgIndex(out, in[0], in[1:], 1)
	})
}

// IndexSelect picks rows of dimension dim by an int64 tensor [N]. It copies whole rows, where Index goes value by value.
func (t *Tensor) IndexSelect(dim int64, index *Tensor) *Tensor {
	return call("index_select", []*Tensor{t, index}, func(out *libtch.Ctensor, in []libtch.Ctensor) {
		libtch.AtgIndexSelect(out, in[0], dim, in[1])
	})
}

// Narrow is length rows of dimension dim from start on, on the same values.
func (t *Tensor) Narrow(dim, start, length int64) *Tensor {
	return call("narrow", []*Tensor{t}, func(out *libtch.Ctensor, in []libtch.Ctensor) {
		libtch.AtgNarrow(out, in[0], dim, start, length)
	})
}

// To is t on another device; t itself stays where it is.
func (t *Tensor) To(device Device) *Tensor {
	return call("to "+device.String(), []*Tensor{t}, func(out *libtch.Ctensor, in []libtch.Ctensor) {
		libtch.AtgTo(out, in[0], int32(device))
	})
}

// Type is t with its values converted to dtype.
func (t *Tensor) Type(dtype DType) *Tensor {
	return call("to "+dtype.String(), []*Tensor{t}, func(out *libtch.Ctensor, in []libtch.Ctensor) {
		libtch.AtgTotype(out, in[0], int32(dtype))
	})
}

// Flip is t with dimension dim from the last to the first.
func (t *Tensor) Flip(dim int64) *Tensor {
	return call("flip", []*Tensor{t}, func(out *libtch.Ctensor, in []libtch.Ctensor) { libtch.AtgFlip(out, in[0], []int64{dim}, 1) })
}

// Permute is t with its dimensions in another order, on the same values.
func (t *Tensor) Permute(dims ...int64) *Tensor {
	return call("permute", []*Tensor{t}, func(out *libtch.Ctensor, in []libtch.Ctensor) { libtch.AtgPermute(out, in[0], dims, len(dims)) })
}
