package pt

import (
	"encoding/binary"
	"fmt"
	"slices"

	"cgan/weights"
)

// legacyMagic is the first of five pickles: the number 0x1950a86a20f9469cfc6c.
const legacyMagic = "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."

const legacyProtocol = 1001

// legacy reads the form before torch 1.6: five pickles (magic, protocol, system, the object, the
// keys of the storages), then each storage as a 64-bit count and its bytes.
type legacy struct {
	rest     []byte
	fileSize int64
	storages storages
}

func readLegacy(file []byte) (weights.Value, []string, error) {
	if len(file) < len(legacyMagic) || string(file[:len(legacyMagic)]) != legacyMagic {
		return nil, nil, refusePickle(file)
	}
	l := &legacy{rest: file[len(legacyMagic):], fileSize: int64(len(file))}
	if err := l.checkHead(); err != nil {
		return nil, nil, err
	}
	object := &unpickler{storage: l.storage, rebuild: &rebuilder{}}
	root, err := l.pickle("object", object)
	if err != nil {
		return nil, nil, err
	}
	if err := l.loadStorages(); err != nil {
		return nil, nil, err
	}
	value, notices, err := object.result(root, l.fileSize)
	if err != nil {
		return nil, nil, weights.Refuse("object", "%v", err)
	}
	return value, notices, nil
}

// pickle runs the next of the pickles with a machine of its own.
func (l *legacy) pickle(part string, u *unpickler) (any, error) {
	u.data = l.rest[:min(len(l.rest), maxPickle)]
	root, err := u.run()
	if err != nil {
		return nil, weights.Refuse(part, "%v", err)
	}
	l.rest = l.rest[u.pos:]
	return root, nil
}

// plain runs a pickle that has no tensors, which is turned into a Value at once.
func (l *legacy) plain(part string) (weights.Value, error) {
	noStorage := func([]any) (*storage, error) { return nil, fmt.Errorf("a storage has no place here") }
	root, err := l.pickle(part, &unpickler{storage: noStorage, rebuild: &rebuilder{}})
	if err != nil {
		return nil, err
	}
	value, err := buildValue(root, l.fileSize)
	if err != nil {
		return nil, weights.Refuse(part, "%v", err)
	}
	return value, nil
}

func (l *legacy) checkHead() error {
	protocol, err := l.plain("protocol")
	if err != nil {
		return err
	}
	if protocol != int64(legacyProtocol) {
		return weights.Refuse("protocol", "is %s instead of %d", describe(protocol), legacyProtocol)
	}
	system, err := l.plain("system")
	if err != nil {
		return err
	}
	d, ok := system.(*weights.Dict)
	if !ok {
		return weights.Refuse("system", "is %s instead of a dict", describe(system))
	}
	// torch ignores this field and would read wrong numbers.
	if little, _ := d.Get("little_endian"); little != true {
		return weights.Refuse("system", "little_endian is %s; only little-endian legacy files are read", describe(little))
	}
	return nil
}

// storage reads a legacy id: one field more, for a view of another storage, which torch has not
// written since 0.4.
func (l *legacy) storage(id []any) (*storage, error) {
	if len(id) > 0 && id[0] == "module" {
		return nil, fmt.Errorf("the file holds a whole module with its source: save model.state_dict() instead")
	}
	if len(id) != 6 {
		return nil, fmt.Errorf("a legacy storage id has 6 fields, this one %d", len(id))
	}
	if id[5] != nil {
		return nil, fmt.Errorf("views of storages, written before torch 0.4, are not read: load and save it in a newer torch")
	}
	return l.storages.get(id[:5])
}

// loadStorages reads the list of keys, which must name each storage of the object once, and the
// storages in its order.
func (l *legacy) loadStorages() error {
	value, err := l.plain("storage keys")
	if err != nil {
		return err
	}
	keys, ok := value.(weights.List)
	if !ok {
		return weights.Refuse("storage keys", "is %s instead of a list", describe(value))
	}
	for i, key := range keys {
		name, _ := key.(string)
		s := l.storages.byKey[name]
		if s == nil || s.data != nil {
			return weights.Refuse("storage keys", "entry %d, %s, is no storage of the object or comes twice", i, describe(key))
		}
		if err := l.load(s); err != nil {
			return weights.Refuse("storage "+name, "%v", err)
		}
	}
	if i := slices.IndexFunc(l.storages.order, func(s *storage) bool { return s.data == nil }); i >= 0 {
		return weights.Refuse("storage keys", "storage %s of the object is not in the list", l.storages.order[i].key)
	}
	if len(l.rest) > 0 {
		return weights.Refuse("storages", "%d bytes follow the last storage", len(l.rest))
	}
	return nil
}

func (l *legacy) load(s *storage) error {
	if len(l.rest) < 8 {
		return fmt.Errorf("the file is cut short before it")
	}
	count := int64(binary.LittleEndian.Uint64(l.rest))
	if count != s.numel {
		return fmt.Errorf("has %d elements, the object says %d", count, s.numel)
	}
	l.rest = l.rest[8:]
	if count > int64(len(l.rest))/s.itemSize() {
		return fmt.Errorf("the file is cut short: %d elements of %d bytes do not fit the last %d bytes",
			count, s.itemSize(), len(l.rest))
	}
	n := count * s.itemSize()
	data := l.rest[:n:n]
	l.rest = l.rest[n:]
	return s.load(data, false)
}
