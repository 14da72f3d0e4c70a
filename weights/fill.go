package weights

import "fmt"

// fill gives every collected tensor its bytes: a slice of the storage if it lies there in
// row-major order, else a copy. Copies are bounded by the file's size, because a stride of 0 can
// ask for any number of elements.
func (r *rebuilder) fill(fileSize int64) error {
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
