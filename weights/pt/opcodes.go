package pt

// The pickle opcodes that torch's weights_only unpickler knows and that this package reads.
const (
	opMark           = '('
	opStop           = '.'
	opBinInt         = 'J'
	opBinInt1        = 'K'
	opBinInt2        = 'M'
	opNone           = 'N'
	opBinPersID      = 'Q'
	opReduce         = 'R'
	opShortBinString = 'U'
	opBinUnicode     = 'X'
	opAppend         = 'a'
	opBuild          = 'b'
	opGlobal         = 'c'
	opAppends        = 'e'
	opBinGet         = 'h'
	opLongBinGet     = 'j'
	opBinPut         = 'q'
	opLongBinPut     = 'r'
	opSetItem        = 's'
	opTuple          = 't'
	opSetItems       = 'u'
	opBinFloat       = 'G'
	opEmptyDict      = '}'
	opEmptyList      = ']'
	opEmptyTuple     = ')'
	opProto          = 0x80
	opNewObj         = 0x81
	opTuple1         = 0x85
	opTuple2         = 0x86
	opTuple3         = 0x87
	opNewTrue        = 0x88
	opNewFalse       = 0x89
	opLong1          = 0x8a
)

// How an opcode's argument follows it; a positive value is a fixed number of bytes.
const (
	argLen1  = -1 // a length byte, then as many bytes
	argLen4  = -2 // a 32-bit length, then as many bytes
	argLines = -3 // two lines
)

type opcode struct {
	name string
	arg  int
}

// opcodes is what can be read. NEWOBJ is here only so that the classes that follow it can be listed.
var opcodes = map[byte]opcode{
	opMark: {"MARK", 0}, opStop: {"STOP", 0}, opNone: {"NONE", 0}, opBinPersID: {"BINPERSID", 0},
	opBinInt: {"BININT", 4}, opBinInt1: {"BININT1", 1}, opBinInt2: {"BININT2", 2}, opLong1: {"LONG1", argLen1},
	opBinFloat: {"BINFLOAT", 8}, opNewTrue: {"NEWTRUE", 0}, opNewFalse: {"NEWFALSE", 0},
	opShortBinString: {"SHORT_BINSTRING", argLen1}, opBinUnicode: {"BINUNICODE", argLen4},
	opGlobal: {"GLOBAL", argLines}, opReduce: {"REDUCE", 0}, opBuild: {"BUILD", 0}, opNewObj: {"NEWOBJ", 0},
	opAppend: {"APPEND", 0}, opAppends: {"APPENDS", 0}, opSetItem: {"SETITEM", 0}, opSetItems: {"SETITEMS", 0},
	opBinGet: {"BINGET", 1}, opLongBinGet: {"LONG_BINGET", 4}, opBinPut: {"BINPUT", 1}, opLongBinPut: {"LONG_BINPUT", 4},
	opEmptyDict: {"EMPTY_DICT", 0}, opEmptyList: {"EMPTY_LIST", 0}, opEmptyTuple: {"EMPTY_TUPLE", 0},
	opTuple: {"TUPLE", 0}, opTuple1: {"TUPLE1", 0}, opTuple2: {"TUPLE2", 0}, opTuple3: {"TUPLE3", 0}, opProto: {"PROTO", 1},
}

// otherOpcodes names, for the error, opcodes that torch refuses too: those of later protocols,
// those that make objects, and those of the text protocol.
var otherOpcodes = map[byte]string{
	0x95: "FRAME (protocol 4)", 0x94: "MEMOIZE (protocol 4)", 0x93: "STACK_GLOBAL (protocol 4)", 0x92: "NEWOBJ_EX (protocol 4)",
	0x8c: "SHORT_BINUNICODE (protocol 4)", 0x8d: "BINUNICODE8 (protocol 4)", 0x8e: "BINBYTES8 (protocol 4)",
	0x8f: "EMPTY_SET (protocol 4)", 0x90: "ADDITEMS (protocol 4)", 0x91: "FROZENSET (protocol 4)",
	0x96: "BYTEARRAY8 (protocol 5)", 0x97: "NEXT_BUFFER (protocol 5)", 0x98: "READONLY_BUFFER (protocol 5)",
	0x8b: "LONG4", 0x82: "EXT1", 0x83: "EXT2", 0x84: "EXT4", 'B': "BINBYTES (protocol 3)", 'C': "SHORT_BINBYTES (protocol 3)",
	'i': "INST", 'o': "OBJ", '0': "POP", '1': "POP_MARK", '2': "DUP", 'P': "PERSID", 'T': "BINSTRING",
	'F': "FLOAT", 'I': "INT", 'L': "LONG", 'S': "STRING", 'V': "UNICODE", 'd': "DICT", 'l': "LIST",
	'g': "GET", 'p': "PUT",
}
