package pt

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/big"
	"slices"
	"strings"
	"unicode/utf8"

	"cgan/weights"
)

// Own pickle machine: github.com/nlpodyssey/gopickle allocates by lengths that the file claims and
// runs every opcode of every protocol; github.com/kisielk/og-rek knows no BUILD, loses the order of
// dicts and turns unknown classes into values. Neither bounds memory, or tells where it stopped.

// unpickler runs one pickle. It knows the opcodes that torch's weights_only mode knows and the
// names in globals, and calls nothing else. Its values are those of weights.Value, and before they are
// converted *list, *tuple, *storage and *global.
type unpickler struct {
	data    []byte
	pos, at int // next byte; start of the current opcode
	stack   []any
	marks   []int // heights of the stack at the open marks
	memo    map[uint32]any
	spent   int64 // bytes of memory charged so far
	storage func(id []any) (*storage, error)
	rebuild *rebuilder
}

type list struct{ items []any }

type tuple struct{ items []any }

// run executes opcodes up to STOP and returns the one value that is left.
func (u *unpickler) run() (any, error) {
	u.memo = map[uint32]any{}
	for {
		op, arg, err := u.next()
		if err != nil {
			return nil, err
		}
		if op == opStop {
			break
		}
		at := u.at
		if err := u.execute(op, arg); err != nil {
			return nil, fmt.Errorf("%s at byte %d: %w", opcodes[op].name, at, err)
		}
	}
	if len(u.stack) != 1 || len(u.marks) != 0 {
		return nil, fmt.Errorf("STOP at byte %d leaves %d values and %d marks instead of one value",
			u.at, len(u.stack), len(u.marks))
	}
	return u.stack[0], nil
}

// next decodes one opcode and its argument, which stays a slice of the file.
func (u *unpickler) next() (op byte, arg []byte, err error) {
	u.at = u.pos
	if u.pos >= len(u.data) {
		return 0, nil, fmt.Errorf("the pickle ends at byte %d without STOP", u.pos)
	}
	op = u.data[u.pos]
	u.pos++
	code, known := opcodes[op]
	if !known {
		return 0, nil, u.unknownOpcode(op)
	}
	n := code.arg
	switch {
	case n == argLines:
		arg, err = u.lines()
		return op, arg, err
	case n == argLen1:
		arg, err = u.take(op, 1)
		n = int(append(arg, 0)[0])
	case n == argLen4:
		arg, err = u.take(op, 4)
		n = int(binary.LittleEndian.Uint32(append(arg, 0, 0, 0, 0)))
	}
	if err == nil {
		arg, err = u.take(op, n)
	}
	return op, arg, err
}

func (u *unpickler) take(op byte, n int) ([]byte, error) {
	if left := len(u.data) - u.pos; n > left {
		return nil, fmt.Errorf("%s at byte %d wants %d bytes, %d are left", opcodes[op].name, u.at, n, left)
	}
	arg := u.data[u.pos : u.pos+n : u.pos+n]
	u.pos += n
	return arg, nil
}

// lines takes the two lines of a GLOBAL, without the last newline.
func (u *unpickler) lines() ([]byte, error) {
	rest := u.data[u.pos:]
	first := bytes.IndexByte(rest, '\n')
	second := bytes.IndexByte(rest[first+1:], '\n')
	if first < 0 || second < 0 {
		return nil, fmt.Errorf("GLOBAL at byte %d: its two lines do not end", u.at)
	}
	end := first + 1 + second
	u.pos += end + 1
	return rest[:end], nil
}

func (u *unpickler) unknownOpcode(op byte) error {
	name, known := otherOpcodes[op]
	if !known {
		return fmt.Errorf("byte %d: %#02x is no pickle opcode", u.at, op)
	}
	if names := u.stackGlobals(); slices.ContainsFunc(names, runsCode) {
		return fmt.Errorf("the file wants %s; nothing was executed. %s", strings.Join(names, ", "), advice(names))
	}
	return fmt.Errorf("byte %d: the opcode %s is not read, nor does torch.load(weights_only=True): "+
		"save a state_dict with torch.save and its default pickle_protocol", u.at, name)
}

// stackGlobals looks for names of protocol 4, two short texts and STACK_GLOBAL, in the rest of the pickle, without
// running it.
func (u *unpickler) stackGlobals() (names []string) {
	const most, stackGlobal, reach = 8, 0x93, 1 << 20
	data := u.data[:min(len(u.data), reach)]
	for i := 0; i < len(data) && len(names) < most; i++ {
		module, middle := shortText(data, i)
		name, end := shortText(data, middle)
		if module != "" && name != "" && end < len(data) && data[end] == stackGlobal {
			names = append(names, dotted(module+"\n"+name))
		}
	}
	return names
}

// shortText reads a SHORT_BINUNICODE and the MEMOIZE that may follow it at i; without one, the text is empty.
func shortText(data []byte, i int) (text string, end int) {
	const shortUnicode, memoize = 0x8c, 0x94
	if i+1 >= len(data) || data[i] != shortUnicode || i+2+int(data[i+1]) > len(data) {
		return "", len(data)
	}
	end = i + 2 + int(data[i+1])
	text = string(data[i+2 : end])
	if end < len(data) && data[end] == memoize {
		end++
	}
	return text, end
}

// charge counts memory against 64 bytes for each byte of pickle, several times what files of torch
// need, so that a small pickle cannot build a large heap.
func (u *unpickler) charge(n int) error {
	u.spent += int64(n)
	if limit := 64*int64(len(u.data)) + 1<<20; u.spent > limit {
		return fmt.Errorf("the pickle builds more than %d bytes of objects", limit)
	}
	return nil
}

var errUnderflow = errors.New("the stack is empty")

// execute runs one opcode with its argument.
func (u *unpickler) execute(op byte, arg []byte) error {
	switch op {
	case opProto:
		if arg[0] > 5 {
			return fmt.Errorf("protocol %d does not exist", arg[0])
		}
		return nil
	case opMark:
		u.marks = append(u.marks, len(u.stack))
		return u.charge(16)
	case opNone:
		return u.push(nil)
	case opNewTrue, opNewFalse:
		return u.push(op == opNewTrue)
	case opBinInt1, opBinInt2, opBinInt, opLong1:
		return u.integer(op, arg)
	case opBinFloat:
		return u.push(math.Float64frombits(binary.BigEndian.Uint64(arg)))
	case opBinUnicode, opShortBinString:
		return u.text(arg)
	case opEmptyDict:
		return u.pushNew(100, &weights.Dict{})
	case opEmptyList:
		return u.pushNew(24, &list{})
	case opEmptyTuple:
		return u.pushNew(24, &tuple{})
	case opTuple, opTuple1, opTuple2, opTuple3:
		return u.tuple(op)
	case opBinPut, opLongBinPut:
		return u.put(index(arg))
	case opBinGet, opLongBinGet:
		return u.get(index(arg))
	case opAppend, opAppends, opSetItem, opSetItems:
		return u.addItems(op)
	case opGlobal:
		return u.global(string(arg))
	case opReduce:
		return u.reduce()
	case opBuild:
		return u.build()
	case opBinPersID:
		return u.persistent()
	}
	return fmt.Errorf("makes an object of a class, which is not read: save model.state_dict() instead")
}

// index reads a memo index of 1 or 4 bytes.
func index(arg []byte) uint32 {
	if len(arg) == 1 {
		return uint32(arg[0])
	}
	return binary.LittleEndian.Uint32(arg)
}

func (u *unpickler) push(v any) error {
	u.stack = append(u.stack, v)
	return u.charge(24)
}

func (u *unpickler) pushNew(size int, v any) error {
	if err := u.charge(size); err != nil {
		return err
	}
	return u.push(v)
}

// floor is the height of the stack below which nothing can be taken.
func (u *unpickler) floor() int {
	if n := len(u.marks); n > 0 {
		return u.marks[n-1]
	}
	return 0
}

func (u *unpickler) pop() (any, error) {
	items, err := u.popN(1)
	if err != nil {
		return nil, err
	}
	return items[0], nil
}

// popN takes the top n values. The slice is valid until the next push.
func (u *unpickler) popN(n int) ([]any, error) {
	top := len(u.stack) - n
	if top < u.floor() {
		return nil, errUnderflow
	}
	items := u.stack[top:]
	u.stack = u.stack[:top]
	return items, nil
}

func (u *unpickler) popMark() ([]any, error) {
	if len(u.marks) == 0 {
		return nil, errors.New("there is no MARK")
	}
	items, err := u.popN(len(u.stack) - u.floor())
	u.marks = u.marks[:len(u.marks)-1]
	return items, err
}

// integer reads the fixed forms and LONG1. Beyond 64 bits are seeds: torch.seed() gives 9 bytes half of the time.
func (u *unpickler) integer(op byte, arg []byte) error {
	if len(arg) > 8 {
		n := bigInt(arg)
		if n.IsInt64() {
			return u.pushNew(8, n.Int64())
		}
		return u.pushNew(48+len(arg), n)
	}
	var wide [8]byte
	if n := copy(wide[:], arg); n > 0 && arg[n-1] >= 0x80 && (op == opLong1 || op == opBinInt) {
		for i := n; i < len(wide); i++ {
			wide[i] = 0xff
		}
	}
	return u.pushNew(8, int64(binary.LittleEndian.Uint64(wide[:])))
}

// bigInt is two's complement, the lowest byte first.
func bigInt(arg []byte) *big.Int {
	bytes := slices.Clone(arg)
	slices.Reverse(bytes)
	n := new(big.Int).SetBytes(bytes)
	if bytes[0] >= 0x80 {
		n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(bytes))))
	}
	return n
}

func (u *unpickler) text(arg []byte) error {
	if !utf8.Valid(arg) {
		return fmt.Errorf("the string %s is not UTF-8", weights.Quote(string(arg)))
	}
	return u.pushNew(16+len(arg), string(arg))
}
