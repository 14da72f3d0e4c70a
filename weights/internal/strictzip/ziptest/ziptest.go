// Package ziptest builds zips for tests, which then damage them.
package ziptest

import (
	"encoding/binary"
	"hash/crc32"
)

var le = binary.LittleEndian

const (
	signLocal   = "PK\x03\x04"
	signCentral = "PK\x01\x02"
	signEnd     = "PK\x05\x06"
	signEnd64   = "PK\x06\x06"
	signLocator = "PK\x06\x07"
	end64Size   = 56
)

// Part is one record of a zip that a test builds. The zero values give an honest record.
type Part struct {
	Name, Data string
	Flags      uint16
	Method     uint16
}

// File is a built zip with the places of its pieces, for tests that then damage it.
type File struct {
	Data           []byte
	Local, Central []int // where the headers of each record start
	Payload        []int
	Dir, End       int
}

// Build writes stored records without descriptors, directory and end record; with zip64 also
// the zip64 end record and its locator.
func Build(zip64 bool, parts ...Part) *File {
	b := &File{}
	for _, p := range parts {
		b.Local = append(b.Local, len(b.Data))
		b.Data = append(b.Data, signLocal...)
		b.Data = append(b.Header(p), p.Name...)
		b.Payload = append(b.Payload, len(b.Data))
		b.Data = append(b.Data, p.Data...)
	}
	b.Dir = len(b.Data)
	for i, p := range parts {
		b.Central = append(b.Central, len(b.Data))
		b.Data = append(b.Data, signCentral+"\x00\x00"...)
		b.Data = append(b.Header(p), make([]byte, 10)...)
		b.Data = le.AppendUint32(b.Data, uint32(b.Local[i]))
		b.Data = append(b.Data, p.Name...)
	}
	b.Finish(zip64, len(parts))
	return b
}

// Header appends what local header and directory share: version to length of the extra field.
func (b *File) Header(p Part) []byte {
	d := le.AppendUint16(b.Data, 0)
	d = le.AppendUint16(d, p.Flags)
	d = le.AppendUint16(d, p.Method)
	d = le.AppendUint32(d, 0)
	d = le.AppendUint32(d, crc32.ChecksumIEEE([]byte(p.Data)))
	d = le.AppendUint32(d, uint32(len(p.Data)))
	d = le.AppendUint32(d, uint32(len(p.Data)))
	d = le.AppendUint16(d, uint16(len(p.Name)))
	return le.AppendUint16(d, 0)
}

// Finish appends the end records of a directory of count entries that ends with the data.
func (b *File) Finish(zip64 bool, count int) {
	size, at := len(b.Data)-b.Dir, len(b.Data)
	if zip64 {
		b.Data = append(b.Data, signEnd64...)
		b.Data = le.AppendUint64(b.Data, end64Size-12)
		b.Data = append(b.Data, make([]byte, 12)...)
		for _, v := range []int{count, count, size, b.Dir} {
			b.Data = le.AppendUint64(b.Data, uint64(v))
		}
		b.Data = append(b.Data, signLocator+"\x00\x00\x00\x00"...)
		b.Data = le.AppendUint64(b.Data, uint64(at))
		b.Data = le.AppendUint32(b.Data, 1)
	}
	b.End = len(b.Data)
	b.Data = append(b.Data, signEnd+"\x00\x00\x00\x00"...)
	b.Data = le.AppendUint16(b.Data, uint16(count))
	b.Data = le.AppendUint16(b.Data, uint16(count))
	b.Data = le.AppendUint32(b.Data, uint32(size))
	b.Data = le.AppendUint32(b.Data, uint32(b.Dir))
	b.Data = le.AppendUint16(b.Data, 0)
}

// Set16 damages the built file, as Set32 and Set64 do.
func (b *File) Set16(at int, v uint16) *File { le.PutUint16(b.Data[at:], v); return b }

// Set32 is Set16 for 32 bits.
func (b *File) Set32(at int, v uint32) *File { le.PutUint32(b.Data[at:], v); return b }

// Set64 is Set16 for 64 bits.
func (b *File) Set64(at int, v uint64) *File { le.PutUint64(b.Data[at:], v); return b }
