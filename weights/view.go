package weights

import (
	"fmt"
	"math/bits"
)

// view is a tensor as a window on a storage; offset and strides count elements.
type view struct {
	tensor  *Tensor
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
	if len(items) > maxRank {
		return nil, fmt.Errorf("%s has %d dimensions; at most %d are possible", what, len(items), maxRank)
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
func checkView(d DType, shape, strides []int64, offset, numel int64) error {
	size, err := byteSize(d, shape)
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
