package strictzip

import (
	"bytes"
	"encoding/binary"
	"math"

	"cgan/weights"
)

// Own zip reader: archive/zip accepts what two readers can understand differently (equal names,
// local headers that contradict the directory, bytes before and after, a CRC of zero unchecked,
// the encryption bit) and does not show the local headers, so that the checks could not be added.
// Files that torch writes use a corner of the format: stored records that touch one another.

const (
	signLocal      = "PK\x03\x04"
	signCentral    = "PK\x01\x02"
	signEnd        = "PK\x05\x06"
	signEnd64      = "PK\x06\x06"
	signLocator    = "PK\x06\x07"
	signDescriptor = "PK\x07\x08"

	endSize     = 22
	locatorSize = 20
	end64Size   = 56
	centralSize = 46
	localSize   = 30

	// maxRecords is far above the storages of any checkpoint.
	maxRecords = 1_000_000
)

// directory is where the end records say that the central directory lies.
type directory struct {
	count, size, offset uint64
}

// parseEnd reads the end records, which must be the last bytes of the file and agree.
func parseEnd(file []byte) (directory, error) {
	tail := len(file) - endSize
	if tail < 0 || string(file[tail:tail+4]) != signEnd || binary.LittleEndian.Uint16(file[tail+20:]) != 0 {
		// A whole end record further in front has a comment, or something else, after it.
		if tail >= 0 && bytes.Contains(file[max(0, tail-math.MaxUint16):tail+4], []byte(signEnd)) {
			return directory{}, weights.Refuse("zip", "a comment or other bytes follow the end record")
		}
		return directory{}, weights.Refuse("zip", "there is no end record: the file is cut short")
	}
	le, end := binary.LittleEndian, file[tail:]
	d := directory{uint64(le.Uint16(end[10:])), uint64(le.Uint32(end[12:])), uint64(le.Uint32(end[16:]))}
	if le.Uint32(end[4:]) != 0 {
		return d, weights.Refuse("zip", "spans several disks")
	}
	if uint64(le.Uint16(end[8:])) != d.count {
		return d, weights.Refuse("zip", "the end record has two different counts of records")
	}
	start := tail
	if at := tail - locatorSize; at >= 0 && string(file[at:at+4]) == signLocator {
		var err error
		if d, err = parseEnd64(file, at, d); err != nil {
			return d, err
		}
		start = at - end64Size
	}
	return d, d.check(uint64(start))
}

// parseEnd64 reads the zip64 end record in front of its locator and compares it with the classic.
func parseEnd64(file []byte, locator int, classic directory) (directory, error) {
	le, at := binary.LittleEndian, locator-end64Size
	if at < 0 || le.Uint64(file[locator+8:]) != uint64(at) || string(file[at:at+4]) != signEnd64 {
		return classic, weights.Refuse("zip", "the zip64 locator points to %d, where no zip64 end record lies",
			le.Uint64(file[locator+8:]))
	}
	end := file[at:locator]
	otherDisks := le.Uint64(end[16:]) != 0 || le.Uint32(file[locator+4:]) != 0 || le.Uint32(file[locator+16:]) != 1
	if le.Uint64(end[4:]) != end64Size-12 || otherDisks {
		return classic, weights.Refuse("zip", "the zip64 end record has an odd size or several disks")
	}
	d := directory{le.Uint64(end[32:]), le.Uint64(end[40:]), le.Uint64(end[48:])}
	same := (classic.count == d.count || classic.count == math.MaxUint16) &&
		(classic.size == d.size || classic.size == math.MaxUint32) &&
		(classic.offset == d.offset || classic.offset == math.MaxUint32)
	if !same || le.Uint64(end[24:]) != d.count {
		return d, weights.Refuse("zip", "the zip64 and the classic end record disagree")
	}
	return d, nil
}

// check demands that the directory ends exactly where the end records start.
func (d directory) check(start uint64) error {
	switch {
	case d.count > maxRecords:
		return weights.Refuse("zip", "claims %d records; at most %d are read", d.count, maxRecords)
	case d.offset > start || d.size > start-d.offset:
		return weights.Refuse("zip", "the directory of %d bytes at %d reaches past its end at %d", d.size, d.offset, start)
	case d.offset+d.size != start:
		return weights.Refuse("zip", "the directory ends at %d but the end record starts at %d", d.offset+d.size, start)
	case d.count*centralSize > d.size:
		return weights.Refuse("zip", "claims %d records in a directory of %d bytes", d.count, d.size)
	}
	return nil
}
