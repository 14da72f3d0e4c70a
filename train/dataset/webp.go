package dataset

import (
	"bytes"
	"image"

	"golang.org/x/image/riff"
	"golang.org/x/image/vp8"
	"golang.org/x/image/vp8l"
)

// webpTables is the size from which on a lossless picture is large: the tables of its codes take up to 900 times as much.
const webpTables = 64 << 10

// boundWebP refuses a WebP whose picture is not of the size that was seen, its canvas, or lacks the bytes that it claims:
// the decoder makes room for both. large says that it takes much memory. What is damaged in other ways is left to the decoder.
func boundWebP(data []byte, canvas image.Config) (large bool, err error) {
	rest := bytes.NewReader(data)
	_, chunks, err := riff.NewReader(rest)
	if err != nil {
		return false, nil
	}
	for {
		id, size, _, err := chunks.Next()
		if err != nil {
			return large, nil
		}
		if int64(size) > int64(rest.Len()) {
			return large, bad("is cut short")
		}
		chunk, kind := data[len(data)-rest.Len():], string(id[:])
		if kind == "ALPH" || kind == "VP8L" {
			large = large || size > webpTables
			if int64(size) > webpTables+8*int64(canvas.Width)*int64(canvas.Height) {
				return large, bad("is damaged (%d bytes for %dx%d pixels of a WebP)", size, canvas.Width, canvas.Height)
			}
		}
		if kind == "VP8 " || kind == "VP8L" {
			return large, sameSize(chunk, kind, canvas)
		}
	}
}

// sameSize refuses a picture that is not of the size of its canvas.
func sameSize(picture []byte, kind string, canvas image.Config) error {
	found, err := image.Config{}, error(nil)
	if kind == "VP8L" {
		found, err = vp8l.DecodeConfig(bytes.NewReader(picture))
	} else {
		d := vp8.NewDecoder()
		d.Init(bytes.NewReader(picture), len(picture))
		var header vp8.FrameHeader
		header, err = d.DecodeFrameHeader()
		found.Width, found.Height = header.Width, header.Height
	}
	if err == nil && (found.Width != canvas.Width || found.Height != canvas.Height) {
		return bad("is damaged (a picture of %dx%d in a WebP of %dx%d)", found.Width, found.Height, canvas.Width, canvas.Height)
	}
	return nil
}
