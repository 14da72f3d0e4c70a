package weights

import (
	"fmt"
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

func parseLegacy(file []byte) (Value, []string, error) {
	if len(file) < len(legacyMagic) || string(file[:len(legacyMagic)]) != legacyMagic {
		return nil, nil, refuse("magic number", "is a pickle, but its first value is not the magic number of torch.save")
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
	value, notices, err := object.finish(root, l.fileSize)
	if err != nil {
		return nil, nil, refuse("object", "%v", err)
	}
	return value, notices, nil
}

// pickle runs the next of the pickles with a machine of its own.
func (l *legacy) pickle(part string, u *unpickler) (any, error) {
	u.data = l.rest[:min(len(l.rest), maxPickle)]
	root, err := u.run()
	if err != nil {
		return nil, refuse(part, "%v", err)
	}
	l.rest = l.rest[u.pos:]
	return root, nil
}

// plain runs a pickle that has no tensors, which is turned into a Value at once.
func (l *legacy) plain(part string) (Value, error) {
	noStorage := func([]any) (*storage, error) { return nil, fmt.Errorf("a storage has no place here") }
	root, err := l.pickle(part, &unpickler{storage: noStorage, rebuild: &rebuilder{}})
	if err != nil {
		return nil, err
	}
	value, err := finish(root, l.fileSize)
	if err != nil {
		return nil, refuse(part, "%v", err)
	}
	return value, nil
}

func (l *legacy) checkHead() error {
	protocol, err := l.plain("protocol")
	if err != nil {
		return err
	}
	if protocol != int64(legacyProtocol) {
		return refuse("protocol", "is %s instead of %d", describe(protocol), legacyProtocol)
	}
	system, err := l.plain("system")
	if err != nil {
		return err
	}
	d, ok := system.(*Dict)
	if !ok {
		return refuse("system", "is %s instead of a dict", describe(system))
	}
	// torch ignores this field and would read wrong numbers.
	if little, _ := d.Get("little_endian"); little != true {
		return refuse("system", "little_endian is %s; only little-endian legacy files are read", describe(little))
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
