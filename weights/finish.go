package weights

import (
	"errors"
	"fmt"
)

// finisher turns what the machine left into a Value. Shared lists, tuples and dicts stay shared,
// but the tree that they span is measured: a few shared lists can span a tree that no program can
// walk, and a list can hold itself.
type finisher struct {
	limit int64
	done  map[any]*finished
}

// finished is a container that was turned over, with the size of the tree below it.
type finished struct {
	value  Value
	open   bool // still being turned over
	height int
	weight int64 // nodes, and bytes of strings and tensors
}

// finish checks and turns over the root of a file of so many bytes.
func finish(root any, fileSize int64) (Value, error) {
	f := finisher{limit: 16*fileSize + 16<<20, done: map[any]*finished{}}
	got, err := f.value(root, 0)
	if err != nil {
		return nil, err
	}
	return got.value, nil
}

func (f *finisher) value(v any, depth int) (finished, error) {
	switch v := v.(type) {
	case nil, bool, int64, float64:
		return finished{value: v, weight: 1}, nil
	case string:
		return finished{value: v, weight: 1 + int64(len(v))}, nil
	case *Tensor:
		return finished{value: v, weight: 1 + int64(len(v.Data))}, nil
	case *list, *tuple, *Dict:
		return f.shared(v, depth)
	}
	return finished{}, fmt.Errorf("%s stands where a value belongs", describe(v))
}

// shared turns a container over once, however often it occurs.
func (f *finisher) shared(v any, depth int) (finished, error) {
	got, known := f.done[v]
	if !known {
		got = &finished{open: true, weight: 1}
		f.done[v] = got
		if depth > maxDepth {
			return *got, errDeep
		}
		if err := f.container(got, v, depth); err != nil {
			return *got, err
		}
		got.open = false
	}
	if got.open {
		return *got, errors.New("a list or dict holds itself")
	}
	if depth+got.height > maxDepth {
		return *got, errDeep
	}
	return *got, nil
}

var errDeep = fmt.Errorf("the value is nested deeper than %d levels", maxDepth)

func (f *finisher) container(got *finished, v any, depth int) error {
	switch v := v.(type) {
	case *list:
		items, err := f.items(got, v.items, depth)
		got.value = List(items)
		return err
	case *tuple:
		items, err := f.items(got, v.items, depth)
		got.value = Tuple(items)
		return err
	case *Dict:
		got.value = v
		return f.dict(got, v, depth)
	}
	return nil
}

func (f *finisher) items(got *finished, items []any, depth int) ([]Value, error) {
	values := make([]Value, len(items))
	for i, item := range items {
		child, err := f.child(got, item, depth)
		if err != nil {
			return nil, err
		}
		values[i] = child
	}
	return values, nil
}

func (f *finisher) dict(got *finished, d *Dict, depth int) error {
	for i, item := range d.values {
		child, err := f.child(got, item, depth)
		if err != nil {
			return err
		}
		d.values[i] = child
		if text, ok := d.keys[i].(string); ok {
			got.weight += int64(len(text))
		}
	}
	if d.Metadata == nil {
		return nil
	}
	_, err := f.child(got, d.Metadata, depth)
	return err
}

// child turns one item over and adds it to the size of its container.
func (f *finisher) child(parent *finished, item any, depth int) (Value, error) {
	child, err := f.value(item, depth+1)
	if err != nil {
		return nil, err
	}
	parent.height = max(parent.height, child.height+1)
	parent.weight += child.weight
	if parent.weight > f.limit {
		return nil, fmt.Errorf("shared parts, written out, take more than %d bytes", f.limit)
	}
	return child.value, nil
}
