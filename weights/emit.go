package weights

import (
	"encoding/binary"
	"fmt"
	"math"
	"strconv"
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

// tensor writes _rebuild_tensor_v2(storage, offset, size, stride, requires_grad, hooks).
func (p *pickler) tensor(t Tensor) error {
	if err := t.Validate(); err != nil {
		return err
	}
	storage := storageName(t.DType)
	if storage == "" {
		return fmt.Errorf("%v cannot go into a .pt file that torch 2.1 reads; use another type or safetensors", t.DType)
	}
	p.global("torch._utils", "_rebuild_tensor_v2")
	p.out.WriteString("((")
	_ = p.string("storage") // short ASCII is always written
	p.global("torch", storage)
	_ = p.string(strconv.Itoa(len(p.tensors)))
	_ = p.string("cpu")
	p.int(t.Numel())
	p.out.WriteString("tQ")
	p.int(0)
	p.ints(t.Shape)
	p.ints(rowMajor(t.Shape))
	p.out.WriteByte(opNewFalse)
	p.emptyOrdered()
	p.out.WriteString("tR")
	p.tensors = append(p.tensors, t)
	return nil
}

func (p *pickler) ints(values []int64) {
	p.out.WriteByte(opMark)
	for _, v := range values {
		p.int(v)
	}
	p.out.WriteByte(opTuple)
}

// rowMajor returns the strides, in elements, of a contiguous tensor.
func rowMajor(shape []int64) []int64 {
	strides, step := make([]int64, len(shape)), int64(1)
	for i := len(shape) - 1; i >= 0; i-- {
		strides[i] = step
		step *= max(shape[i], 1)
	}
	return strides
}
