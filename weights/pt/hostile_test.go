package pt

import (
	"encoding/binary"
	"strings"
	"testing"

	"cgan/weights/internal/weightstest"
)

// Pickles of one small thing over and over again, which is where a machine takes the most memory
// for each byte. All stay within the bound, accepted or not.
func TestHostilePicklesStayWithinMemory(t *testing.T) {
	memo := func(ops string, n int) string { // the same with a new memo index each time
		var b strings.Builder
		for i := range n {
			b.WriteString(ops + "r" + string(binary.LittleEndian.AppendUint32(nil, uint32(i))))
		}
		return b.String()
	}
	args := pTuple("h\x00", pInt(0), pInts(make([]int64, 64)...), pInts(make([]int64, 64)...)) // of _rebuild_tensor
	tensors := tensorOps{}.storage() + "q\x00" + pGlobal("torch._utils", "_rebuild_tensor") + "q\x01" + args + "q\x02"
	for name, pickle := range map[string]string{
		"None": pkl(strings.Repeat("N", 1<<20)), "lists": pkl(strings.Repeat("]", 1<<20)), "dicts": pkl(strings.Repeat("}", 1<<20)),
		"tuples": pkl(strings.Repeat(")", 1<<20)), "marks": pkl(strings.Repeat("(", 1<<20)), "tuples in tuples": pkl("N" + strings.Repeat("\x85", 1<<20)),
		"integers": pkl("(" + strings.Repeat("K\x01", 1<<19) + "t"), "empty strings": pkl("(" + strings.Repeat("U\x00", 1<<19) + "t"),
		"memo": pkl(memo("", 0) + "N" + memo("", 1<<17)), "list of lists": pkl("](" + strings.Repeat("]", 1<<20) + "e"),
		"appends": pkl("]" + strings.Repeat("Na", 1<<19)), "tensors": pkl("(" + tensors + strings.Repeat("h\x01h\x02R", 1<<17) + "t"),
		"dicts with a key": pkl("(" + strings.Repeat("}U\x00Ns", 1<<18) + "t"), "ordered": pkl("(" + pGlobal("collections", "OrderedDict") + "q\x00" + strings.Repeat("h\x00)R", 1<<18) + "t"),
		"deep": pkl(deep(1 << 19)), "globals": pkl("(" + strings.Repeat(pGlobal("torch", "int8"), 1<<15) + "t"),
	} {
		file := ptFile(pickle, fourFloats)
		weightstest.CheckAlloc(t, len(file), weightstest.AllocConstant, func() {
			if err := readPT(file); err != nil && strings.Contains(err.Error(), "memo has no entry") {
				t.Errorf("%s: the test is wrong: %v", name, err)
			}
		})
	}
}
