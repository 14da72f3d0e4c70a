package weights

import (
	"encoding/binary"
	"hash/crc32"
)

var le = binary.LittleEndian

// part is one record of a zip that a test builds. The zero values give an honest record.
type part struct {
	name, data string
	flags      uint16
	method     uint16
}

// zipBuild is a built zip with the places of its pieces, for tests that then damage it.
type zipBuild struct {
	data           []byte
	local, central []int // where the headers of each record start
	payload        []int
	dir, end       int
}

// buildZip writes stored records without descriptors, directory and end record; with zip64 also
// the zip64 end record and its locator.
func buildZip(zip64 bool, parts ...part) *zipBuild {
	b := &zipBuild{}
	for _, p := range parts {
		b.local = append(b.local, len(b.data))
		b.data = append(b.data, signLocal...)
		b.data = append(b.header(p), p.name...)
		b.payload = append(b.payload, len(b.data))
		b.data = append(b.data, p.data...)
	}
	b.dir = len(b.data)
	for i, p := range parts {
		b.central = append(b.central, len(b.data))
		b.data = append(b.data, signCentral+"\x00\x00"...)
		b.data = append(b.header(p), make([]byte, 10)...)
		b.data = le.AppendUint32(b.data, uint32(b.local[i]))
		b.data = append(b.data, p.name...)
	}
	b.finish(zip64, len(parts))
	return b
}

// header appends what local header and directory share: version to length of the extra field.
func (b *zipBuild) header(p part) []byte {
	d := le.AppendUint16(b.data, 0)
	d = le.AppendUint16(d, p.flags)
	d = le.AppendUint16(d, p.method)
	d = le.AppendUint32(d, 0)
	d = le.AppendUint32(d, crc32.ChecksumIEEE([]byte(p.data)))
	d = le.AppendUint32(d, uint32(len(p.data)))
	d = le.AppendUint32(d, uint32(len(p.data)))
	d = le.AppendUint16(d, uint16(len(p.name)))
	return le.AppendUint16(d, 0)
}

func (b *zipBuild) finish(zip64 bool, count int) {
	size, at := len(b.data)-b.dir, len(b.data)
	if zip64 {
		b.data = append(b.data, signEnd64...)
		b.data = le.AppendUint64(b.data, end64Size-12)
		b.data = append(b.data, make([]byte, 12)...)
		for _, v := range []int{count, count, size, b.dir} {
			b.data = le.AppendUint64(b.data, uint64(v))
		}
		b.data = append(b.data, signLocator+"\x00\x00\x00\x00"...)
		b.data = le.AppendUint64(b.data, uint64(at))
		b.data = le.AppendUint32(b.data, 1)
	}
	b.end = len(b.data)
	b.data = append(b.data, signEnd+"\x00\x00\x00\x00"...)
	b.data = le.AppendUint16(b.data, uint16(count))
	b.data = le.AppendUint16(b.data, uint16(count))
	b.data = le.AppendUint32(b.data, uint32(size))
	b.data = le.AppendUint32(b.data, uint32(b.dir))
	b.data = le.AppendUint16(b.data, 0)
}

// set16 and its like damage the built file.
func (b *zipBuild) set16(at int, v uint16) *zipBuild { le.PutUint16(b.data[at:], v); return b }
func (b *zipBuild) set32(at int, v uint32) *zipBuild { le.PutUint32(b.data[at:], v); return b }
func (b *zipBuild) set64(at int, v uint64) *zipBuild { le.PutUint64(b.data[at:], v); return b }
