package weights

import (
	"iter"
	"slices"
)

// Value is one node of a checkpoint: nil, bool, int64, float64, string, *Tensor, List, Tuple or
// *Dict. pt.Read also gives *big.Int beyond 64 bits; pt.Write also takes int, Tensor and StateDict.
type Value any

// List is a Python list.
type List []Value

// Tuple is a Python tuple.
type Tuple []Value

// Dict is a Python dict with string and int64 keys, in insertion order. The zero Dict is empty
// and ready to use.
type Dict struct {
	Ordered  bool  // a collections.OrderedDict, as state_dict() gives
	Metadata *Dict // its _metadata attribute (module name -> version), nil if it has none

	keys   []any
	values []Value
	index  map[any]int // nil for few keys
}

// Len returns the number of items.
func (d *Dict) Len() int { return len(d.keys) }

// Set puts a value under a string key; a known key keeps its place.
func (d *Dict) Set(key string, v Value) { d.set(key, v) }

// SetInt puts a value under an integer key, as optimizers number their parameters.
func (d *Dict) SetInt(key int64, v Value) { d.set(key, v) }

func (d *Dict) set(key any, v Value) {
	if at := d.find(key); at >= 0 {
		d.values[at] = v
		return
	}
	d.keys = append(d.keys, key)
	d.values = append(d.values, v)
	if d.index != nil {
		d.index[key] = len(d.keys) - 1
	} else if len(d.keys) > fewKeys {
		d.index = make(map[any]int, 2*fewKeys)
		for i, k := range d.keys {
			d.index[k] = i
		}
	}
}

// fewKeys is how many keys are searched one by one; a file can hold a great many small dicts, each
// of which would need a map.
const fewKeys = 8

// find returns the place of a key, -1 if it is not there.
func (d *Dict) find(key any) int {
	if d.index == nil {
		return slices.Index(d.keys, key)
	}
	if at, known := d.index[key]; known {
		return at
	}
	return -1
}

// Get returns the value of a string key.
func (d *Dict) Get(key string) (Value, bool) { return d.get(key) }

// GetInt returns the value of an integer key.
func (d *Dict) GetInt(key int64) (Value, bool) { return d.get(key) }

func (d *Dict) get(key any) (Value, bool) {
	if at := d.find(key); at >= 0 {
		return d.values[at], true
	}
	return nil, false
}

// All walks the items in order; each key is a string or an int64.
func (d *Dict) All() iter.Seq2[any, Value] {
	return func(yield func(any, Value) bool) {
		for i, key := range d.keys {
			if !yield(key, d.values[i]) {
				return
			}
		}
	}
}
