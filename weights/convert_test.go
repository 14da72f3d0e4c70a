package weights

import (
	"math"
	"strings"
	"testing"
)

func TestHalfAndBrainFloats(t *testing.T) {
	inf := float32(math.Inf(1))
	for _, c := range []struct {
		in          float32
		half, brain uint16
	}{
		{0, 0, 0}, {float32(math.Copysign(0, -1)), 0x8000, 0x8000}, {1, 0x3c00, 0x3f80}, {-2, 0xc000, 0xc000},
		{65504, 0x7bff, 0x4780}, {65519, 0x7bff, 0x4780}, {65520, 0x7c00, 0x4780}, {-1e30, 0xfc00, 0xf14a}, {inf, 0x7c00, 0x7f80},
		{1 + 1.0/2048, 0x3c00, 0x3f80}, {1 + 3.0/2048, 0x3c02, 0x3f80}, // ties go to even
		{1 + 1.0/256, 0x3c04, 0x3f80}, {1 + 3.0/256, 0x3c0c, 0x3f82},
		{6.103515625e-05, 0x0400, 0x3880}, {6.1e-05, 0x03ff, 0x3880}, {5.9604645e-08, 0x0001, 0x3380},
		{2.9802322e-08, 0x0000, 0x3300}, {2.9802326e-08, 0x0001, 0x3300}, {math.MaxFloat32, 0x7c00, 0x7f80},
	} {
		if h, b := floatToHalf(c.in), floatToBrain(c.in); h != c.half || b != c.brain {
			t.Errorf("%v: %#04x and %#04x, want %#04x and %#04x", c.in, h, b, c.half, c.brain)
		}
	}
	nan := float32(math.NaN())
	if halfToFloat(floatToHalf(nan)) == halfToFloat(floatToHalf(nan)) || floatToBrain(nan)&0x7f80 != 0x7f80 || floatToBrain(nan)&0x7f == 0 {
		t.Error("NaN became a number")
	}
	for h := range 1 << 16 { // every half but NaN survives the way through float32
		if f := halfToFloat(uint16(h)); f == f && floatToHalf(float32(f)) != uint16(h) {
			t.Fatalf("%#04x became %v and %#04x", h, f, floatToHalf(float32(f)))
		}
	}
}

func TestConvert(t *testing.T) {
	values := []float32{-3, 0, 1, 100}
	from, err := FromFloat32s(values, 2, 2)
	if err != nil {
		t.Fatal(err)
	}
	for _, to := range []DType{F64, F32, F16, BF16} {
		there, err := from.Convert(to)
		if err != nil || there.DType != to || there.Validate() != nil {
			t.Fatal(to, err)
		}
		back, err := there.Float32s()
		for i := range values {
			if err != nil || back[i] != values[i] {
				t.Errorf("%v: %v, %v", to, back, err)
			}
		}
	}
	minusOne := map[DType]float32{I64: -1, I32: -1, I16: -1, I8: -1, U8: 255, U16: 65535, U32: 1 << 32, U64: 1 << 63 * 2}
	for d, want := range minusOne {
		data := []byte(strings.Repeat("\xff", d.Size()))
		if got, err := (Tensor{DType: d, Data: data}).Float32s(); err != nil || got[0] != want {
			t.Errorf("%v: %v, %v", d, got, err)
		}
	}
	if got, err := (Tensor{DType: Bool, Shape: []int64{2}, Data: []byte{0, 1}}).Float32s(); err != nil || got[0] != 0 || got[1] != 1 {
		t.Errorf("bool: %v, %v", got, err)
	}
	for _, c := range [][2]DType{{C64, I64}, {C64, F32}, {F32, C64}, {I64, I32}} {
		bad := Tensor{DType: c[0], Shape: []int64{0}}
		if _, err := bad.Convert(c[1]); err == nil || Convertible(c[0], c[1]) {
			t.Errorf("%v to %v: %v", c[0], c[1], err)
		}
	}
}

func TestTensorValidate(t *testing.T) {
	for want, bad := range map[string]Tensor{
		"no element type: dtype(0)":                        {},
		"no element type: dtype(200)":                      {DType: 200},
		"needs 24 bytes, has 4":                            {F32, []int64{2, 3}, make([]byte, 4)},
		"negative dimension":                               {F32, []int64{-1}, nil},
		"overflows 64 bits":                                {F32, []int64{1 << 62}, nil},
		"shape has 65 dimensions; at most 64 are possible": {F32, make([]int64, 65), nil},
	} {
		if err := bad.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not say %q", err, want)
		}
	}
	if _, err := FromInt64s([]int64{1, 2}, 3); err == nil {
		t.Error("2 values for 3 elements")
	}
}

func TestDTypes(t *testing.T) {
	seen := map[string]bool{}
	for d := F64; d.Valid(); d++ {
		if d.String() == "" || seen[d.String()] || d.Size() < 1 {
			t.Errorf("%v", d)
		}
		seen[d.String()] = true
	}
	if DType(99).Size() != 0 || DType(99).String() != "dtype(99)" {
		t.Error(DType(99))
	}
}

func TestNonFinite(t *testing.T) {
	one := map[DType]string{F64: "\x00\x00\x00\x00\x00\x00\xf0\x7f", F32: "\x01\x00\x80\xff", F16: "\x00\xfc", BF16: "\x80\x7f"}
	largest := map[DType]string{F64: "\xff\xff\xff\xff\xff\xff\xef\xff", F32: "\xff\xff\x7f\x7f\xff\xff\x7f\xff",
		F16: "\xff\x7b\xff\xfb\xff\x7b\xff\xfb", BF16: "\x7f\x7f\x7f\xff\x7f\x7f\x7f\xff"}
	for d, bad := range one {
		big := largest[d]
		for _, around := range []int{0, 1, 3, 4, 5, 9} {
			for before := range around + 1 {
				data := strings.Repeat(big, before) + bad + strings.Repeat(big, around-before)
				if !d.HasNonFinite([]byte(data)) {
					t.Errorf("%v: missed after %d and in front of %d", d, before*8, (around-before)*8)
				}
			}
			if d.HasNonFinite([]byte(strings.Repeat(big, around))) {
				t.Errorf("%v: found among %d large numbers", d, around)
			}
		}
	}
	if I64.HasNonFinite([]byte(strings.Repeat("\xff", 64))) {
		t.Error("integers have no NaN")
	}
}

// A count of batches that .double() or .half() converted is one again; what is no whole number is not.
func TestConvertToWholeNumbers(t *testing.T) {
	for _, d := range []DType{F64, F32, F16, BF16, I32, U8} {
		for _, v := range []float32{0, 1, 117} {
			counted, err := FromFloat32s([]float32{v})
			if err != nil {
				t.Fatal(err)
			}
			if d.IsFloat() {
				counted, err = counted.Convert(d)
			} else {
				counted = Tensor{DType: d, Data: append([]byte{byte(v)}, make([]byte, d.Size()-1)...)}
			}
			whole, err2 := counted.Convert(I64)
			if err != nil || err2 != nil || whole.Data[0] != byte(v) || whole.DType != I64 {
				t.Errorf("%v of %v: %v, %v, %v", v, d, whole, err, err2)
			}
		}
	}
	for _, v := range []float32{0.5, float32(math.NaN()), float32(math.Inf(1)), 1e30} {
		counted, _ := FromFloat32s([]float32{v})
		if _, err := counted.Convert(I64); err == nil {
			t.Errorf("%v was taken for a whole number", v)
		}
	}
}
