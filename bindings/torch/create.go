package torch

import (
	"unsafe"

	"github.com/sugarme/gotch/libtch"
)

// Zeros is a tensor of zeros.
func Zeros(size []int64, dtype DType, device Device) *Tensor {
	return call("zeros", nil, func(out *libtch.Ctensor, _ []libtch.Ctensor) {
		libtch.AtgZeros(out, size, len(size), int32(dtype), int32(device))
	})
}

// ZerosLike is zeros of t's shape, type and device, in its memory order.
func ZerosLike(t *Tensor) *Tensor {
	return call("zeros_like", []*Tensor{t}, func(out *libtch.Ctensor, in []libtch.Ctensor) { libtch.AtgZerosLike(out, in[0]) })
}

// Empty is a tensor whose values are not set.
func Empty(size []int64, dtype DType, device Device) *Tensor {
	return call("empty", nil, func(out *libtch.Ctensor, _ []libtch.Ctensor) {
		libtch.AtgEmpty(out, size, len(size), int32(dtype), int32(device))
	})
}

// Full is a float32 tensor with the same value everywhere.
func Full(size []int64, value float64, device Device) *Tensor {
	return call("full", nil, func(out *libtch.Ctensor, _ []libtch.Ctensor) {
		withScalar(value, func(v libtch.Cscalar) {
			libtch.AtgFull(out, size, len(size), v, int32(Float32), int32(device))
		})
	})
}

// ScalarTensor is a tensor of one value and no dimensions.
func ScalarTensor(value float64, dtype DType, device Device) *Tensor {
	return call("scalar_tensor", nil, func(out *libtch.Ctensor, _ []libtch.Ctensor) {
		withScalar(value, func(v libtch.Cscalar) { libtch.AtgScalarTensor(out, v, int32(dtype), int32(device)) })
	})
}

// Eye is the float32 identity matrix [n, n].
func Eye(n int64, device Device) *Tensor {
	return call("eye", nil, func(out *libtch.Ctensor, _ []libtch.Ctensor) {
		libtch.AtgEye(out, n, int32(Float32), int32(device))
	})
}

// FromBytes is a CPU tensor with the values of bytes, row-major, in the machine's byte order.
func FromBytes(bytes []byte, size []int64, dtype DType) *Tensor {
	t := Empty(size, dtype, CPU)
	t.SetBytes(bytes)
	return t
}

// FromInt64s is an int64 CPU tensor of one dimension.
func FromInt64s(values []int64) *Tensor {
	bytes := unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(values))), 8*len(values))
	return FromBytes(bytes, []int64{int64(len(values))}, Int64)
}

// FromFloat32s is a float32 CPU tensor of the given size.
func FromFloat32s(values []float32, size []int64) *Tensor {
	bytes := unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(values))), 4*len(values))
	return FromBytes(bytes, size, Float32)
}
