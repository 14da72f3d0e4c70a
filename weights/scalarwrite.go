package weights

import (
	"encoding/binary"
	"fmt"
	"math"
	"unicode/utf8"
)

func (p *pickler) bool(v bool) {
	if v {
		p.out.WriteByte(opNewTrue)
		return
	}
	p.out.WriteByte(opNewFalse)
}

// int takes the shortest form, as Python does.
func (p *pickler) int(v int64) {
	switch {
	case v >= 0 && v < 1<<8:
		p.out.Write([]byte{opBinInt1, byte(v)})
	case v >= 0 && v < 1<<16:
		p.out.Write(binary.LittleEndian.AppendUint16([]byte{opBinInt2}, uint16(v)))
	case v == int64(int32(v)):
		p.out.Write(binary.LittleEndian.AppendUint32([]byte{opBinInt}, uint32(v)))
	default:
		p.out.Write(binary.LittleEndian.AppendUint64([]byte{opLong1, 8}, uint64(v)))
	}
}

func (p *pickler) string(v string) error {
	if !utf8.ValidString(v) {
		return fmt.Errorf("the string %s is not UTF-8", quote(v))
	}
	if len(v) > math.MaxInt32 {
		return fmt.Errorf("a string of %d bytes is too long", len(v))
	}
	p.out.Write(binary.LittleEndian.AppendUint32([]byte{opBinUnicode}, uint32(len(v))))
	p.out.WriteString(v)
	return nil
}

func (p *pickler) global(module, name string) {
	p.out.WriteString("c" + module + "\n" + name + "\n")
}

func (p *pickler) emptyOrdered() {
	p.global("collections", "OrderedDict")
	p.out.WriteString(")R")
}
