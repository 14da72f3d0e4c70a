package pt

import (
	"fmt"
	"math/big"

	"cgan/weights"
)

func (u *unpickler) tuple(op byte) (err error) {
	var items []any
	switch op {
	case opTuple:
		items, err = u.popMark()
	case opTuple1, opTuple2, opTuple3:
		items, err = u.popN(int(op) - opTuple1 + 1)
	}
	if err != nil {
		return err
	}
	if err := u.charge(24 + 16*len(items)); err != nil {
		return err
	}
	return u.push(&tuple{append([]any(nil), items...)})
}

func (u *unpickler) put(at uint32) error {
	top, err := u.popN(1)
	if err != nil {
		return err
	}
	u.stack = u.stack[:len(u.stack)+1]
	u.memo[at] = top[0]
	return u.charge(48)
}

func (u *unpickler) get(at uint32) error {
	v, known := u.memo[at]
	if !known {
		return fmt.Errorf("the memo has no entry %d", at)
	}
	return u.push(v)
}

// addItems puts values into the list or dict below them.
func (u *unpickler) addItems(op byte) (err error) {
	var items []any
	switch op {
	case opAppend:
		items, err = u.popN(1)
	case opSetItem:
		items, err = u.popN(2)
	default:
		items, err = u.popMark()
	}
	if err != nil {
		return err
	}
	if len(u.stack) <= u.floor() {
		return errUnderflow
	}
	if err := u.charge(96 * len(items) / 2); err != nil {
		return err
	}
	target := u.stack[len(u.stack)-1]
	if op == opAppend || op == opAppends {
		l, ok := target.(*list)
		if !ok {
			return fmt.Errorf("cannot append to %s", describe(target))
		}
		l.items = append(l.items, items...)
		return nil
	}
	return setItems(target, items)
}

func setItems(target any, items []any) error {
	d, ok := target.(*weights.Dict)
	if !ok {
		return fmt.Errorf("cannot set items of %s", describe(target))
	}
	if len(items)%2 != 0 {
		return fmt.Errorf("%d keys and values make no pairs", len(items))
	}
	for i := 0; i < len(items); i += 2 {
		key := items[i]
		had := d.Len()
		if !setItem(d, key, items[i+1]) {
			return fmt.Errorf("%s as a dict key: only strings and integers are read", describe(key))
		}
		if d.Len() == had {
			return fmt.Errorf("the dict has the key %s twice", describe(key))
		}
	}
	return nil
}

// setItem puts a value under a key, if the key is of a type that a Dict has.
func setItem(d *weights.Dict, key any, v weights.Value) bool {
	switch key := key.(type) {
	case string:
		d.Set(key, v)
	case int64:
		d.SetInt(key, v)
	default:
		return false
	}
	return true
}

// build sets the attributes of an OrderedDict, of which only _metadata is kept.
func (u *unpickler) build() error {
	state, err := u.pop()
	if err != nil {
		return err
	}
	if len(u.stack) <= u.floor() {
		return errUnderflow
	}
	target, isDict := u.stack[len(u.stack)-1].(*weights.Dict)
	attributes, ok := state.(*weights.Dict)
	if !isDict || !target.Ordered || !ok {
		return fmt.Errorf("cannot set attributes of %s from %s", describe(u.stack[len(u.stack)-1]), describe(state))
	}
	for key := range attributes.All() {
		if _, text := key.(string); !text {
			return fmt.Errorf("%s as the name of an attribute", describe(key))
		}
	}
	if v, known := attributes.Get("_metadata"); known {
		target.Metadata, _ = v.(*weights.Dict)
	}
	return nil
}

// describe names a value in an error.
func describe(v any) string {
	switch v := v.(type) {
	case nil:
		return "None"
	case string:
		return "the string " + weights.Quote(v)
	case int64, float64, bool:
		return fmt.Sprintf("the %T %v", v, v)
	case *big.Int:
		return "an integer beyond 64 bits"
	case *weights.Tensor:
		return "a tensor"
	case *list, weights.List:
		return "a list"
	case *tuple, weights.Tuple:
		return "a tuple"
	case *weights.Dict:
		return "a dict"
	case *storage:
		return "a bare storage"
	case *global:
		return "the name " + v.name
	}
	return fmt.Sprintf("a %T", v)
}
