package dataset

import (
	"bytes"
	"encoding/binary"
)

// golang.org/x/image/tiff takes it for granted how many values an entry has, how large a strip or tile is, and what its
// PackBits unpack to; from v0.43 on it does not, but that needs Go 1.25. So this is seen before it decodes.

// The tags of which it depends.
const (
	tiffWidth       = 256
	tiffHeight      = 257
	tiffCompression = 259
	tiffStrips      = 273
	tiffStripRows   = 278
	tiffStripBytes  = 279
	tiffTileWidth   = 322
	tiffTileHeight  = 323
	tiffTiles       = 324
	tiffTileBytes   = 325
)

// tiffSmall are the other tags that the decoder reads.
var tiffSmall = []uint16{tiffWidth, tiffHeight, 258, tiffCompression, 262, 266, tiffStripRows, 292, 293, 317, 320, tiffTileWidth, tiffTileHeight, 338, 339}

const (
	tiffValues   = 1024    // of such a tag, at most: a palette has 768
	tiffDeepest  = 8       // bytes of a pixel, at most: four samples of 16 bits
	tiffTileSide = 1024    // of a tile that is larger than its image, at most
	tiffTileArea = 1 << 20 // likewise
	tiffPackBits = 32773   // a compression
)

// tiffFile is the first image of a TIFF file.
type tiffFile struct {
	data    []byte
	order   binary.ByteOrder
	entries map[uint16][]byte // of 12 bytes each: tag, type, number of values, and these or where they are
}

// boundTIFF refuses a TIFF file that would take more memory to decode than its pixels and bytes do. What is no such file,
// or is damaged in other ways, is left to the decoder. It may change data, to an image that is the same.
func boundTIFF(data []byte) error {
	f, err := readTIFF(data)
	if f == nil || err != nil {
		return err
	}
	if err := f.boundValues(tiffSmall, tiffValues); err != nil {
		return err
	}
	width, height := f.value(tiffWidth), f.value(tiffHeight)
	if width > maxSide || height > maxSide || width*height > maxPixels {
		width, height = 0, 0 // which is refused by its size
	}
	blocks := maxSide + width*height/64 // a strip for each row, or the smallest tiles
	if err := f.boundValues([]uint16{tiffStrips, tiffStripBytes, tiffTiles, tiffTileBytes}, blocks); err != nil {
		return err
	}
	if tileWidth, tileHeight := f.value(tiffTileWidth), f.value(tiffTileHeight); tileWidth > 0 {
		if tileWidth > max(tiffTileSide, width+16) || tileHeight > max(tiffTileSide, height+16) || tileWidth*tileHeight > max(tiffTileArea, 4*width*height) {
			return bad("is damaged (tiles of %dx%d for %dx%d pixels)", tileWidth, tileHeight, width, height)
		}
		return f.boundBlocks(tiffTiles, tiffTileBytes, tileWidth*tileHeight)
	}
	rows := f.value(tiffStripRows)
	if rows > height { // 2^32-1 is usual, and the decoder makes room for them
		rows = height
		f.set(tiffStripRows, rows)
	}
	if rows == 0 {
		rows = height
	}
	return f.boundBlocks(tiffStrips, tiffStripBytes, width*rows)
}

// readTIFF finds the entries; of what is no TIFF or is cut short there is none.
func readTIFF(data []byte) (*tiffFile, error) {
	f := &tiffFile{data: data, entries: map[uint16][]byte{}}
	switch {
	case len(data) < 8:
		return nil, nil
	case bytes.HasPrefix(data, []byte("II*\x00")):
		f.order = binary.LittleEndian
	case bytes.HasPrefix(data, []byte("MM\x00*")):
		f.order = binary.BigEndian
	default:
		return nil, nil
	}
	at := int64(f.order.Uint32(data[4:]))
	if at > int64(len(data))-2 {
		return nil, nil
	}
	n, all := int(f.order.Uint16(data[at:])), data[at+2:]
	if 12*n > len(all) {
		return nil, nil
	}
	before := -1
	for i := range n {
		entry := all[12*i:][:12]
		tag := f.order.Uint16(entry)
		if int(tag) <= before {
			return nil, bad("is damaged (its TIFF tags are in no order)")
		}
		before, f.entries[tag] = int(tag), entry
	}
	return f, nil
}

// boundValues refuses a tag of more values than its kind needs.
func (f *tiffFile) boundValues(tags []uint16, most int) error {
	for _, tag := range tags {
		if entry := f.entries[tag]; entry != nil && int64(f.order.Uint32(entry[4:])) > int64(most) {
			return bad("is damaged (%d values of TIFF tag %d)", f.order.Uint32(entry[4:]), tag)
		}
	}
	return nil
}

// values are those of a tag, none where they lie outside the file or are no whole numbers.
func (f *tiffFile) values(tag uint16) []int {
	entry := f.entries[tag]
	if entry == nil {
		return nil
	}
	size := map[uint16]int{1: 1, 3: 2, 4: 4}[f.order.Uint16(entry[2:])]
	n := int(f.order.Uint32(entry[4:]))
	raw := entry[8:]
	if size*n > len(raw) {
		at := int64(f.order.Uint32(raw))
		if at > int64(len(f.data)-size*n) {
			return nil
		}
		raw = f.data[at:]
	}
	var all []int
	for i := range n {
		switch size {
		case 1:
			all = append(all, int(raw[i]))
		case 2:
			all = append(all, int(f.order.Uint16(raw[2*i:])))
		case 4:
			all = append(all, int(f.order.Uint32(raw[4*i:])))
		}
	}
	return all
}

// value is the first one of a tag, or 0.
func (f *tiffFile) value(tag uint16) int {
	if all := f.values(tag); len(all) > 0 {
		return all[0]
	}
	return 0
}

// set gives a tag one value that is smaller than the one it has.
func (f *tiffFile) set(tag uint16, v int) {
	entry := f.entries[tag]
	f.order.PutUint16(entry[2:], 4)
	f.order.PutUint32(entry[4:], 1)
	f.order.PutUint32(entry[8:], uint32(v))
}

// boundBlocks refuses strips or tiles that hold more than their pixels.
func (f *tiffFile) boundBlocks(starts, sizes uint16, pixels int) error {
	compression, most := f.value(tiffCompression), tiffDeepest*pixels
	at := f.values(starts)
	for i, n := range f.values(sizes) {
		unpacked := 0
		switch {
		case i >= len(at) || at[i] > len(f.data):
			return nil // the decoder says so
		case compression == tiffPackBits && n <= 2*most+64:
			unpacked = unpackedBits(f.data[at[i]:][:min(n, len(f.data)-at[i])])
		case compression <= 1, compression == tiffPackBits:
			unpacked = n
		}
		if unpacked > most {
			return bad("is damaged (%d bytes for %d pixels of a TIFF)", unpacked, pixels)
		}
	}
	return nil
}

// unpackedBits is how many bytes PackBits unpack to.
func unpackedBits(packed []byte) (n int) {
	for i := 0; i < len(packed); {
		switch code := int(int8(packed[i])); {
		case code >= 0:
			n, i = n+code+1, i+code+2
		case code == -128:
			i++
		default:
			n, i = n+1-code, i+2
		}
	}
	return n
}
