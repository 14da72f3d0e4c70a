package weights

import (
	"fmt"
	"io"
	"strings"
)

// ReadPT reads what torch.save wrote, the zip form of torch 1.6 and later or the legacy form
// before, from size bytes of r. It returns the saved value and notices: things worth a line to the
// user that are no reason to refuse. The error is a *FormatError unless r fails. Peak memory is
// the file, once more for views that are not contiguous, and a bounded multiple of the pickle.
func ReadPT(r io.ReaderAt, size int64) (root Value, notices []string, err error) {
	file, err := readAll(r, size)
	if err != nil {
		return nil, nil, err
	}
	switch kind := sniff(file); kind.format {
	case FormatZip:
		return parseZipPT(file)
	case FormatLegacy:
		return parseLegacy(file)
	case FormatSafetensors:
		return nil, nil, refuse("", "is a safetensors file, not a .pt file")
	default:
		return nil, nil, refuse("", "%s", kind.reason)
	}
}

// parseZipPT reads the zip form.
func parseZipPT(file []byte) (Value, []string, error) {
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
		return nil, nil, refuse(a.top+"data.pkl", "%v", err)
	}
	for _, s := range all.order {
		if err := a.load(s); err != nil {
			return nil, nil, err
		}
	}
	value, notices, err := u.finish(root, int64(len(file)))
	if err != nil {
		return nil, nil, refuse(a.top+"data.pkl", "%v", err)
	}
	return value, append(a.notices, notices...), nil
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

// finish fills the tensors, whose storages are loaded, and turns the root into a Value.
func (u *unpickler) finish(root any, fileSize int64) (Value, []string, error) {
	if err := u.rebuild.fill(fileSize); err != nil {
		return nil, nil, err
	}
	value, err := finish(root, fileSize)
	if err != nil {
		return nil, nil, err
	}
	return value, nonFiniteNotice(value, u.rebuild.views), nil
}

// isTop reports whether a record is a file directly in a folder: "archive/data.pkl".
func isTop(record, file string) bool {
	top, ok := strings.CutSuffix(record, "/"+file)
	return ok && !strings.Contains(top, "/")
}
