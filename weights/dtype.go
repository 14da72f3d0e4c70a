package weights

import "fmt"

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

// dtypes holds each type's size in bytes and its name in torch, as torch storage, in safetensors.
var dtypes = [...]struct {
	size                int
	name, storage, safe string
}{
	F64:  {8, "float64", "DoubleStorage", "F64"},
	F32:  {4, "float32", "FloatStorage", "F32"},
	F16:  {2, "float16", "HalfStorage", "F16"},
	BF16: {2, "bfloat16", "BFloat16Storage", "BF16"},
	I64:  {8, "int64", "LongStorage", "I64"},
	I32:  {4, "int32", "IntStorage", "I32"},
	I16:  {2, "int16", "ShortStorage", "I16"},
	I8:   {1, "int8", "CharStorage", "I8"},
	U8:   {1, "uint8", "ByteStorage", "U8"},
	Bool: {1, "bool", "BoolStorage", "BOOL"},
	C64:  {8, "complex64", "ComplexFloatStorage", "C64"},
	C128: {16, "complex128", "ComplexDoubleStorage", ""},
	U16:  {2, "uint16", "", "U16"},
	U32:  {4, "uint32", "", "U32"},
	U64:  {8, "uint64", "", "U64"},
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

// dtypeBy returns the type for which name gives want; 0 if there is none.
func dtypeBy(want string, name func(DType) string) DType {
	for d := F64; d.Valid(); d++ {
		if want != "" && name(d) == want {
			return d
		}
	}
	return 0
}

func storageName(d DType) string { return dtypes[d].storage }
func safeName(d DType) string    { return dtypes[d].safe }
