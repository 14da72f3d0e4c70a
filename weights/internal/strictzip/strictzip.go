// Package strictzip reads those zips that every reader understands in the same way, and refuses all others.
package strictzip

import (
	"encoding/binary"
	"math"
	"slices"
	"strings"

	"cgan/weights"
)

const (
	flagEncrypted  = 1 << 0
	flagDescriptor = 1 << 3
	flagUTF8       = 1 << 11
)

// Record is one stored record. Its CRC is what the zip says, and left to the caller to check.
type Record struct {
	Name    string
	CRC     uint32
	Size    uint64
	Payload []byte // a slice of the file

	flags  uint16
	offset uint64 // of the local header
}

// Read returns the records of a zip, each with its payload, in directory order. The records
// must be stored and must cover the file without gap or overlap, and each local header must say
// what the directory says. Each name is shown to known, which may be nil and whose error comes before
// those about the record. The error is a *weights.FormatError.
func Read(file []byte, known func(name string) error) ([]Record, error) {
	dir, err := parseEnd(file)
	if err != nil {
		return nil, err
	}
	records, err := parseCentral(file[dir.offset:dir.offset+dir.size], dir.count, known)
	if err != nil {
		return nil, err
	}
	return records, locate(file[:dir.offset], records)
}

func parseCentral(data []byte, count uint64, known func(string) error) ([]Record, error) {
	records := make([]Record, 0, count)
	folded := make(map[string]bool, count)
	for range count {
		r, size, err := parseCentralEntry(data, known)
		if err != nil {
			return nil, err
		}
		// torch looks names up without regard to case.
		if key := strings.ToLower(r.Name); folded[key] {
			return nil, weights.Refuse(r.Name, "the zip has this name twice")
		} else {
			folded[key] = true
		}
		records, data = append(records, r), data[size:]
	}
	if len(data) > 0 {
		return nil, weights.Refuse("zip", "the directory has %d bytes more than its %d records need", len(data), count)
	}
	return records, nil
}

// parseCentralEntry reads the entry at the start of data and returns its length.
func parseCentralEntry(data []byte, known func(string) error) (r Record, size int, err error) {
	if len(data) < centralSize || string(data[:4]) != signCentral {
		return r, 0, weights.Refuse("zip", "the directory has fewer entries than it claims")
	}
	le := binary.LittleEndian
	nameEnd := centralSize + int(le.Uint16(data[28:]))
	extraEnd := nameEnd + int(le.Uint16(data[30:]))
	size = extraEnd + int(le.Uint16(data[32:]))
	if size > len(data) {
		return r, 0, weights.Refuse("zip", "a directory entry reaches past the directory")
	}
	r.Name = string(data[centralSize:nameEnd])
	if err := CheckName(r.Name); err != nil {
		return r, 0, err
	}
	r.flags, r.CRC = le.Uint16(data[8:]), le.Uint32(data[16:])
	r.Size, r.offset = uint64(le.Uint32(data[24:])), uint64(le.Uint32(data[42:]))
	stored := uint64(le.Uint32(data[20:]))
	wide := []*uint64{&r.Size, &stored, &r.offset}
	if err := wideFields(r.Name, data[nameEnd:extraEnd], wide); err != nil {
		return r, 0, err
	}
	if known != nil {
		if err := known(r.Name); err != nil {
			return r, 0, err
		}
	}
	symlink := le.Uint32(data[38:])>>28 == 0xa
	return r, size, r.checkEntry(le.Uint16(data[10:]), stored, le.Uint16(data[34:]), symlink)
}

func (r *Record) checkEntry(method uint16, stored uint64, disk uint16, symlink bool) error {
	switch {
	case r.flags&flagEncrypted != 0:
		return weights.Refuse(r.Name, "is encrypted")
	case r.flags&^(flagDescriptor|flagUTF8) != 0:
		return weights.Refuse(r.Name, "has zip flags %#x, which torch never sets", r.flags)
	case method == 8:
		return weights.Refuse(r.Name, "is compressed; torch writes and maps stored records only, "+
			"so save it again with torch.save")
	case method != 0:
		return weights.Refuse(r.Name, "uses zip method %d; only stored records are read", method)
	case stored != r.Size:
		return weights.Refuse(r.Name, "is stored, yet has %d bytes packed and %d unpacked", stored, r.Size)
	case symlink:
		return weights.Refuse(r.Name, "is a symbolic link")
	case disk != 0 && disk != math.MaxUint16:
		return weights.Refuse(r.Name, "lies on another disk")
	}
	return nil
}

// wideFields walks the extra fields and puts the 64-bit values of field 1 into those fields that
// hold all ones, in their order.
func wideFields(name string, extra []byte, fields []*uint64) error {
	le, seen := binary.LittleEndian, false
	for len(extra) > 0 {
		if len(extra) < 4 || int(le.Uint16(extra[2:])) > len(extra)-4 {
			return weights.Refuse(name, "has a broken extra field")
		}
		id, body := le.Uint16(extra), extra[4:4+le.Uint16(extra[2:])]
		extra = extra[4+len(body):]
		if id == 0x7075 {
			return weights.Refuse(name, "has a second name in an extra field")
		}
		if id != 1 {
			continue
		}
		if seen {
			return weights.Refuse(name, "has two zip64 fields")
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

// CheckName refuses every name that is not a plain path of folders and a file. Control characters
// are out too, so that a name can be printed.
func CheckName(name string) error {
	drive := len(name) > 1 && name[1] == ':' // which Windows reads as one
	odd := !weights.Printable(name) || strings.Contains(name, "\\") || drive || len(name) > 1024
	parts := strings.Split(strings.TrimSuffix(name, "/"), "/")
	if odd || slices.Contains(parts, "..") || slices.Contains(parts, ".") || slices.Contains(parts, "") {
		return weights.Refuse("zip", "the record name %s is not a plain relative path", weights.Quote(name))
	}
	return nil
}
