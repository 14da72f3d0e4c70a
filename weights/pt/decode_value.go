package pt

import (
	"errors"
	"fmt"
	"math/big"

	"cgan/weights"
)

// valueBuilder makes a Value of what the machine left. Shared lists, tuples and dicts stay shared,
// but the tree that they span is measured: a few shared lists can span a tree that no program can
// walk, and a list can hold itself.
type valueBuilder struct {
	limit int64
	done  map[any]*built
}

// built is a container that was converted, with the size of the tree below it.
type built struct {
	value  weights.Value
	open   bool // still being converted
	height int
	weight int64 // nodes, and bytes of strings and tensors
}

// buildValue checks and converts the root of a file of so many bytes.
func buildValue(root any, fileSize int64) (weights.Value, error) {
	b := valueBuilder{limit: 16*fileSize + 16<<20, done: map[any]*built{}}
	got, err := b.value(root, 0)
	if err != nil {
		return nil, err
	}
	return got.value, nil
}

func (b *valueBuilder) value(v any, depth int) (built, error) {
	switch v := v.(type) {
	case nil, bool, int64, float64:
		return built{value: v, weight: 1}, nil
	case string:
		return built{value: v, weight: 1 + int64(len(v))}, nil
	case *big.Int:
		return built{value: v, weight: 1 + int64(v.BitLen()/8)}, nil
	case *weights.Tensor:
		return built{value: v, weight: 1 + int64(len(v.Data))}, nil
	case *list, *tuple, *weights.Dict:
		return b.shared(v, depth)
	}
	return built{}, fmt.Errorf("%s stands where a value belongs", describe(v))
}

// shared converts a container once, however often it occurs.
func (b *valueBuilder) shared(v any, depth int) (built, error) {
	got, known := b.done[v]
	if !known {
		got = &built{open: true, weight: 1}
		b.done[v] = got
		if depth > maxDepth {
			return *got, errDeep
		}
		if err := b.container(got, v, depth); err != nil {
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

func (b *valueBuilder) container(got *built, v any, depth int) error {
	switch v := v.(type) {
	case *list:
		items, err := b.items(got, v.items, depth)
		got.value = weights.List(items)
		return err
	case *tuple:
		items, err := b.items(got, v.items, depth)
		got.value = weights.Tuple(items)
		return err
	case *weights.Dict:
		got.value = v
		return b.dict(got, v, depth)
	}
	return nil
}

func (b *valueBuilder) items(got *built, items []any, depth int) ([]weights.Value, error) {
	values := make([]weights.Value, len(items))
	for i, item := range items {
		child, err := b.child(got, item, depth)
		if err != nil {
			return nil, err
		}
		values[i] = child
	}
	return values, nil
}

func (b *valueBuilder) dict(got *built, d *weights.Dict, depth int) error {
	for key, item := range d.All() {
		child, err := b.child(got, item, depth)
		if err != nil {
			return err
		}
		setItem(d, key, child)
		if text, ok := key.(string); ok {
			got.weight += int64(len(text))
		}
	}
	if d.Metadata == nil {
		return nil
	}
	_, err := b.child(got, d.Metadata, depth)
	return err
}

// child converts one item and adds it to the size of its container.
func (b *valueBuilder) child(parent *built, item any, depth int) (weights.Value, error) {
	child, err := b.value(item, depth+1)
	if err != nil {
		return nil, err
	}
	parent.height = max(parent.height, child.height+1)
	parent.weight += child.weight
	if parent.weight > b.limit {
		return nil, fmt.Errorf("shared parts, written out, take more than %d bytes", b.limit)
	}
	return child.value, nil
}

// nonFiniteNotices says which tensors lie in storages that hold NaN or infinity, if any.
func nonFiniteNotices(root weights.Value, views []view) []string {
	bad := map[*weights.Tensor]bool{}
	for _, v := range views {
		if v.storage.nonFinite {
			bad[v.tensor] = true
		}
	}
	if len(bad) == 0 {
		return nil
	}
	notice := weights.NonFiniteNotice(root, func(t *weights.Tensor) bool { return bad[t] })
	if notice == "" {
		return nil
	}
	return []string{notice}
}
