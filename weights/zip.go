package weights

import (
	"encoding/binary"
	"math"
	"slices"
	"strings"
)

const (
	flagEncrypted  = 1 << 0
	flagDescriptor = 1 << 3
	flagUTF8       = 1 << 11
)

// zipRecord is one entry of the central directory; offset is that of its local header.
type zipRecord struct {
	name         string
	flags        uint16
	crc          uint32
	size, offset uint64
	payload      []byte
}

// parseZip returns the records of a zip, each with its payload, in directory order. The records
// must be stored and must cover the file without gap or overlap, and each local header must say
// what the directory says.
func parseZip(file []byte) ([]zipRecord, error) {
	dir, err := parseEnd(file)
	if err != nil {
		return nil, err
	}
	records, err := parseCentral(file[dir.offset:dir.offset+dir.size], dir.count)
	if err != nil {
		return nil, err
	}
	return records, locate(file[:dir.offset], records)
}

func parseCentral(data []byte, count uint64) ([]zipRecord, error) {
	records := make([]zipRecord, 0, count)
	folded := make(map[string]bool, count)
	for range count {
		r, size, err := parseCentralEntry(data)
		if err != nil {
			return nil, err
		}
		// torch looks names up without regard to case.
		if key := strings.ToLower(r.name); folded[key] {
			return nil, refuse(r.name, "the zip has this name twice")
		} else {
			folded[key] = true
		}
		records, data = append(records, r), data[size:]
	}
	if len(data) > 0 {
		return nil, refuse("zip", "the directory has %d bytes more than its %d records need", len(data), count)
	}
	return records, nil
}

// parseCentralEntry reads the entry at the start of data and returns its length.
func parseCentralEntry(data []byte) (r zipRecord, size int, err error) {
	if len(data) < centralSize || string(data[:4]) != signCentral {
		return r, 0, refuse("zip", "the directory has fewer entries than it claims")
	}
	le := binary.LittleEndian
	nameEnd := centralSize + int(le.Uint16(data[28:]))
	extraEnd := nameEnd + int(le.Uint16(data[30:]))
	size = extraEnd + int(le.Uint16(data[32:]))
	if size > len(data) {
		return r, 0, refuse("zip", "a directory entry reaches past the directory")
	}
	r.name = string(data[centralSize:nameEnd])
	if err := checkName(r.name); err != nil {
		return r, 0, err
	}
	r.flags, r.crc = le.Uint16(data[8:]), le.Uint32(data[16:])
	r.size, r.offset = uint64(le.Uint32(data[24:])), uint64(le.Uint32(data[42:]))
	stored := uint64(le.Uint32(data[20:]))
	wide := []*uint64{&r.size, &stored, &r.offset}
	if err := wideFields(r.name, data[nameEnd:extraEnd], wide); err != nil {
		return r, 0, err
	}
	symlink := le.Uint32(data[38:])>>28 == 0xa
	return r, size, r.checkEntry(le.Uint16(data[10:]), stored, le.Uint16(data[34:]), symlink)
}

func (r *zipRecord) checkEntry(method uint16, stored uint64, disk uint16, symlink bool) error {
	_, inside, _ := strings.Cut(r.name, "/")
	switch {
	case inside == "constants.pkl", strings.HasPrefix(inside, "code/"): // before all else: its code is compressed
		return refuse(r.name, "this is a TorchScript archive, not a state_dict: in Python, "+
			"torch.save(torch.jit.load(file).state_dict(), other)")
	case r.flags&flagEncrypted != 0:
		return refuse(r.name, "is encrypted")
	case r.flags&^(flagDescriptor|flagUTF8) != 0:
		return refuse(r.name, "has zip flags %#x, which torch never sets", r.flags)
	case method == 8:
		return refuse(r.name, "is compressed; torch writes and maps stored records only, so save it again with torch.save")
	case method != 0:
		return refuse(r.name, "uses zip method %d; only stored records are read", method)
	case stored != r.size:
		return refuse(r.name, "is stored, yet has %d bytes packed and %d unpacked", stored, r.size)
	case symlink:
		return refuse(r.name, "is a symbolic link")
	case disk != 0 && disk != math.MaxUint16:
		return refuse(r.name, "lies on another disk")
	}
	return nil
}

// wideFields walks the extra fields and puts the 64-bit values of field 1 into those fields that
// hold all ones, in their order.
func wideFields(name string, extra []byte, fields []*uint64) error {
	le, seen := binary.LittleEndian, false
	for len(extra) > 0 {
		if len(extra) < 4 || int(le.Uint16(extra[2:])) > len(extra)-4 {
			return refuse(name, "has a broken extra field")
		}
		id, body := le.Uint16(extra), extra[4:4+le.Uint16(extra[2:])]
		extra = extra[4+len(body):]
		if id == 0x7075 {
			return refuse(name, "has a second name in an extra field")
		}
		if id != 1 {
			continue
		}
		if seen {
			return refuse(name, "has two zip64 fields")
		}
		seen = true
		for _, field := range fields {
			if *field == math.MaxUint32 && len(body) >= 8 {
				*field, body = le.Uint64(body), body[8:]
			}
		}
	}
	return nil
}

// checkName refuses every name that is not a plain path of folders and a file. Control characters
// are out too, so that a name can be printed.
func checkName(name string) error {
	drive := len(name) > 1 && name[1] == ':' // which Windows reads as one
	odd := !plainText(name) || strings.Contains(name, "\\") || drive || len(name) > 1024
	parts := strings.Split(strings.TrimSuffix(name, "/"), "/")
	if odd || slices.Contains(parts, "..") || slices.Contains(parts, ".") || slices.Contains(parts, "") {
		return refuse("zip", "the record name %s is not a plain relative path", quote(name))
	}
	return nil
}
