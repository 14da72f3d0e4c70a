package pt

import (
	"math"
	"slices"
	"strings"
	"testing"

	"cgan/weights"
	"cgan/weights/internal/weightstest"
)

func TestRefuseTensor(t *testing.T) {
	var cases []weightstest.Refusal
	add := func(name string, o tensorOps, reason string) {
		cases = append(cases, weightstest.Refusal{name, tensorFile(o, fourFloats), "a/data.pkl", reason})
	}
	record := func(name string, o tensorOps, storage, record, reason string) {
		cases = append(cases, weightstest.Refusal{name, tensorFile(o, storage), record, reason})
	}
	cases = append(cases,
		weightstest.Refusal{"43 SETITEM on a tensor", ptFile(pkl(tensorOps{}.String()+pInt(0)+pNone+"s"), fourFloats), "a/data.pkl", "cannot set items of a tensor"},
		weightstest.Refusal{"43 BUILD on a tensor", ptFile(pkl(tensorOps{}.String()+"}b"), fourFloats), "a/data.pkl", "cannot set attributes of a tensor"},
		weightstest.Refusal{"57 id is no tuple", ptFile(pkl(pInt(0) + "Q")), "a/data.pkl", "as the id of a storage"},
		weightstest.Refusal{"bare storage", ptFile(pkl(tensorOps{}.storage()), fourFloats), "a/data.pkl", "a bare storage stands where"})
	add("57 four fields", tensorOps{id: pTuple(pString("storage"), pGlobal("torch", "FloatStorage"), pString("0"), pString("cpu"))}, "5 fields, this one 4")
	add("57 seven fields", tensorOps{id: pTuple(pNone, pNone, pNone, pNone, pNone, pNone, pNone)}, "5 fields, this one 7")
	add("57 not a storage", tensorOps{kind: pString("module")}, `the id of the string "module"`)
	add("57 numel a string", tensorOps{numel: pString("4")}, `has the string "4" as its number`)
	add("57 numel a float", tensorOps{numel: pFloat(4)}, "has the float64 4 as its number")
	add("57 numel a bool", tensorOps{numel: pTrue}, "has the bool true as its number")
	add("58 unknown storage class", tensorOps{class: pGlobal("torch", "FancyStorage")}, "wants torch.FancyStorage,")
	add("58 class that is none", tensorOps{class: pGlobal("collections", "OrderedDict")}, "is no storage class")
	add("59 location", tensorOps{location: pString("../../x")}, "is no device")
	add("60 key with folder", tensorOps{key: pString("../data.pkl")}, "is no key of a storage")
	add("60 key ..", tensorOps{key: pString("..")}, "is no key of a storage")
	record("61 record missing", tensorOps{key: pString("7")}, fourFloats, "a/data/7", "missing")
	record("62 record short", tensorOps{}, fourFloats[:15], "a/data/0", "has 15 bytes, but its 4 elements need 4 each")
	record("62 record empty", tensorOps{}, "", "a/data/0", "has 0 bytes")
	record("63 record long", tensorOps{}, fourFloats+"\x00", "a/data/0", "has 17 bytes")
	add("64 numel negative", tensorOps{numel: pInt(-4)}, "has the int64 -4")
	record("65 numel 2^60", tensorOps{numel: pInt(1 << 60)}, fourFloats, "a/data/0", "1152921504606846976 elements")
	record("65 numel wraps to 4 bytes", tensorOps{numel: pInt(0x4000000000000001)}, fourFloats[:4], "a/data/0", "has 4 bytes")
	both := func(o tensorOps) []byte {
		return ptFile(pkl(pTuple(tensorOps{}.String(), o.String())), fourFloats)
	}
	cases = append(cases,
		weightstest.Refusal{"66 two types", both(tensorOps{class: pGlobal("torch", "IntStorage")}), "a/data.pkl", "storage 0 is used with two types"},
		weightstest.Refusal{"66 two sizes", both(tensorOps{numel: pInt(3)}), "a/data.pkl", "with 4 and with 3 elements"})
	add("67 negative size", tensorOps{size: pInts(-1)}, "negative dimension")
	add("68 size overflows", tensorOps{size: pInts(1<<32, 1<<32), stride: pInts(0, 0)}, "overflows 64 bits")
	add("68 size in bytes overflows", tensorOps{size: pInts(1 << 62), stride: pInts(0)}, "overflows 64 bits")
	add("69 two ranks", tensorOps{stride: pInts(1, 1)}, "size has 1 dimensions, stride 2")
	add("69 rank 65", tensorOps{size: pInts(make([]int64, 65)...), stride: pInts(make([]int64, 65)...)}, "has 65 dimensions")
	add("70 negative stride", tensorOps{stride: pInts(-1)}, "negative step")
	add("71 negative offset", tensorOps{offset: pInt(-1)}, "offset -1 lies outside")
	add("71 offset beyond", tensorOps{offset: pInt(5), size: pInts(0)}, "offset 5 lies outside")
	add("72 reach", tensorOps{offset: pInt(1)}, "reach element 4 of 4")
	add("72 reach by stride", tensorOps{size: pInts(2), stride: pInts(4)}, "reach element 4 of 4")
	add("73 reach overflows", tensorOps{size: pInts(3, 3), stride: pInts(1<<62, 1<<62)}, "overflows 64 bits")
	add("73 reach wraps to 0", tensorOps{size: pInts(5), stride: pInts(1 << 62)}, "overflows 64 bits")
	add("74 expand to 2^40", tensorOps{size: pInts(1<<20, 1<<20), stride: pInts(0, 0)}, "far larger than the file")
	add("75 requires_grad of integers", tensorOps{class: pGlobal("torch", "IntStorage"), grad: pTrue}, "requires_grad on a tensor of int32")
	add("76 size of floats", tensorOps{size: pTuple(pFloat(4))}, "the float64 4 in the size")
	add("76 size is a number", tensorOps{size: pInt(4)}, "the int64 4 as the size")
	add("76 stride of strings", tensorOps{stride: pTuple(pString("1"))}, "in the stride")
	add("76 offset a bool", tensorOps{offset: pFalse}, "the bool false as the offset")
	add("76 requires_grad a number", tensorOps{grad: pInt(1)}, "as requires_grad")
	add("76 hooks with an item", tensorOps{hooks: pDict(pInt(1), pNone)}, "hooks on a tensor")
	record("77 bool of 2", tensorOps{class: pGlobal("torch", "BoolStorage")}, "\x00\x01\x01\x02", "a/data/0", "byte 3 is neither 0 nor 1")
	add("conjugate view", tensorOps{hooks: pOrdered + pDict(pString("conj"), pTrue)}, "resolve_conj()")
	add("v2 of untyped", tensorOps{class: pGlobal("torch.storage", "UntypedStorage"), numel: pInt(16)}, "does not go with this kind of tensor")
	v3 := func(dtype, class string) []byte {
		return ptFile(pkl(pCall(pGlobal("torch._utils", "_rebuild_tensor_v3"), pTuple(tensorOps{class: class, numel: pInt(16)}.storage(),
			pInt(0), pInts(9), pInts(1), pFalse, pOrdered, dtype))), fourFloats)
	}
	untyped := pGlobal("torch.storage", "UntypedStorage")
	cases = append(cases,
		weightstest.Refusal{"72 reach in bytes", v3(pGlobal("torch", "uint16"), untyped), "a/data.pkl", "reach element 8 of 8"},
		weightstest.Refusal{"77 bool as bytes", v3(pGlobal("torch", "bool"), untyped), "a/data.pkl", "the name torch.bool is no dtype for this kind"},
		weightstest.Refusal{"v3 of a string", v3(pString("uint16"), untyped), "a/data.pkl", "is no dtype"},
		weightstest.Refusal{"v3 of typed", v3(pGlobal("torch", "uint16"), pGlobal("torch", "FloatStorage")), "a/data.pkl", "does not go with this kind"})
	weightstest.CheckRefusals(t, readPT, cases)
}

func TestAcceptTensor(t *testing.T) {
	infinite := strings.Repeat("\x00\x00\x80\xff", 4)
	for name, c := range map[string]struct {
		ops     tensorOps
		storage string
		notice  string
		want    []float32
	}{
		"59 cuda:7":        {tensorOps{location: pString("cuda:7")}, fourFloats, "", []float32{1, 1, 1, 1}},
		"78 infinity":      {tensorOps{}, infinite, `NaN or infinity in "w"`, slices.Repeat([]float32{float32(math.Inf(-1))}, 4)},
		"expand":           {tensorOps{size: pInts(2, 3), stride: pInts(0, 0)}, fourFloats, "", []float32{1, 1, 1, 1, 1, 1}},
		"size in a list":   {tensorOps{size: pList(pInt(4))}, fourFloats, "", []float32{1, 1, 1, 1}},
		"no hooks":         {tensorOps{hooks: pNone}, fourFloats, "", []float32{1, 1, 1, 1}},
		"stride of one":    {tensorOps{size: pInts(1, 4), stride: pInts(99, 1)}, fourFloats, "", []float32{1, 1, 1, 1}},
		"nothing of a lot": {tensorOps{size: pInts(0, 3), stride: pInts(7, 9)}, fourFloats, "", nil},
		"requires_grad":    {tensorOps{grad: pTrue}, fourFloats, "", []float32{1, 1, 1, 1}},
	} {
		v, notices, err := Read(tensorFile(c.ops, c.storage))
		if err != nil || !strings.Contains(strings.Join(notices, " "), c.notice) || c.notice == "" && len(notices) > 0 {
			t.Errorf("%s: %v, notices %q", name, err, notices)
			continue
		}
		w, _ := v.(*weights.Dict).Get("w")
		got, err := w.(*weights.Tensor).Float32s()
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}
