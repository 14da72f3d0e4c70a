package pt

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"strconv"
	"unicode/utf8"

	"cgan/weights"
)

// maxDepth bounds the nesting of a value, far above any checkpoint and far below a full stack.
const maxDepth = 1000

// pickler writes one value as a protocol 2 pickle of the opcodes that torch 2.1 and 2.15 both
// accept under weights_only, and collects the tensors; tensor i has the storage key "i". It keeps
// no memo: a value that occurs twice is written twice, so equal values give equal bytes.
type pickler struct {
	out     bytes.Buffer
	tensors []weights.Tensor
}

// pickle returns the pickle of a value and its tensors in order of storage key.
func pickle(v weights.Value) ([]byte, []weights.Tensor, error) {
	var p pickler
	p.out.WriteString("\x80\x02")
	if err := p.value(v, 0); err != nil {
		return nil, nil, err
	}
	p.out.WriteByte(opStop)
	return p.out.Bytes(), p.tensors, nil
}

var errEndless = fmt.Errorf("the value is nested deeper than %d levels, or holds itself", maxDepth)

// atKey adds a step to the path in front of an error; that of an endless value would be endless.
func atKey(key any, err error) error {
	if err == errEndless {
		return err
	}
	return fmt.Errorf("[%s]: %w", weights.Show(fmt.Sprint(key)), err)
}

func (p *pickler) value(v weights.Value, depth int) error {
	if depth > maxDepth {
		return errEndless
	}
	switch v := v.(type) {
	case nil:
		p.out.WriteByte(opNone)
	case bool:
		p.bool(v)
	case int:
		p.int(int64(v))
	case int64:
		p.int(v)
	case float64:
		p.out.Write(binary.BigEndian.AppendUint64([]byte{opBinFloat}, math.Float64bits(v)))
	case string:
		return p.string(v)
	case weights.Tensor:
		return p.tensor(v)
	case *weights.Tensor:
		return p.tensor(*v)
	case weights.List:
		p.out.WriteString("](")
		return p.items(v, opAppends, depth)
	case weights.Tuple:
		p.out.WriteByte(opMark)
		return p.items(v, opTuple, depth)
	case *weights.Dict:
		return p.dict(v, depth)
	case weights.StateDict:
		return p.stateDict(v, depth)
	default:
		return fmt.Errorf("a %T has no place in a .pt file", v)
	}
	return nil
}

func (p *pickler) items(items []weights.Value, end byte, depth int) error {
	for i, item := range items {
		if err := p.value(item, depth+1); err != nil {
			return atKey(i, err)
		}
	}
	p.out.WriteByte(end)
	return nil
}

func (p *pickler) dict(d *weights.Dict, depth int) error {
	if d.Ordered {
		p.emptyOrdered()
	} else {
		p.out.WriteByte(opEmptyDict)
	}
	p.out.WriteByte(opMark)
	for key, v := range d.All() {
		if err := p.value(key, depth+1); err != nil {
			return err
		}
		if err := p.value(v, depth+1); err != nil {
			return atKey(key, err)
		}
	}
	p.out.WriteByte(opSetItems)
	if d.Ordered && d.Metadata != nil {
		return p.metadata(d.Metadata, depth)
	}
	return nil
}

// metadata sets the _metadata attribute of the OrderedDict on top of the stack.
func (p *pickler) metadata(meta *weights.Dict, depth int) error {
	p.out.WriteByte(opEmptyDict)
	_ = p.string("_metadata") // a constant is always written
	if err := p.value(meta, depth+1); err != nil {
		return atKey("_metadata", err)
	}
	p.out.WriteString("sb")
	return nil
}

func (p *pickler) stateDict(s weights.StateDict, depth int) error {
	d, err := s.Dict()
	if err != nil {
		return err
	}
	return p.dict(d, depth)
}

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
		return fmt.Errorf("the string %s is not UTF-8", weights.Quote(v))
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
func (p *pickler) tensor(t weights.Tensor) error {
	if err := t.Validate(); err != nil {
		return err
	}
	storage := storageClasses[t.DType]
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
