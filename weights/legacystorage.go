package weights

import (
	"encoding/binary"
	"fmt"
	"slices"
)

// loadStorages reads the list of keys, which must name each storage of the object once, and the
// storages in its order.
func (l *legacy) loadStorages() error {
	value, err := l.plain("storage keys")
	if err != nil {
		return err
	}
	keys, ok := value.(List)
	if !ok {
		return refuse("storage keys", "is %s instead of a list", describe(value))
	}
	for i, key := range keys {
		name, _ := key.(string)
		s := l.storages.byKey[name]
		if s == nil || s.data != nil {
			return refuse("storage keys", "entry %d, %s, is no storage of the object or comes twice", i, describe(key))
		}
		if err := l.load(s); err != nil {
			return refuse("storage "+name, "%v", err)
		}
	}
	if i := slices.IndexFunc(l.storages.order, func(s *storage) bool { return s.data == nil }); i >= 0 {
		return refuse("storage keys", "storage %s of the object is not in the list", l.storages.order[i].key)
	}
	if len(l.rest) > 0 {
		return refuse("storages", "%d bytes follow the last storage", len(l.rest))
	}
	return nil
}

func (l *legacy) load(s *storage) error {
	if len(l.rest) < 8 {
		return fmt.Errorf("the file is cut short in front of it")
	}
	count := int64(binary.LittleEndian.Uint64(l.rest))
	if count != s.numel {
		return fmt.Errorf("has %d elements, the object says %d", count, s.numel)
	}
	l.rest = l.rest[8:]
	if count > int64(len(l.rest))/s.itemSize() {
		return fmt.Errorf("the file is cut short: %d elements of %d bytes do not fit the last %d bytes", count, s.itemSize(), len(l.rest))
	}
	n := count * s.itemSize()
	data := l.rest[:n:n]
	l.rest = l.rest[n:]
	return s.load(data, false)
}
