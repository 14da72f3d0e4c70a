package weights

import "encoding/binary"

// badBool returns the place of the first byte of bool data that is neither 0 nor 1, -1 if there is
// none. C++ gives such a byte no meaning.
func badBool(d DType, data []byte) int {
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

// nonFinite reports whether little-endian data holds a NaN or an infinity. Only in those are all
// bits of the exponent set, so that adding its lowest bit carries into the place of the sign. It
// works on 8 bytes at once: reading must cost little more than copying.
func nonFinite(d DType, data []byte) bool {
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
