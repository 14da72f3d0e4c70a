package weights

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"unicode/utf8"
)

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
		return u.pushNew(100, &Dict{})
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
		return u.fill(op)
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

// integer reads the fixed forms and LONG1 up to 64 bits.
func (u *unpickler) integer(op byte, arg []byte) error {
	if len(arg) > 8 {
		return fmt.Errorf("the integer of %d bytes does not fit 64 bits", len(arg))
	}
	var wide [8]byte
	if n := copy(wide[:], arg); n > 0 && arg[n-1] >= 0x80 && (op == opLong1 || op == opBinInt) {
		for i := n; i < len(wide); i++ {
			wide[i] = 0xff
		}
	}
	return u.pushNew(8, int64(binary.LittleEndian.Uint64(wide[:])))
}

func (u *unpickler) text(arg []byte) error {
	if !utf8.Valid(arg) {
		return fmt.Errorf("the string %s is not UTF-8", quote(string(arg)))
	}
	return u.pushNew(16+len(arg), string(arg))
}
