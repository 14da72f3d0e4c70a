package strictzip

import (
	"cmp"
	"encoding/binary"
	"math"
	"slices"

	"cgan/weights"
)

// locate finds the payload of each record. In order of offset the records must cover the data in
// front of the directory without gap or overlap, so that a reader that walks the local headers and
// one that walks the directory see the same.
func locate(data []byte, records []Record) error {
	order := make([]*Record, len(records))
	for i := range records {
		if order[i] = &records[i]; order[i].offset >= uint64(len(data)) {
			return weights.Refuse(order[i].Name, "its header at %d is not in front of the directory at %d",
				order[i].offset, len(data))
		}
	}
	slices.SortStableFunc(order, func(a, b *Record) int { return cmp.Compare(a.offset, b.offset) })
	for i, r := range order {
		end := uint64(len(data))
		if i == 0 && r.offset != 0 {
			return weights.Refuse(r.Name, "%d bytes stand before this first record", r.offset)
		}
		next := "the directory"
		if i+1 < len(order) {
			next, end = order[i+1].Name, min(end, order[i+1].offset)
		}
		if err := r.find(data[r.offset:end], next); err != nil {
			return err
		}
	}
	if len(records) == 0 && len(data) > 0 {
		return weights.Refuse("zip", "%d bytes in front of the directory belong to no record", len(data))
	}
	return nil
}

// find reads the local header at the start of data, which ends where the next thing starts.
func (r *Record) find(data []byte, next string) error {
	if len(data) < localSize || string(data[:4]) != signLocal {
		return weights.Refuse(r.Name, "there is no whole record header in front of %s", next)
	}
	le := binary.LittleEndian
	nameEnd := localSize + int(le.Uint16(data[26:]))
	begin := nameEnd + int(le.Uint16(data[28:]))
	if begin > len(data) || uint64(len(data)-begin) < r.Size {
		return weights.Refuse(r.Name, "its %d bytes overlap %s", r.Size, next)
	}
	if name := string(data[localSize:nameEnd]); name != r.Name {
		return weights.Refuse(r.Name, "is called %s in its own header", weights.Quote(name))
	}
	if err := r.checkLocal(data[:nameEnd], data[nameEnd:begin]); err != nil {
		return err
	}
	end := begin + int(r.Size)
	r.Payload = data[begin:end:end]
	return r.checkDescriptor(data[end:], next)
}

// checkLocal compares the local header with the directory. In front of a descriptor the sizes and
// the CRC may be left blank.
func (r *Record) checkLocal(header, extra []byte) error {
	le := binary.LittleEndian
	if le.Uint16(header[6:]) != r.flags || le.Uint16(header[8:]) != 0 {
		return weights.Refuse(r.Name, "its own header has other flags or another method than the directory")
	}
	crc, stored, size := le.Uint32(header[14:]), uint64(le.Uint32(header[18:])), uint64(le.Uint32(header[22:]))
	if err := wideFields(r.Name, extra, []*uint64{&size, &stored}); err != nil {
		return err
	}
	blank := func(v uint64) bool { return r.flags&flagDescriptor != 0 && (v == 0 || v == math.MaxUint32) }
	if crc != r.CRC && !blank(uint64(crc)) {
		return weights.Refuse(r.Name, "its own header has another CRC than the directory")
	}
	if stored != r.Size && !blank(stored) || size != r.Size && !blank(size) {
		return weights.Refuse(r.Name, "its own header has another size than the directory")
	}
	return nil
}

// checkDescriptor checks what lies between the payload and the next record: nothing, or a
// descriptor that repeats CRC and sizes in 32 or 64 bits.
func (r *Record) checkDescriptor(tail []byte, next string) error {
	if r.flags&flagDescriptor == 0 {
		if len(tail) > 0 {
			return weights.Refuse(r.Name, "%d bytes between it and %s belong to no record", len(tail), next)
		}
		return nil
	}
	le := binary.LittleEndian
	if len(tail) != 16 && len(tail) != 24 || string(tail[:4]) != signDescriptor {
		return weights.Refuse(r.Name, "there is no descriptor between it and %s", next)
	}
	stored, size := uint64(le.Uint32(tail[8:])), uint64(le.Uint32(tail[len(tail)-4:]))
	if len(tail) == 24 {
		stored, size = le.Uint64(tail[8:]), le.Uint64(tail[16:])
	}
	if le.Uint32(tail[4:]) != r.CRC || stored != r.Size || size != r.Size {
		return weights.Refuse(r.Name, "the descriptor after it disagrees with the directory")
	}
	return nil
}
