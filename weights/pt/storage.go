package pt

import (
	"fmt"
	"slices"
	"strings"

	"cgan/weights"
	"cgan/weights/internal/strictzip"
)

// storage is the memory of tensors: numel elements of one type, or bytes if untyped.
type storage struct {
	key       string
	dtype     weights.DType
	untyped   bool
	numel     int64
	data      []byte // nil until load
	nonFinite bool
}

func (s *storage) itemSize() int64 {
	if s.untyped {
		return 1
	}
	return int64(s.dtype.Size())
}

// storageClasses are the names of torch's storages by element type. The other types have none: their tensors
// lie in untyped storages.
var storageClasses = map[weights.DType]string{
	weights.F64: "DoubleStorage", weights.F32: "FloatStorage", weights.F16: "HalfStorage", weights.BF16: "BFloat16Storage",
	weights.I64: "LongStorage", weights.I32: "IntStorage", weights.I16: "ShortStorage", weights.I8: "CharStorage",
	weights.U8: "ByteStorage", weights.Bool: "BoolStorage",
	weights.C64: "ComplexFloatStorage", weights.C128: "ComplexDoubleStorage",
}

// storages keeps one storage for each key, in order of first use. Every use of a key must agree.
type storages struct {
	byKey map[string]*storage
	order []*storage
}

// get returns the storage of ('storage', class, key, location, numel).
func (all *storages) get(id []any) (*storage, error) {
	if len(id) != 5 {
		return nil, fmt.Errorf("a storage id has 5 fields, this one %d", len(id))
	}
	if id[0] != "storage" {
		return nil, fmt.Errorf("the id of %s; only storages are read", describe(id[0]))
	}
	class, ok := id[1].(*global)
	if !ok || class.storage == 0 && !class.untyped {
		return nil, fmt.Errorf("%s is no storage class", describe(id[1]))
	}
	key, ok := id[2].(string)
	if !ok || strings.Contains(key, "/") || strictzip.CheckName(key) != nil {
		return nil, fmt.Errorf("%s is no key of a storage", describe(id[2]))
	}
	if location, ok := id[3].(string); !ok || !isDevice(location) {
		return nil, fmt.Errorf("%s is no device of a storage", describe(id[3]))
	}
	numel, ok := id[4].(int64)
	if !ok || numel < 0 {
		return nil, fmt.Errorf("storage %s has %s as its number of elements", key, describe(id[4]))
	}
	return all.add(&storage{key: key, dtype: class.storage, untyped: class.untyped, numel: numel})
}

func (all *storages) add(s *storage) (*storage, error) {
	known := all.byKey[s.key]
	switch {
	case known == nil:
	case known.dtype != s.dtype || known.untyped != s.untyped:
		return nil, fmt.Errorf("storage %s is used with two types", s.key)
	case known.numel != s.numel:
		return nil, fmt.Errorf("storage %s is used with %d and with %d elements", s.key, known.numel, s.numel)
	default:
		return known, nil
	}
	if all.byKey == nil {
		all.byKey = map[string]*storage{}
	}
	all.byKey[s.key] = s
	all.order = append(all.order, s)
	return s, nil
}

// isDevice recognises "cpu", "cuda:7" and the like. Tensors always land in memory: the device
// where they once lay is only checked to be one.
func isDevice(location string) bool {
	kind, number, _ := strings.Cut(location, ":")
	letters := func(r rune) bool { return r >= 'a' && r <= 'z' }
	digits := func(r rune) bool { return r >= '0' && r <= '9' }
	not := func(f func(rune) bool) func(rune) bool { return func(r rune) bool { return !f(r) } }
	return kind != "" && len(location) < 32 &&
		!strings.ContainsFunc(kind, not(letters)) && !strings.ContainsFunc(number, not(digits))
}

// load takes the bytes of the storage, which must be exactly as many as it needs. Big-endian bytes
// are swapped in place.
func (s *storage) load(data []byte, bigEndian bool) error {
	size := s.itemSize()
	if int64(len(data))%size != 0 || int64(len(data))/size != s.numel {
		return fmt.Errorf("has %d bytes, but its %d elements need %d each", len(data), s.numel, size)
	}
	if bigEndian {
		if s.untyped {
			return fmt.Errorf("is big-endian without a type, so that it cannot be swapped")
		}
		swap(s.dtype, data)
	}
	if at := s.dtype.BadBool(data); at >= 0 {
		return fmt.Errorf("byte %d is neither 0 nor 1 in a bool storage", at)
	}
	s.data, s.nonFinite = data, s.dtype.HasNonFinite(data)
	return nil
}

// swap turns each number round; a complex element is two numbers.
func swap(d weights.DType, data []byte) {
	size := d.Size()
	if d.IsComplex() {
		size /= 2
	}
	for i := 0; size > 1 && i < len(data); i += size {
		slices.Reverse(data[i : i+size])
	}
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
