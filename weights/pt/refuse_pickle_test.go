package pt

import (
	"fmt"
	"strings"
	"testing"

	"cgan/weights/internal/weightstest"
)

// deep is a list in a list, so many levels.
func deep(levels int) string {
	return strings.Repeat("]", levels) + strings.Repeat("a", levels-1)
}

// laughs is a list of two references to a list of two references, and so on.
func laughs(levels int) string {
	ops := "]q\x00"
	for i := 1; i <= levels; i++ {
		ops += fmt.Sprintf("](h%ch%ceq%c", i-1, i-1, i)
	}
	return ops
}

func TestRefusePickle(t *testing.T) {
	call := func(module, name string) string { return pkl(pCall(pGlobal(module, name), pTuple(pString("id")))) }
	cases := []weightstest.Refusal{}
	add := func(name, pickle, reason string) {
		cases = append(cases, weightstest.Refusal{name, ptFile(pickle), "a/data.pkl", reason})
	}
	add("36 os.system", call("os", "system"), "wants os.system, which is not on the list")
	add("36 eval", call("builtins", "eval"), "wants builtins.eval,")
	add("36 eval of Python 2", call("__builtin__", "eval"), "wants __builtin__.eval,")
	add("36 posix", call("posix", "system"), "wants posix.system,")
	add("36 nt", call("nt", "system"), "wants nt.system,")
	add("36 subprocess", call("subprocess", "Popen"), "wants subprocess.Popen,")
	add("37 dotted name", call("torch.serialization", "os.system"), "wants torch.serialization.os.system,")
	add("37 dotted module", call("torch._utils._rebuild_tensor_v2", ""), "wants torch._utils._rebuild_tensor_v2.,")
	add("38 STACK_GLOBAL", pkl(pString("os"), pString("system"), "\x93"), "byte 20: the opcode STACK_GLOBAL")
	add("38 INST", pkl("(ios\nsystem\n"), "the opcode INST")
	add("38 OBJ", pkl("("+pGlobal("os", "system")+"o"), "wants os.system,")
	add("38 OBJ alone", pkl("(o"), "the opcode OBJ")
	add("38 EXT1", pkl("\x82\x01"), "the opcode EXT1")
	add("38 NEWOBJ_EX", pkl(")}}\x92"), "the opcode NEWOBJ_EX")
	add("38 NEWOBJ", pkl(pGlobal("collections", "OrderedDict")+")\x81"), "NEWOBJ at byte 28: makes an object of a class")
	add("39 OrderedDict(1)", pkl(pCall(pGlobal("collections", "OrderedDict"), pTuple(pInt(1)))), "OrderedDict: is called with arguments")
	add("39 v2 of nothing", pkl(pCall(pGlobal("torch._utils", "_rebuild_tensor_v2"), ")")), "_rebuild_tensor_v2: takes 6 or 7 arguments, not 0")
	add("39 parameter of a string", pkl(pCall(pGlobal("torch._utils", "_rebuild_parameter"), pTuple(pString("x"), pTrue, pNone))), "as the data of a parameter")
	add("39 storage class called", pkl(pCall(pGlobal("torch", "FloatStorage"), ")")), "cannot call the name torch.FloatStorage")
	add("39 arguments in a list", pkl(pCall(pGlobal("collections", "OrderedDict"), "]")), "with a list")
	add("39 Size of strings", pkl(pCall(pGlobal("torch", "Size"), pTuple(pTuple(pString("x"))))), `torch.Size: the string "x" in the size`)
	add("40 whole module", pkl(pGlobal("torch.nn.modules.container", "Sequential")+")\x81}("+pGlobal("torch.nn.modules.linear", "Linear")+")\x81ub"),
		"wants torch.nn.modules.container.Sequential, torch.nn.modules.linear.Linear, which is not on the list of names for weights; nothing was executed. This is a whole model with its classes: in Python, torch.save(model.state_dict(), other)")
	add("41 numpy", call("numpy._core.multiarray", "scalar"), "wants numpy._core.multiarray.scalar, which is not on the list of names for weights; nothing was executed. If it holds numpy values, save them as tensors")
	add("41 Namespace", call("argparse", "Namespace"), "wants argparse.Namespace,")
	add("42 REDUCE of a string", pkl(pString("x")+")R"), `cannot call the string "x"`)
	add("42 REDUCE of a dict", pkl("})R"), "cannot call a dict")
	add("43 APPEND to a dict", pkl("}Na"), "cannot append to a dict")
	add("43 SETITEM on a list", pkl("]NNs"), "cannot set items of a list")
	add("43 BUILD on a list", pkl("]}b"), "cannot set attributes of a list")
	add("43 BUILD on a plain dict", pkl("}}b"), "cannot set attributes of a dict")
	add("44 odd SETITEMS", pkl("}("+pString("x")+"u"), "1 keys and values make no pairs")
	add("45 list as key", pkl("}]Ns"), "a list as a dict key")
	add("45 dict as key", pkl("}}Ns"), "a dict as a dict key")
	add("45 tuple as key", pkl("})Ns"), "a tuple as a dict key")
	add("46 TUPLE2 of one", pkl("N\x86"), "the stack is empty")
	add("46 REDUCE of nothing", pkl("R"), "the stack is empty")
	add("46 STOP of nothing", pkl(), "STOP at byte 2 leaves 0 values")
	add("46 STOP of two", pkl("NN"), "STOP at byte 4 leaves 2 values")
	add("46 STOP in a MARK", pkl("(N"), "1 values and 1 marks")
	add("46 SETITEM through MARK", pkl("}(NNs"), "the stack is empty")
	add("46 APPEND below MARK", pkl("](Na"), "the stack is empty")
	add("46 BUILD of one", pkl("}b"), "the stack is empty")
	add("46 BINPUT of nothing", pkl("q\x00"), "the stack is empty")
	add("46 POP", pkl("N0"), "the opcode POP")
	add("46 no MARK", pkl("t"), "there is no MARK")
	add("47 unset memo", pkl("h\x07"), "the memo has no entry 7")
	add("47 unset long memo", pkl("j\x00\x00\x00\x80"), "the memo has no entry 2147483648")
	add("48 BINUNICODE of 4 GiB", pkl("X\xff\xff\xff\xff"), "BINUNICODE at byte 2 wants 4294967295 bytes, 1 are left")
	add("48 LONG1 too long", pkl("\x8a\xff"), "LONG1 at byte 2 wants 255 bytes")
	add("48 BINUNICODE8", pkl("\x8d\x00\x00\x00\x00\x00\x00\x00\x40"), "the opcode BINUNICODE8")
	add("48 BINBYTES8", pkl("\x8e\x00\x00\x00\x00\x00\x00\x00\x40"), "the opcode BINBYTES8")
	add("48 LONG4", pkl("\x8b\x00\x00\x00\x80"), "the opcode LONG4")
	add("48 FRAME", "\x80\x04\x95\xff\xff\xff\xff\xff\xff\xff\x7fN.", "the opcode FRAME")
	add("48 GLOBAL without end", pkl("cos"), "its two lines do not end")
	add("49 deep", pkl(deep(200_000)), "nested deeper than 1000 levels")
	add("49 deep by sharing", pkl(deepShared()), "nested deeper than 1000 levels")
	add("50 list in itself", pkl("]q\x00h\x00a"), "holds itself")
	add("50 dict in itself", pkl("}q\x00"+pString("x")+"h\x00s"), "holds itself")
	add("50 tuple in itself", pkl("]q\x00h\x00\x85a"), "holds itself")
	add("51 laughs", pkl("("+laughs(60)+"t"), "shared parts, written out, take more than")
	add("52 no STOP", "\x80\x02N", "ends at byte 3 without STOP")
	add("52 empty pickle", "", "ends at byte 0 without STOP")
	add("53 bytes after STOP", pkl(pNone)+"N.", "2 bytes follow STOP")
	add("54 PROTO 6", "\x80\x06N.", "protocol 6 does not exist")
	add("55 broken UTF-8", pkl(pString("a\xffb")), "is not UTF-8")
	add("55 surrogate", pkl(pString("\xed\xa0\x80")), "is not UTF-8")
	add("56 key twice", pkl(pDict(pString("x"), pNone, pString("x"), pNone)), `the key the string "x" twice`)
	add("no opcode", pkl("\xff"), "0xff is no pickle opcode")
	add("class as value", pkl(pGlobal("torch", "float32")), "the name torch.float32 stands where a value belongs")
	add("integer beyond 64 bits as a key", pkl("}\x8a\x09"+strings.Repeat("\xff", 8)+"\x00Ns"), "an integer beyond 64 bits as a dict key")
	add("many small objects", pkl(strings.Repeat("}", 40_000)+deep(2)), "builds more than")
	weightstest.CheckRefusals(t, readPT, cases)
}

// deepShared nests 900 levels and shares them 900 levels down, so that no list is seen too deep
// when it is first converted.
func deepShared() string {
	return pList(deep(900)+"q\x00", strings.Repeat("]", 900)+"h\x00"+strings.Repeat("a", 900))
}

func TestAcceptPickle(t *testing.T) {
	for name, c := range map[string]struct{ pickle, want string }{
		"47 memo 2^31":     {pkl("Nr\x00\x00\x00\x80"), "None"},
		"54 PROTO 5":       {"\x80\x05K\x07.", "i7"},
		"no PROTO":         {"K\x07.", "i7"},
		"Python 2 string":  {pkl("U\x02hi"), "s6869"},
		"shared list":      {pkl("(]q\x00h\x00t"), "([],[])"},
		"LONG1 of nothing": {pkl("\x8a\x00"), "i0"},
		"LONG1 negative":   {pkl("\x8a\x01\xff"), "i-1"},
		"LONG1 of a seed":  {pkl("\x8a\x09\x00\x00\x00\x00\x00\x00\x00\x80\x00"), "i9223372036854775808"}, // torch.seed() gives such
		"LONG1 below":      {pkl("\x8a\x09\xff\xff\xff\xff\xff\xff\xff\x7f\xff"), "i-9223372036854775809"},
		"LONG1 with zeros": {pkl("\x8a\x09\x07" + strings.Repeat("\x00", 8)), "i7"},
		"BININT negative":  {pkl("J\xff\xff\xff\xff"), "i-1"},
		"BININT2":          {pkl("M\xff\xff"), "i65535"},
	} {
		file := ptFile(c.pickle)
		weightstest.CheckAlloc(t, len(file), weightstest.AllocConstant, func() {
			if v, _, err := Read(file); err != nil || weightstest.Dump(v) != c.want {
				t.Errorf("%s: %s, %v", name, weightstest.Dump(v), err)
			}
		})
	}
}
