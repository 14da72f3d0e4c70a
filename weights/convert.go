package weights

import (
	"encoding/binary"
	"fmt"
	"math"
)

// Convertible reports whether Convert goes from one type to the other: to itself, or from any
// real type to a floating-point type or to int64, which takes whole numbers alone.
func Convertible(from, to DType) bool {
	return from.Valid() && (from == to || !from.IsComplex() && (to.IsFloat() || to == I64))
}

// Convert returns the tensor in another element type, rounding to nearest even as torch does.
// Converting to its own type returns t itself, with its Data.
func (t Tensor) Convert(to DType) (Tensor, error) {
	if err := t.Validate(); err != nil {
		return Tensor{}, err
	}
	if t.DType == to {
		return t, nil
	}
	if !Convertible(t.DType, to) {
		return Tensor{}, fmt.Errorf("cannot convert %v to %v", t.DType, to)
	}
	n, from, size := t.Numel(), t.DType.Size(), to.Size()
	data := make([]byte, n*int64(size))
	get, put := getter(t.DType), putter(to)
	for i := range int(n) {
		v := get(t.Data[i*from:])
		if to == I64 && (v != math.Trunc(v) || math.Abs(v) > 1<<53) {
			return Tensor{}, fmt.Errorf("%v is no whole number that int64 and %v both hold", v, t.DType)
		}
		put(data[i*size:], v)
	}
	return Tensor{DType: to, Shape: t.Shape, Data: data}, nil
}

// getter reads one element as float64, which holds every type but large 64-bit integers exactly.
func getter(d DType) func([]byte) float64 {
	le := binary.LittleEndian
	switch d {
	case F64:
		return func(b []byte) float64 { return math.Float64frombits(le.Uint64(b)) }
	case F32:
		return func(b []byte) float64 { return float64(math.Float32frombits(le.Uint32(b))) }
	case F16:
		return func(b []byte) float64 { return halfToFloat(le.Uint16(b)) }
	case BF16:
		return func(b []byte) float64 { return float64(math.Float32frombits(uint32(le.Uint16(b)) << 16)) }
	case I64:
		return func(b []byte) float64 { return float64(int64(le.Uint64(b))) }
	case I32:
		return func(b []byte) float64 { return float64(int32(le.Uint32(b))) }
	case I16:
		return func(b []byte) float64 { return float64(int16(le.Uint16(b))) }
	case I8:
		return func(b []byte) float64 { return float64(int8(b[0])) }
	case U16:
		return func(b []byte) float64 { return float64(le.Uint16(b)) }
	case U32:
		return func(b []byte) float64 { return float64(le.Uint32(b)) }
	case U64:
		return func(b []byte) float64 { return float64(le.Uint64(b)) }
	}
	return func(b []byte) float64 { return float64(b[0]) } // U8, Bool
}

// putter writes one element. The 16-bit types round from float32, as torch does.
func putter(d DType) func([]byte, float64) {
	le := binary.LittleEndian
	switch d {
	case F64:
		return func(b []byte, v float64) { le.PutUint64(b, math.Float64bits(v)) }
	case F32:
		return func(b []byte, v float64) { le.PutUint32(b, math.Float32bits(float32(v))) }
	case F16:
		return func(b []byte, v float64) { le.PutUint16(b, floatToHalf(float32(v))) }
	case I64:
		return func(b []byte, v float64) { le.PutUint64(b, uint64(int64(v))) }
	}
	return func(b []byte, v float64) { le.PutUint16(b, floatToBrain(float32(v))) }
}

// halfToFloat widens an IEEE binary16; every value is exact.
func halfToFloat(h uint16) float64 {
	sign, exponent, fraction := 1.0, int(h>>10&0x1f), float64(h&0x3ff)
	if h>>15 == 1 {
		sign = -1
	}
	switch {
	case exponent == 0:
		return sign * math.Ldexp(fraction, -24)
	case exponent < 31:
		return sign * math.Ldexp(1024+fraction, exponent-25)
	case fraction == 0:
		return math.Inf(int(sign))
	}
	return math.NaN()
}

// floatToHalf rounds to nearest even; too large becomes infinite, NaN stays NaN.
func floatToHalf(f float32) uint16 {
	x := math.Float32bits(f)
	sign, x := uint16(x>>16&0x8000), x&0x7fffffff
	switch {
	case x > 0x7f800000:
		return sign | 0x7e00
	case x >= 0x47800000: // 65536 and above
		return sign | 0x7c00
	case x < 0x38800000: // below 2^-14: the step is 2^-24
		return sign | uint16(math.RoundToEven(math.Abs(float64(f))*(1<<24)))
	}
	x += 0xfff + x>>13&1 // round the 13 bits that go
	return sign | uint16((x-0x38000000)>>13)
}

// floatToBrain rounds to nearest even; NaN stays NaN.
func floatToBrain(f float32) uint16 {
	x := math.Float32bits(f)
	if f != f {
		return 0x7fc0
	}
	return uint16((x + 0x7fff + x>>16&1) >> 16)
}
