package dataset

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"image"
	"image/color"
	"strings"
	"testing"
)

// tag is an entry of a TIFF file, of kind SHORT (3) or LONG (4).
type tag struct {
	tag, kind uint16
	values    []uint32
}

func short(id uint16, v uint32) tag { return tag{id, 3, []uint32{v}} }
func long(id uint16, v uint32) tag  { return tag{id, 4, []uint32{v}} }

// tiffOf is a grey image of 8x8 whose data stands after the header, and after it what entries point to. Of a tag that is
// given twice the second one counts.
func tiffOf(order binary.AppendByteOrder, data []byte, changed ...tag) []byte {
	b := order.AppendUint32(order.AppendUint16(map[bool][]byte{true: []byte("II"), false: []byte("MM")}[order == binary.LittleEndian], 42), uint32(8+len(data)))
	b = append(b, data...)
	all := map[uint16]tag{}
	for _, t := range append([]tag{short(tiffWidth, 8), short(tiffHeight, 8), short(258, 8), short(tiffCompression, 1), short(262, 1), long(tiffStrips, 8),
		short(277, 1), long(tiffStripRows, 1<<32-1), long(tiffStripBytes, uint32(len(data)))}, changed...) {
		all[t.tag] = t
	}
	b = order.AppendUint16(b, uint16(len(all)))
	beyond, after := uint32(len(b)+12*len(all)+4), []byte(nil)
	for id := range uint16(400) {
		t, there := all[id]
		if !there {
			continue
		}
		var values []byte
		for _, v := range t.values {
			if t.kind == 3 {
				values = order.AppendUint16(values, uint16(v))
			} else {
				values = order.AppendUint32(values, v)
			}
		}
		b = order.AppendUint32(order.AppendUint16(order.AppendUint16(b, t.tag), t.kind), uint32(len(t.values)))
		if len(values) > 4 {
			b, after = order.AppendUint32(b, beyond+uint32(len(after))), append(after, values...)
		} else {
			b = append(b, append(values, make([]byte, 4-len(values))...)...)
		}
	}
	return append(append(b, 0, 0, 0, 0), after...)
}

func deflated(data []byte) []byte {
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	w.Write(data)
	w.Close()
	return b.Bytes()
}

// webpOf is a WebP of chunks, each its name and bytes.
func webpOf(chunks ...[]byte) []byte {
	body := append([]byte("WEBP"), bytes.Join(chunks, nil)...)
	return append(binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(len(body))), body...)
}

func webpChunk(name string, data []byte) []byte {
	if len(data)%2 > 0 {
		data = append(data, 0)
	}
	return append(binary.LittleEndian.AppendUint32([]byte(name), uint32(len(data))), data...)
}

func webpCanvas(width, height int) []byte {
	return webpChunk("VP8X", []byte{0, 0, 0, 0, byte(width - 1), byte((width - 1) >> 8), 0, byte(height - 1), byte((height - 1) >> 8), 0})
}

// lossless is a picture of one colour: no transform, no cache, one group of five codes of one symbol, which take no bits.
func lossless(width, height int) []byte {
	header := binary.LittleEndian.AppendUint32([]byte{0x2f}, uint32(width-1)|uint32(height-1)<<14)
	return webpChunk("VP8L", append(header, 0b10001000, 0b10001000, 0b1000, 0))
}

// lossy begins a picture, whose first part has 64 bytes.
func lossy(width, height int) []byte {
	header := []byte{0x10, 64 >> 3 & 0xff, 0, 0x9d, 1, 0x2a, byte(width), byte(width >> 8), byte(height), byte(height >> 8)}
	return webpChunk("VP8 ", append(header, make([]byte, 64)...))
}

// withLength claims that the file and its first chunk go on.
func withLength(webp []byte, n uint32) []byte {
	binary.LittleEndian.PutUint32(webp[4:], n+12)
	binary.LittleEndian.PutUint32(webp[16:], n)
	return webp
}

// use decodes an image that lies in a file.
func use(t *testing.T, data []byte, do func(picture) error) error {
	t.Helper()
	dir := folderOf(t, map[string][]byte{"x": data})
	images := &reader{place: &place{FS: folder(dir), path: dir}}
	return images.use("x", do)
}

// A small image takes little memory to decode or to refuse, whatever its file says.
func TestImagesThatAreBombs(t *testing.T) {
	const large = 8 << 20
	packed := bytes.Repeat([]byte{0x81, 7}, large/128) // 128 bytes each
	zeros := deflated(make([]byte, large))
	tile := []tag{short(tiffCompression, 8), long(tiffTileWidth, 1<<12), long(tiffTileHeight, 1<<12), long(tiffTiles, 8), long(tiffTileBytes, uint32(len(zeros)))}
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"PackBits":             {tiffOf(binary.LittleEndian, packed, short(tiffCompression, tiffPackBits)), "131072 bytes for 64 pixels"},
		"PackBits, big-endian": {tiffOf(binary.BigEndian, packed, short(tiffCompression, tiffPackBits)), "131072 bytes for 64 pixels"},
		"less PackBits":        {tiffOf(binary.LittleEndian, packed[:1000], short(tiffCompression, tiffPackBits)), "64000 bytes for 64 pixels"},
		"a false strip":        {tiffOf(binary.LittleEndian, zeros, short(tiffCompression, 8)), ""},
		"a false short strip":  {tiffOf(binary.BigEndian, zeros, short(tiffCompression, 8), short(tiffStripRows, 65535)), ""},
		"a large tile":         {tiffOf(binary.LittleEndian, zeros, tile...), "tiles of 4096x4096 for 8x8 pixels"},
		"many values":          {tiffOf(binary.LittleEndian, nil, tag{266, 3, make([]uint32, 1<<19)}), "524288 values of TIFF tag 266"},
		"many strips":          {tiffOf(binary.LittleEndian, nil, tag{tiffStrips, 3, make([]uint32, 1<<19)}), "524288 values of TIFF tag 273"},
		"a false canvas":       {webpOf(webpCanvas(8, 8), lossless(2000, 2000)), "a picture of 2000x2000 in a WebP of 8x8"},
		"a false lossy canvas": {webpOf(webpCanvas(8, 8), lossy(4000, 3000)), "a picture of 4000x3000 in a WebP of 8x8"},
		"a false length":       {withLength(webpOf(lossy(8, 8)), 15<<20), "is cut short"},
		"many codes":           {webpOf(webpChunk("VP8L", append(lossless(8, 8)[8:], make([]byte, 1<<17)...))), "131082 bytes for 8x8 pixels"},
	} {
		inFew(t, name, uint64(4*len(c.data))+1<<20, func() {
			err := use(t, c.data, func(picture) error { return nil })
			if (err != nil) != (c.want != "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s: %v", name, err)
			}
		})
	}
}

// Stretching a thin image takes the room of its pixels, not of its height times the new width.
func TestThinImages(t *testing.T) {
	thin := image.NewGray(image.Rect(0, 0, 1, 8192))
	for i := range thin.Pix {
		thin.Pix[i] = byte(i >> 5)
	}
	f := &frame{1, 256, 256, "stretch", color.RGBA{A: 255}}
	inFew(t, "stretching", 8<<20, func() {
		m := f.draw(thin, false)
		for y := range 256 {
			if got := m.RGBAAt(100, y).R; got < byte(max(y, 2)-2) || got > byte(min(y, 253)+2) {
				t.Errorf("row %d is %d", y, got)
			}
		}
	})
}

// What writers of TIFF and WebP make is read.
func TestImagesThatAreNone(t *testing.T) {
	var pixels []byte
	for i := range byte(64) {
		pixels = append(pixels, 3*i)
	}
	packed := append([]byte{63}, pixels...)
	rows := []tag{{tiffStrips, 4, []uint32{8, 16, 24, 32, 40, 48, 56, 64}}, {tiffStripBytes, 3, []uint32{8, 8, 8, 8, 8, 8, 8, 8}}, short(tiffStripRows, 1)}
	tile := []tag{short(tiffTileWidth, 8), short(tiffTileHeight, 8), long(tiffTiles, 8), long(tiffTileBytes, 64)}
	for name, data := range map[string][]byte{
		"plain":     tiffOf(binary.LittleEndian, pixels),
		"PackBits":  tiffOf(binary.BigEndian, append(packed, make([]byte, 3)...), short(tiffCompression, tiffPackBits), long(tiffStripBytes, 65)),
		"deflate":   tiffOf(binary.LittleEndian, deflated(pixels), short(tiffCompression, 8)),
		"no rows":   tiffOf(binary.BigEndian, deflated(pixels), short(tiffCompression, 8), short(tiffStripRows, 65535)),
		"strips":    tiffOf(binary.BigEndian, pixels, rows...),
		"a tile":    tiffOf(binary.LittleEndian, pixels, tile...),
		"more data": append(tiffOf(binary.LittleEndian, pixels), make([]byte, 1<<20)...), // such as other pages
	} {
		err := use(t, data, func(p picture) error {
			if m, ok := p.Image.(*image.Gray); !ok || !bytes.Equal(m.Pix, pixels) {
				t.Errorf("%s: %v", name, p.Image)
			}
			return nil
		})
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := use(t, webpOf(webpCanvas(20, 10), lossless(20, 10)), func(p picture) error {
		if p.size() != image.Pt(20, 10) {
			t.Errorf("WebP: %v", p.size())
		}
		return nil
	}); err != nil {
		t.Error("WebP:", err)
	}
}
