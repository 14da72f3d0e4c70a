package weights

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
)

// maxDepth bounds the nesting of a value, far above any checkpoint and far below a full stack.
const maxDepth = 1000

// pickler writes one value as a protocol 2 pickle of the opcodes that torch 2.1 and 2.15 both
// accept under weights_only, and collects the tensors; tensor i has the storage key "i". It keeps
// no memo: a value that occurs twice is written twice, so equal values give equal bytes.
type pickler struct {
	out     bytes.Buffer
	tensors []Tensor
}

// pickle returns the pickle of a value and its tensors in order of storage key.
func pickle(v Value) ([]byte, []Tensor, error) {
	var p pickler
	p.out.WriteString("\x80\x02")
	if err := p.value(v, 0); err != nil {
		return nil, nil, err
	}
	p.out.WriteByte(opStop)
	return p.out.Bytes(), p.tensors, nil
}

var errEndless = fmt.Errorf("the value is nested deeper than %d levels, or holds itself", maxDepth)

// inside adds a step to the path in front of an error; that of an endless value would be endless.
func inside(key any, err error) error {
	if err == errEndless {
		return err
	}
	return fmt.Errorf("[%s]: %w", show(fmt.Sprint(key)), err)
}

func (p *pickler) value(v Value, depth int) error {
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
	case Tensor:
		return p.tensor(v)
	case *Tensor:
		return p.tensor(*v)
	case List:
		p.out.WriteString("](")
		return p.items(v, opAppends, depth)
	case Tuple:
		p.out.WriteByte(opMark)
		return p.items(v, opTuple, depth)
	case *Dict:
		return p.dict(v, depth)
	case StateDict:
		return p.stateDict(v, depth)
	default:
		return fmt.Errorf("a %T has no place in a .pt file", v)
	}
	return nil
}

func (p *pickler) items(items []Value, end byte, depth int) error {
	for i, item := range items {
		if err := p.value(item, depth+1); err != nil {
			return inside(i, err)
		}
	}
	p.out.WriteByte(end)
	return nil
}
