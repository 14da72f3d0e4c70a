package weights

import (
	"encoding/binary"
	"hash/crc32"
	"math"
	"strings"
	"testing"
)

var le = binary.LittleEndian

// part is one record of a zip that a test builds. The zero values give an honest record.
type part struct {
	name, data string
	flags      uint16
	method     uint16
}

// zipBuild is a built zip with the places of its pieces, for tests that then damage it.
type zipBuild struct {
	data           []byte
	local, central []int // where the headers of each record start
	payload        []int
	dir, end       int
}

// buildZip writes stored records without descriptors, directory and end record; with zip64 also
// the zip64 end record and its locator.
func buildZip(zip64 bool, parts ...part) *zipBuild {
	b := &zipBuild{}
	for _, p := range parts {
		b.local = append(b.local, len(b.data))
		b.data = append(b.data, signLocal...)
		b.data = append(b.header(p), p.name...)
		b.payload = append(b.payload, len(b.data))
		b.data = append(b.data, p.data...)
	}
	b.dir = len(b.data)
	for i, p := range parts {
		b.central = append(b.central, len(b.data))
		b.data = append(b.data, signCentral+"\x00\x00"...)
		b.data = append(b.header(p), make([]byte, 10)...)
		b.data = le.AppendUint32(b.data, uint32(b.local[i]))
		b.data = append(b.data, p.name...)
	}
	b.finish(zip64, len(parts))
	return b
}

// header appends what local header and directory share: version to length of the extra field.
func (b *zipBuild) header(p part) []byte {
	d := le.AppendUint16(b.data, 0)
	d = le.AppendUint16(d, p.flags)
	d = le.AppendUint16(d, p.method)
	d = le.AppendUint32(d, 0)
	d = le.AppendUint32(d, crc32.ChecksumIEEE([]byte(p.data)))
	d = le.AppendUint32(d, uint32(len(p.data)))
	d = le.AppendUint32(d, uint32(len(p.data)))
	d = le.AppendUint16(d, uint16(len(p.name)))
	return le.AppendUint16(d, 0)
}

func (b *zipBuild) finish(zip64 bool, count int) {
	size, at := len(b.data)-b.dir, len(b.data)
	if zip64 {
		b.data = append(b.data, signEnd64...)
		b.data = le.AppendUint64(b.data, end64Size-12)
		b.data = append(b.data, make([]byte, 12)...)
		for _, v := range []int{count, count, size, b.dir} {
			b.data = le.AppendUint64(b.data, uint64(v))
		}
		b.data = append(b.data, signLocator+"\x00\x00\x00\x00"...)
		b.data = le.AppendUint64(b.data, uint64(at))
		b.data = le.AppendUint32(b.data, 1)
	}
	b.end = len(b.data)
	b.data = append(b.data, signEnd+"\x00\x00\x00\x00"...)
	b.data = le.AppendUint16(b.data, uint16(count))
	b.data = le.AppendUint16(b.data, uint16(count))
	b.data = le.AppendUint32(b.data, uint32(size))
	b.data = le.AppendUint32(b.data, uint32(b.dir))
	b.data = le.AppendUint16(b.data, 0)
}

// set16 and its like damage the built file.
func (b *zipBuild) set16(at int, v uint16) *zipBuild { le.PutUint16(b.data[at:], v); return b }
func (b *zipBuild) set32(at int, v uint32) *zipBuild { le.PutUint32(b.data[at:], v); return b }
func (b *zipBuild) set64(at int, v uint64) *zipBuild { le.PutUint64(b.data[at:], v); return b }

// ptParts are the records of a .pt file with a pickle and storages "0", "1"...
func ptParts(pickle string, storages ...string) []part {
	parts := []part{{name: "a/data.pkl", data: pickle}}
	for i, s := range storages {
		parts = append(parts, part{name: "a/data/" + string(rune('0'+i)), data: s})
	}
	return append(parts, part{name: "a/version", data: "3\n"})
}

func ptFile(pickle string, storages ...string) []byte {
	return buildZip(false, ptParts(pickle, storages...)...).data
}

// The pickle builders return opcodes.

func pkl(ops ...string) string           { return "\x80\x02" + strings.Join(ops, "") + "." }
func pGlobal(module, name string) string { return "c" + module + "\n" + name + "\n" }
func pTuple(items ...string) string      { return "(" + strings.Join(items, "") + "t" }
func pList(items ...string) string       { return "](" + strings.Join(items, "") + "e" }
func pCall(f, args string) string        { return f + args + "R" }
func pFloat(v float64) string {
	return "G" + string(binary.BigEndian.AppendUint64(nil, math.Float64bits(v)))
}
func pInt(v int64) string { return "\x8a\x08" + string(le.AppendUint64(nil, uint64(v))) }
func pString(s string) string {
	return "X" + string(le.AppendUint32(nil, uint32(len(s)))) + s
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
func goodFile(zip64 bool) *zipBuild {
	return buildZip(zip64, ptParts(pkl(pDict(pString("w"), tensorOps{}.String())), fourFloats)...)
}

func TestBuilderMakesReadableFiles(t *testing.T) {
	for _, zip64 := range []bool{false, true} {
		v, notices, err := readBytes(goodFile(zip64).data)
		if err != nil || len(notices) != 0 {
			t.Fatal(err, notices)
		}
		w, _ := v.(*Dict).Get("w")
		values, err := w.(*Tensor).Float32s()
		if err != nil || len(values) != 4 || values[3] != 1 {
			t.Errorf("zip64 %v: %v, %v", zip64, values, err)
		}
	}
}
