package weights

import (
	"encoding/binary"
	"fmt"
)

// DType is the type of one tensor element. The zero DType is no type.
type DType uint8

// The element types. U16, U32 and U64 are read but not written to .pt, because torch 2.1 refuses
// them under weights_only; C128 has no place in safetensors.
const (
	F64 DType = iota + 1
	F32
	F16
	BF16
	I64
	I32
	I16
	I8
	U8
	Bool
	C64
	C128
	U16
	U32
	U64
)

// dtypes holds each type's size in bytes and its name in torch.
var dtypes = [...]struct {
	size int
	name string
}{
	F64:  {8, "float64"},
	F32:  {4, "float32"},
	F16:  {2, "float16"},
	BF16: {2, "bfloat16"},
	I64:  {8, "int64"},
	I32:  {4, "int32"},
	I16:  {2, "int16"},
	I8:   {1, "int8"},
	U8:   {1, "uint8"},
	Bool: {1, "bool"},
	C64:  {8, "complex64"},
	C128: {16, "complex128"},
	U16:  {2, "uint16"},
	U32:  {4, "uint32"},
	U64:  {8, "uint64"},
}

// Valid reports whether d is one of the element types above.
func (d DType) Valid() bool { return d > 0 && int(d) < len(dtypes) }

// Size returns the bytes of one element, 0 if d is no type.
func (d DType) Size() int {
	if !d.Valid() {
		return 0
	}
	return dtypes[d].size
}

// String returns the name that torch prints after "torch.", such as "float32".
func (d DType) String() string {
	if !d.Valid() {
		return fmt.Sprintf("dtype(%d)", uint8(d))
	}
	return dtypes[d].name
}

// IsFloat reports whether d is a real floating-point type.
func (d DType) IsFloat() bool { return d == F64 || d == F32 || d == F16 || d == BF16 }

// IsComplex reports whether d is a complex type.
func (d DType) IsComplex() bool { return d == C64 || d == C128 }

// BadBool returns the place of the first byte of bool data that is neither 0 nor 1, -1 if there is
// none. C++ gives such a byte no meaning.
func (d DType) BadBool(data []byte) int {
	if d != Bool {
		return -1
	}
	for i, b := range data {
		if b > 1 {
			return i
		}
	}
	return -1
}

// exponents holds, for 8 bytes of each floating-point type, the mask of the exponent bits and the
// lowest bit of each exponent.
var exponents = map[DType][2]uint64{
	F64:  {0x7ff0000000000000, 0x0010000000000000},
	C128: {0x7ff0000000000000, 0x0010000000000000},
	F32:  {0x7f8000007f800000, 0x0080000000800000},
	C64:  {0x7f8000007f800000, 0x0080000000800000},
	F16:  {0x7c007c007c007c00, 0x0400040004000400},
	BF16: {0x7f807f807f807f80, 0x0080008000800080},
}

// HasNonFinite reports whether little-endian data holds a NaN or an infinity. Only in those are all
// bits of the exponent set, so that adding its lowest bit carries into the place of the sign. It
// works on 8 bytes at once: reading must cost little more than copying.
func (d DType) HasNonFinite(data []byte) bool {
	e, float := exponents[d]
	if !float {
		return false
	}
	mask, one := e[0], e[1]
	signs := (mask + one) &^ mask
	var found uint64
	for ; len(data) >= 32; data = data[32:] {
		found |= binary.LittleEndian.Uint64(data)&mask + one
		found |= binary.LittleEndian.Uint64(data[8:])&mask + one
		found |= binary.LittleEndian.Uint64(data[16:])&mask + one
		found |= binary.LittleEndian.Uint64(data[24:])&mask + one
	}
	var rest [32]byte
	copy(rest[:], data)
	for i := 0; i < len(rest); i += 8 {
		found |= binary.LittleEndian.Uint64(rest[i:])&mask + one
	}
	return found&signs != 0
}
