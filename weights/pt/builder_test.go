package pt

import (
	"encoding/binary"
	"math"
	"strings"
	"testing"

	"cgan/weights"
	"cgan/weights/internal/strictzip/ziptest"
)

// ptParts are the records of a .pt file with a pickle and storages "0", "1"...
func ptParts(pickle string, storages ...string) []ziptest.Part {
	parts := []ziptest.Part{{Name: "a/data.pkl", Data: pickle}}
	for i, s := range storages {
		parts = append(parts, ziptest.Part{Name: "a/data/" + string(rune('0'+i)), Data: s})
	}
	return append(parts, ziptest.Part{Name: "a/version", Data: "3\n"})
}

func ptFile(pickle string, storages ...string) []byte {
	return ziptest.Build(false, ptParts(pickle, storages...)...).Data
}

// The pickle builders return opcodes.

func pkl(ops ...string) string { return "\x80\x02" + strings.Join(ops, "") + "." }

func pGlobal(module, name string) string { return "c" + module + "\n" + name + "\n" }

func pTuple(items ...string) string { return "(" + strings.Join(items, "") + "t" }

func pList(items ...string) string { return "](" + strings.Join(items, "") + "e" }

func pCall(f, args string) string { return f + args + "R" }

func pFloat(v float64) string {
	return "G" + string(binary.BigEndian.AppendUint64(nil, math.Float64bits(v)))
}

func pInt(v int64) string {
	return "\x8a\x08" + string(binary.LittleEndian.AppendUint64(nil, uint64(v)))
}

func pString(s string) string {
	return "X" + string(binary.LittleEndian.AppendUint32(nil, uint32(len(s)))) + s
}

func pDict(items ...string) string { return "}(" + strings.Join(items, "") + "u" }

func pInts(values ...int64) string {
	var items []string
	for _, v := range values {
		items = append(items, pInt(v))
	}
	return pTuple(items...)
}

const (
	pTrue  = "\x88"
	pFalse = "\x89"
	pNone  = "N"
)

var pOrdered = pCall(pGlobal("collections", "OrderedDict"), ")")

// tensorOps are the opcodes of one v2 tensor, each part replaceable; the zero value is a tensor of
// four floats in storage "0".
type tensorOps struct {
	id, kind, class, key, location, numel string
	offset, size, stride, grad, hooks     string
}

func or(v, otherwise string) string {
	if v == "" {
		return otherwise
	}
	return v
}

func (o tensorOps) storage() string {
	return or(o.id, pTuple(or(o.kind, pString("storage")), or(o.class, pGlobal("torch", "FloatStorage")),
		or(o.key, pString("0")), or(o.location, pString("cpu")), or(o.numel, pInt(4)))) + "Q"
}

func (o tensorOps) String() string {
	return pCall(pGlobal("torch._utils", "_rebuild_tensor_v2"), pTuple(o.storage(), or(o.offset, pInt(0)),
		or(o.size, pInts(4)), or(o.stride, pInts(1)), or(o.grad, pFalse), or(o.hooks, pOrdered)))
}

// fourFloats is the storage of a tensorOps.
var fourFloats = strings.Repeat("\x00\x00\x80\x3f", 4)

// tensorFile is a state dict of one tensor "w".
func tensorFile(o tensorOps, storage string) []byte {
	return ptFile(pkl(pDict(pString("w"), o.String())), storage)
}

// goodFile is the zip that the damaged ones start from.
func goodFile(zip64 bool) *ziptest.File {
	return ziptest.Build(zip64, ptParts(pkl(pDict(pString("w"), tensorOps{}.String())), fourFloats)...)
}

func TestBuilderMakesReadableFiles(t *testing.T) {
	for _, zip64 := range []bool{false, true} {
		v, notices, err := Read(goodFile(zip64).Data)
		if err != nil || len(notices) != 0 {
			t.Fatal(err, notices)
		}
		w, _ := v.(*weights.Dict).Get("w")
		values, err := w.(*weights.Tensor).Float32s()
		if err != nil || len(values) != 4 || values[3] != 1 {
			t.Errorf("zip64 %v: %v, %v", zip64, values, err)
		}
	}
}
