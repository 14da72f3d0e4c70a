package weights

import (
	"fmt"
	"strconv"
)

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
