package weights

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/bits"
)

// MaxRank is the most dimensions that torch gives a tensor.
const MaxRank = 64

// Tensor is a contiguous array: elements in row-major order, little-endian, Numel()*DType.Size()
// bytes. An empty Shape is a scalar of one element. Data of a tensor that was read may be shared
// with other tensors of the same file: copy before changing it.
type Tensor struct {
	DType DType
	Shape []int64
	Data  []byte
}

// Numel returns the number of elements, the product of Shape; 1 for a scalar. It does not check
// for overflow: Validate does.
func (t Tensor) Numel() int64 {
	n := int64(1)
	for _, d := range t.Shape {
		n *= d
	}
	return n
}

// Validate returns an error unless DType is known, Shape has at most 64 non-negative dimensions
// and Data is exactly as long as they ask.
func (t Tensor) Validate() error {
	if !t.DType.Valid() {
		return fmt.Errorf("no element type: %v", t.DType)
	}
	n, err := t.DType.ByteSize(t.Shape)
	if err != nil {
		return err
	}
	if int64(len(t.Data)) != n {
		return fmt.Errorf("%v of shape %v needs %d bytes, has %d", t.DType, t.Shape, n, len(t.Data))
	}
	return nil
}

// ByteSize returns the bytes of a contiguous tensor of that shape. The error says what about the shape is impossible;
// every multiplication is checked.
func (d DType) ByteSize(shape []int64) (int64, error) {
	if len(shape) > MaxRank {
		return 0, fmt.Errorf("shape has %d dimensions; at most %d are possible", len(shape), MaxRank)
	}
	n := uint64(d.Size())
	for _, dim := range shape {
		if dim < 0 {
			return 0, fmt.Errorf("shape %v has a negative dimension", shape)
		}
		high, low := bits.Mul64(n, uint64(dim))
		if high != 0 || low > math.MaxInt64 {
			return 0, fmt.Errorf("the size of shape %v overflows 64 bits", shape)
		}
		n = low
	}
	return int64(n), nil
}

// FromFloat32s returns a float32 tensor with a copy of values in row-major order. An error says
// that the shape does not have as many elements.
func FromFloat32s(values []float32, shape ...int64) (Tensor, error) {
	data := make([]byte, 4*len(values))
	for i, v := range values {
		binary.LittleEndian.PutUint32(data[4*i:], math.Float32bits(v))
	}
	t := Tensor{DType: F32, Shape: shape, Data: data}
	return t, t.Validate()
}

// FromInt64s is FromFloat32s for int64.
func FromInt64s(values []int64, shape ...int64) (Tensor, error) {
	data := make([]byte, 8*len(values))
	for i, v := range values {
		binary.LittleEndian.PutUint64(data[8*i:], uint64(v))
	}
	t := Tensor{DType: I64, Shape: shape, Data: data}
	return t, t.Validate()
}

// Int64s returns the elements in row-major order, converted as Convert does.
func (t Tensor) Int64s() ([]int64, error) {
	whole, err := t.Convert(I64)
	if err != nil {
		return nil, err
	}
	values := make([]int64, len(whole.Data)/8)
	for i := range values {
		values[i] = int64(binary.LittleEndian.Uint64(whole.Data[8*i:]))
	}
	return values, nil
}

// Float32s returns the elements in row-major order, converted as Convert does.
func (t Tensor) Float32s() ([]float32, error) {
	f, err := t.Convert(F32)
	if err != nil {
		return nil, err
	}
	values := make([]float32, len(f.Data)/4)
	for i := range values {
		values[i] = math.Float32frombits(binary.LittleEndian.Uint32(f.Data[4*i:]))
	}
	return values, nil
}
