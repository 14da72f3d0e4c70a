package torch

import "fmt"

// DType is the type of a tensor's values, numbered as c10::ScalarType.
type DType int32

// The types that cgan computes with or stores.
const (
	Uint8    DType = 0
	Int32    DType = 3
	Int64    DType = 4
	Float16  DType = 5
	Float32  DType = 6
	Float64  DType = 7
	Bool     DType = 11
	BFloat16 DType = 15
)

var dtypeNames = map[DType]string{
	Uint8: "uint8", Int32: "int32", Int64: "int64", Float16: "float16", Float32: "float32",
	Float64: "float64", Bool: "bool", BFloat16: "bfloat16",
}

// String is the type's name as torch prints it, without "torch.".
func (d DType) String() string {
	if name, ok := dtypeNames[d]; ok {
		return name
	}
	return fmt.Sprintf("dtype(%d)", int32(d))
}
