package pt

import (
	"encoding/binary"
	"strings"
	"testing"

	"cgan/weights"
	"cgan/weights/internal/weightstest"
)

// legacyOps are the parts of a legacy file of one tensor "w", each replaceable.
type legacyOps struct {
	magic, protocol, system, object, id, keys, storages, after string
}

func (o legacyOps) file() []byte {
	id := or(o.id, pTuple(pString("storage"), pGlobal("torch", "FloatStorage"), pString("77"), pString("cpu"), pInt(4), pNone))
	return []byte(or(o.magic, legacyMagic) +
		pkl(or(o.protocol, pInt(1001))) +
		pkl(or(o.system, pDict(pString("protocol_version"), pInt(1001), pString("little_endian"), pTrue))) +
		pkl(or(o.object, pDict(pString("w"), tensorOps{id: id}.String()))) +
		pkl(or(o.keys, pList(pString("77")))) +
		or(o.storages, "\x04\x00\x00\x00\x00\x00\x00\x00"+fourFloats) + o.after)
}

func TestLegacyBuilderMakesReadableFiles(t *testing.T) {
	v, notices, err := Read(legacyOps{}.file())
	if err != nil || len(notices) != 0 {
		t.Fatal(err, notices)
	}
	if w, _ := v.(*weights.Dict).Get("w"); string(w.(*weights.Tensor).Data) != fourFloats {
		t.Errorf("read %v", weightstest.Dump(v))
	}
}

func TestRefuseLegacy(t *testing.T) {
	count := func(n int64) string { return string(binary.LittleEndian.AppendUint64(nil, uint64(n))) }
	id := func(class, key, last string) string {
		return pTuple(pString("storage"), pGlobal("torch", class), pString(key), pString("cpu"), pInt(4), last)
	}
	two := pTuple(tensorOps{id: id("FloatStorage", "77", pNone)}.String(), tensorOps{id: id("FloatStorage", "78", pNone)}.String())
	weightstest.CheckRefusals(t, readPT, []weightstest.Refusal{
		{"79 wrong magic", legacyOps{magic: pkl(pInt(7))}.file(), "", "pickle.dump wrote, not torch.save"},
		{"79 other pickle", []byte("\x80\x04K\x07."), "", "pickle.dump wrote, not torch.save"},
		{"79 protocol 0", []byte("ccollections\nOrderedDict\np0\n(tRp1\n."), "", "pickle.dump wrote, not torch.save"},
		{"79 protocol 0, a dict", []byte("(dp0\nVa\np1\nI1\ns."), "", "pickle.dump wrote, not torch.save"},
		{"79 protocol 1", []byte("}q\x00X\x01\x00\x00\x00aq\x01K\x01s."), "", "pickle.dump wrote, not torch.save"},
		{"79 NumPy", []byte("\x80\x02cnumpy._core.multiarray\n_reconstruct\nq\x00."), "", "with NumPy arrays"},
		{"79 NumPy, protocol 4", []byte("\x80\x04\x8c\x16numpy._core.multiarray\x94\x8c\x0c_reconstruct\x94\x93."), "", "with NumPy arrays"},
		{"79 shards", []byte("\x80\x04\x8c\x27torch.distributed.checkpoint.metadata..\x94\x8c\x08Metadata\x94\x93."), "", "dcp_to_torch_save"},
		{"79 code, protocol 0", []byte("cposix\nsystem\np0\n(Vtrue\np1\ntp2\nRp3\n."), "", "wants posix.system; nothing was executed"},
		{"79 code, protocol 2", []byte("\x80\x02}q\x00X\x01\x00\x00\x00acos\nsystem\nq\x02."), "", "do not load it there either"},
		{"79 code, protocol 4", []byte("\x80\x04\x95\x1d\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix\x94\x8c\x06system\x94\x93."), "", "do not load it there either"},
		{"80 wrong protocol", legacyOps{protocol: pInt(1002)}.file(), "protocol", "is the int64 1002 instead of 1001"},
		{"81 count is not numel", legacyOps{storages: count(3) + fourFloats}.file(), "storage 77", "has 3 elements, the object says 4"},
		{"81 negative count", legacyOps{storages: count(-1) + fourFloats}.file(), "storage 77", "has -1 elements"},
		{"81 negative numel", legacyOps{id: pTuple(pString("storage"), pGlobal("torch", "FloatStorage"), pString("77"), pString("cpu"), pInt(-4), pNone)}.file(),
			"object", "has the int64 -4 as its number"},
		{"81 count of 2^60", legacyOps{id: pTuple(pString("storage"), pGlobal("torch", "FloatStorage"), pString("77"), pString("cpu"), pInt(1<<60), pNone),
			storages: count(1<<60) + fourFloats}.file(), "storage 77", "cut short"},
		{"82 missing key", legacyOps{keys: "]"}.file(), "storage keys", "storage 77 of the object is not in the list"},
		{"82 extra key", legacyOps{keys: pList(pString("77"), pString("78"))}.file(), "storage keys", `entry 1, the string "78", is no storage`},
		{"82 repeated key", legacyOps{keys: pList(pString("77"), pString("77"))}.file(), "storage keys", `entry 1, the string "77", is no storage of the object or comes twice`},
		{"82 one of two keys", legacyOps{object: two}.file(), "storage keys", "storage 78 of the object"},
		{"82 key a number", legacyOps{keys: pList(pInt(77))}.file(), "storage keys", "the int64 77"},
		{"82 keys no list", legacyOps{keys: "}"}.file(), "storage keys", "a dict instead of a list"},
		{"83 data cut short", legacyOps{storages: count(4) + fourFloats[:15]}.file(), "storage 77", "cut short"},
		{"83 count cut short", legacyOps{storages: count(4)[:7]}.file(), "storage 77", "cut short before it"},
		{"83 pickle cut short", []byte(legacyMagic + "\x80\x02"), "protocol", "without STOP"},
		{"84 trailing bytes", legacyOps{after: "\x00"}.file(), "storages", "1 bytes follow the last storage"},
		{"85 view metadata", legacyOps{id: id("FloatStorage", "77", pTuple(pString("78"), pInt(0), pInt(1<<40)))}.file(), "object", "views of storages"},
		{"86 module", legacyOps{id: pTuple(pString("module"), pString("x"), pString("x.py"), pString("import os"))}.file(), "object", "a whole module with its source"},
		{"87 big-endian", legacyOps{system: pDict(pString("little_endian"), pFalse)}.file(), "system", "little_endian is the bool false"},
		{"87 no byte order", legacyOps{system: "}"}.file(), "system", "little_endian is None"},
		{"system is no dict", legacyOps{system: "]"}.file(), "system", "a list instead of a dict"},
		{"storage among the keys", legacyOps{keys: pTuple(id("FloatStorage", "77", pNone)) + "Q"}.file(), "storage keys", "a storage has no place here"},
		{"zip id", legacyOps{id: tensorOps{}.storage()[:len(tensorOps{}.storage())-1]}.file(), "object", "6 fields, this one 5"},
		{"global", legacyOps{object: pGlobal("os", "system")}.file(), "object", "wants os.system,"},
		{"deep keys", legacyOps{keys: strings.Repeat("]", 2000) + strings.Repeat("a", 1999)}.file(), "storage keys", "nested deeper"},
	})
}
