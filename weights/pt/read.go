// Package pt reads and writes PyTorch's .pt files: the zip form, and to read also the legacy one.
//
// Reading executes nothing. The pickle is run by a machine that knows a fixed list of names; any other
// name, and every damage that two readers could understand differently, is one error that says which
// record and why. A reader never falls back to a laxer one. Memory stays within a multiple of the file's
// size: 64 bytes for each byte of pickle, which is a small part of a real file.
//
// Writing gives files that torch.load(path, weights_only=True) accepts in torch 2.1 to 2.15, with mmap on
// or off. The same value always gives the same bytes.
package pt

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"cgan/weights"
)

// Read reads the bytes of a file that torch.save wrote, in the zip form of torch 1.6 and later or the
// legacy form before. It returns the saved value and notices: things worth a line to the user that are
// no reason to refuse. The error is a *weights.FormatError. Contiguous tensors stay slices of file, which
// big-endian ones change; beside that, memory is a bounded multiple of the file's size.
func Read(file []byte) (root weights.Value, notices []string, err error) {
	switch {
	case bytes.HasPrefix(file, []byte("PK\x03\x04")):
		return readZip(file)
	case IsPickle(file):
		return readLegacy(file)
	}
	return nil, nil, weights.Refuse("", "is neither form of torch.save's files: it begins with %s",
		weights.Quote(string(file[:min(len(file), 16)])))
}

// readZip reads the zip form.
func readZip(file []byte) (weights.Value, []string, error) {
	a, err := openArchive(file)
	if err != nil {
		return nil, nil, err
	}
	pkl, err := a.read("data.pkl")
	if err != nil {
		return nil, nil, err
	}
	var all storages
	u := &unpickler{data: pkl, storage: all.get, rebuild: &rebuilder{}}
	root, err := u.unpickle()
	if err != nil {
		return nil, nil, weights.Refuse(a.top+"data.pkl", "%v", err)
	}
	for _, s := range all.order {
		if err := a.load(s); err != nil {
			return nil, nil, err
		}
	}
	value, notices, err := u.result(root, int64(len(file)))
	if err != nil {
		return nil, nil, weights.Refuse(a.top+"data.pkl", "%v", err)
	}
	return value, append(a.notices, notices...), nil
}

// Metadata is what Write put beside the value; nothing where the file has none, or something else in its place.
func Metadata(file []byte) (metadata map[string]string) {
	a, err := openArchive(file)
	if err != nil || a.records[a.top+metadataName] == nil {
		return nil
	}
	if text, err := a.read(metadataName); err == nil {
		_ = json.Unmarshal(text, &metadata) // another program's is no reason to refuse the weights
	}
	return metadata
}

// maxPickle is far above the pickle of any checkpoint, whose tensors take some 200 bytes each.
const maxPickle = 64 << 20

// unpickle runs a pickle of acceptable size that must end with the data.
func (u *unpickler) unpickle() (any, error) {
	if len(u.data) > maxPickle {
		return nil, fmt.Errorf("has %d bytes; at most %d are read", len(u.data), maxPickle)
	}
	root, err := u.run()
	if err == nil && u.pos != len(u.data) {
		err = fmt.Errorf("%d bytes follow STOP at byte %d", len(u.data)-u.pos, u.at)
	}
	return root, err
}

// result gives the tensors their bytes, whose storages are loaded, and converts the root to a Value.
func (u *unpickler) result(root any, fileSize int64) (weights.Value, []string, error) {
	if err := u.rebuild.materialize(fileSize); err != nil {
		return nil, nil, err
	}
	value, err := buildValue(root, fileSize)
	if err != nil {
		return nil, nil, err
	}
	return value, nonFiniteNotices(value, u.rebuild.views), nil
}

// isTop reports whether a record is a file directly in a folder: "archive/data.pkl".
func isTop(record, file string) bool {
	top, ok := strings.CutSuffix(record, "/"+file)
	return ok && !strings.Contains(top, "/")
}
