package weights

import (
	"errors"
	"fmt"
)

// reduce calls a name of the list with a tuple of arguments.
func (u *unpickler) reduce() error {
	pair, err := u.popN(2)
	if err != nil {
		return err
	}
	g, ok := pair[0].(*global)
	if !ok || g.call == nil {
		return fmt.Errorf("cannot call %s", describe(pair[0]))
	}
	args, ok := pair[1].(*tuple)
	if !ok {
		return fmt.Errorf("cannot call %s with %s", g.name, describe(pair[1]))
	}
	if err := u.charge(100); err != nil {
		return err
	}
	v, err := g.call(u, args.items)
	if err != nil {
		return fmt.Errorf("%s: %w", g.name, err)
	}
	return u.push(v)
}

func newOrderedDict(_ *unpickler, args []any) (any, error) {
	if len(args) != 0 {
		return nil, errors.New("is called with arguments, where torch adds the items later")
	}
	return &Dict{Ordered: true}, nil
}

// newCounter is a dict of its counts.
func newCounter(_ *unpickler, args []any) (any, error) {
	if len(args) == 0 {
		return &Dict{}, nil
	}
	if d, ok := args[0].(*Dict); ok && len(args) == 1 {
		return d, nil
	}
	return nil, errors.New("takes one dict")
}

// newSet is a list of its items, in the file's order.
func newSet(_ *unpickler, args []any) (any, error) {
	if len(args) == 0 {
		return &list{}, nil
	}
	if l, ok := args[0].(*list); ok && len(args) == 1 {
		return l, nil
	}
	return nil, errors.New("takes one list")
}

// newDevice is the device's name, such as cuda:0.
func newDevice(_ *unpickler, args []any) (any, error) {
	name, ok := "", len(args) > 0
	if ok {
		name, ok = args[0].(string)
	}
	if ok && len(args) == 1 {
		return name, nil
	}
	if index, whole := args[max(0, len(args)-1):], len(args) == 2; ok && whole {
		if n, isInt := index[0].(int64); isInt {
			return fmt.Sprintf("%s:%d", name, n), nil
		}
	}
	return nil, errors.New("takes a kind of device and a number")
}

func newSize(_ *unpickler, args []any) (any, error) {
	if len(args) != 1 {
		return nil, fmt.Errorf("takes one tuple, not %d arguments", len(args))
	}
	if _, err := integers(args[0], "size"); err != nil {
		return nil, err
	}
	t, ok := args[0].(*tuple)
	if !ok {
		return nil, fmt.Errorf("takes a tuple, not %s", describe(args[0]))
	}
	return t, nil
}

// persistent replaces the id on the stack by its storage.
func (u *unpickler) persistent() error {
	v, err := u.pop()
	if err != nil {
		return err
	}
	id, ok := v.(*tuple)
	if !ok {
		return fmt.Errorf("%s as the id of a storage", describe(v))
	}
	s, err := u.storage(id.items)
	if err != nil {
		return err
	}
	return u.push(s)
}
