package torch

import (
	"fmt"
	"math"
	"unsafe"

	"cgan/bindings/libtorch"

	"github.com/sugarme/gotch/libtch"
)

// Tensor is a native tensor that belongs to a scope, or to nobody once it is kept.
type Tensor struct {
	handle libtorch.Handle
	kept   bool
}

// Free ends the tensor now. Freeing twice, or nil, is harmless; using it afterwards is an error.
func (t *Tensor) Free() {
	if t == nil || t.handle == nil {
		return
	}
	libtch.AtFree(libtch.Ctensor(t.handle))
	t.handle = nil
	live.Add(-1)
}

// Freed says whether the tensor has ended.
func (t *Tensor) Freed() bool { return t.handle == nil }

// Shape is the size of each dimension; empty for a tensor of one value and no dimensions.
func (t *Tensor) Shape() []int64 {
	native := libtch.Ctensor(handle("shape", t))
	shape := make([]int64, libtch.AtDim(native))
	if len(shape) > 0 {
		libtch.AtShape(native, unsafe.Pointer(&shape[0]))
	}
	return shape
}

// Size is the size of dimension dim, which counts from the end when it is negative.
func (t *Tensor) Size(dim int) int64 {
	shape := t.Shape()
	if dim < 0 {
		dim += len(shape)
	}
	if dim < 0 || dim >= len(shape) {
		fail("size", []*Tensor{t}, fmt.Sprintf("there is no dimension %d", dim))
	}
	return shape[dim]
}

// Numel is the number of values.
func (t *Tensor) Numel() int64 {
	n := int64(1)
	for _, size := range t.Shape() {
		n *= size
	}
	return n
}

// DType is the type of the values.
func (t *Tensor) DType() DType { return DType(libtch.AtScalarType(libtch.Ctensor(handle("dtype", t)))) }

// Device is where the values are.
func (t *Tensor) Device() Device { return Device(libtch.AtDevice(libtch.Ctensor(handle("device", t)))) }

// Bytes copies the values out, row-major, in the machine's byte order.
func (t *Tensor) Bytes() []byte {
	native := handle("bytes", t)
	size, err := libtorch.Bytes(native)
	must("bytes", err, t)
	out := make([]byte, size)
	must("bytes", libtorch.Read(native, out), t)
	return out
}

// SetBytes copies values in from bytes laid out as Bytes gives them, of the tensor's exact size.
func (t *Tensor) SetBytes(bytes []byte) {
	must("set bytes", libtorch.Write(handle("set bytes", t), bytes), t)
}

// Float32s copies the values of a float32 tensor out, row-major.
func (t *Tensor) Float32s() []float32 { return values[float32](t, Float32) }

// Int64s copies the values of an int64 tensor out, row-major.
func (t *Tensor) Int64s() []int64 { return values[int64](t, Int64) }

// Item is the one value of t as a float64, as Python's item() gives it.
func (t *Tensor) Item() float64 {
	if t.Numel() != 1 {
		fail("item", []*Tensor{t}, "the tensor holds more than one value, or none")
	}
	switch t.DType() {
	case Float32:
		return float64(t.Float32s()[0])
	case Int64:
		return float64(t.Int64s()[0])
	default:
		fail("item", []*Tensor{t}, "no conversion from "+t.DType().String())
		return math.NaN()
	}
}

func values[T float32 | int64](t *Tensor, want DType) []T {
	if got := t.DType(); got != want {
		fail("read as "+want.String(), []*Tensor{t}, "the tensor is "+got.String())
	}
	out := make([]T, t.Numel())
	if len(out) > 0 {
		bytes := unsafe.Slice((*byte)(unsafe.Pointer(&out[0])), len(out)*int(unsafe.Sizeof(out[0])))
		must("read", libtorch.Read(t.handle, bytes), t)
	}
	return out
}
