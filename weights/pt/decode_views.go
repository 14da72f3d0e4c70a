package pt

import (
	"fmt"
	"math/bits"

	"cgan/weights"
)

// view is a tensor as a window on a storage; offset and strides count elements.
type view struct {
	tensor  *weights.Tensor
	storage *storage
	offset  int64
	strides []int64
}

// integers reads a tuple or list of at most 64 integers.
func integers(v any, what string) ([]int64, error) {
	var items []any
	switch v := v.(type) {
	case *tuple:
		items = v.items
	case *list:
		items = v.items
	default:
		return nil, fmt.Errorf("%s as the %s", describe(v), what)
	}
	if len(items) > weights.MaxRank {
		return nil, fmt.Errorf("%s has %d dimensions; at most %d are possible", what, len(items), weights.MaxRank)
	}
	numbers := make([]int64, len(items))
	for i, item := range items {
		n, ok := item.(int64)
		if !ok {
			return nil, fmt.Errorf("%s in the %s", describe(item), what)
		}
		numbers[i] = n
	}
	return numbers, nil
}

// checkView demands that every element of the view lies within the storage of numel elements.
func checkView(d weights.DType, shape, strides []int64, offset, numel int64) error {
	size, err := d.ByteSize(shape)
	if err != nil {
		return err
	}
	if len(shape) != len(strides) {
		return fmt.Errorf("size has %d dimensions, stride %d", len(shape), len(strides))
	}
	if offset < 0 || offset > numel {
		return fmt.Errorf("offset %d lies outside its %d elements", offset, numel)
	}
	last := uint64(offset)
	for i, stride := range strides {
		if stride < 0 {
			return fmt.Errorf("stride %v has a negative step", strides)
		}
		high, reach := bits.Mul64(uint64(max(shape[i]-1, 0)), uint64(stride))
		if last += reach; high != 0 || reach >= 1<<62 || last >= 1<<62 {
			return fmt.Errorf("the reach of size %v and stride %v overflows 64 bits", shape, strides)
		}
	}
	if size > 0 && last >= uint64(numel) {
		return fmt.Errorf("size %v and stride %v at offset %d reach element %d of %d", shape, strides, offset, last, numel)
	}
	return nil
}

// materialize gives every collected tensor its bytes: a slice of the storage if it lies there in
// row-major order, else a copy. Copies are bounded by the file's size, because a stride of 0 can
// ask for any number of elements.
func (r *rebuilder) materialize(fileSize int64) error {
	budget := 2*fileSize + 16<<20
	for _, v := range r.views {
		size, item := v.tensor.Numel(), int64(v.tensor.DType.Size())
		if v.contiguous() {
			v.tensor.Data = v.storage.data[v.offset*item : (v.offset+size)*item : (v.offset+size)*item]
			continue
		}
		if budget -= size * item; budget < 0 {
			return fmt.Errorf("storage %s: a view of shape %v and stride %v, written out, is far larger than the file: "+
				"save it with .contiguous()", v.storage.key, v.tensor.Shape, v.strides)
		}
		v.tensor.Data = v.gather(size * item)
	}
	return nil
}

// contiguous reports whether the elements lie in row-major order without gap. Dimensions of one
// element may have any stride.
func (v view) contiguous() bool {
	step := int64(1)
	for i := len(v.strides) - 1; i >= 0; i-- {
		n := v.tensor.Shape[i]
		if n == 0 {
			return true
		}
		if n != 1 && v.strides[i] != step {
			return false
		}
		step *= n
	}
	return true
}

// gather copies the elements of the view, at least one, into row-major order. The innermost
// dimension is a plain loop; the others count like an odometer.
func (v view) gather(size int64) []byte {
	item, rank := int64(v.tensor.DType.Size()), len(v.strides)
	out, src := make([]byte, 0, size), v.storage.data
	width, step := v.tensor.Shape[rank-1], v.strides[rank-1]*item
	at, count := v.offset*item, make([]int64, rank-1)
	for int64(len(out)) < size {
		for i := range width {
			from := at + i*step
			out = append(out, src[from:from+item]...)
		}
		for d := rank - 2; d >= 0; d-- {
			at += v.strides[d] * item
			if count[d]++; count[d] < v.tensor.Shape[d] {
				break
			}
			at -= v.strides[d] * item * count[d]
			count[d] = 0
		}
	}
	return out
}
