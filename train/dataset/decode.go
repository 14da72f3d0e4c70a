package dataset

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	_ "image/gif"  // the formats that image.Decode knows
	_ "image/jpeg" // likewise
	_ "image/png"  // likewise
	"io"
	"io/fs"
	"strings"
	"sync"

	"github.com/bep/imagemeta"
	_ "golang.org/x/image/bmp" // likewise
	"golang.org/x/image/draw"
	_ "golang.org/x/image/tiff" // likewise
	_ "golang.org/x/image/webp" // likewise
)

// What an image may cost: its size is seen before it is decoded.
const (
	maxPixels    = 64_000_000
	maxSide      = 32_768
	maxFile      = 256 << 20
	manyPixels   = 4_000_000 // more are decoded one image at a time
	largeFile    = 16 << 20  // likewise
	imageFormats = "PNG, JPEG, GIF, WebP, BMP or TIFF"
)

// picture is a decoded image file.
type picture struct {
	image.Image
	orientation int // as EXIF has it: 1 is upright, 5 to 8 are turned by a quarter
}

// size is that of the upright image.
func (p picture) size() image.Point {
	size := p.Bounds().Size()
	if p.orientation >= 5 {
		size.X, size.Y = size.Y, size.X
	}
	return size
}

// fitted is the upright image in a frame.
func (p picture) fitted(f *frame) *image.RGBA {
	return upright(f.draw(p.Image, p.orientation >= 5), p.orientation)
}

// badImage is a reason why a file is no image to train on; passing ones may be gone the next time.
type badImage struct {
	reason  string
	passing bool
}

func (e *badImage) Error() string { return e.reason }

func bad(format string, args ...any) error { return &badImage{reason: fmt.Sprintf(format, args...)} }

// reader reads image files, the large ones one at a time.
type reader struct {
	place *place
	large sync.Mutex
}

// use decodes the file and hands it to do. The error is a *badImage, or do's.
func (r *reader) use(name string, do func(picture) error) (err error) {
	defer func() {
		if what := recover(); what != nil { // a decoder met what it did not expect
			err = bad("is damaged (%v)", what)
		}
	}()
	alone := false // of the images at hand, this one alone is large
	defer func() {
		if alone {
			r.large.Unlock()
		}
	}()
	data, err := r.read(name, &alone)
	if err != nil {
		return err
	}
	config, format, large, err := seen(data)
	if err != nil {
		return err
	}
	if large {
		r.waitFor(&alone)
	}
	m, _, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		return damaged(data, err)
	}
	p := picture{m, 1}
	switch format {
	case "gif":
		p.Image = onScreen(m, image.Rect(0, 0, config.Width, config.Height))
	case "jpeg":
		p.orientation = orientation(data)
	}
	return do(p)
}

// seen is the size and format of an image, and whether decoding it takes much memory. What would take more than its pixels and
// bytes are worth is an error.
func seen(data []byte) (config image.Config, format string, large bool, err error) {
	if err := boundTIFF(data); err != nil {
		return config, "", false, err
	}
	if config, format, err = image.DecodeConfig(bytes.NewReader(data)); err != nil {
		return config, "", false, damaged(data, err)
	}
	if config.Width < 1 || config.Height < 1 || config.Width > maxSide || config.Height > maxSide || config.Width*config.Height > maxPixels {
		return config, "", false, bad("is %dx%d: at most %d megapixels are decoded, and sides of %d", config.Width, config.Height, maxPixels/1_000_000, maxSide)
	}
	if format == "webp" {
		large, err = boundWebP(data, config)
	}
	return config, format, large || config.Width*config.Height > manyPixels, err
}

// waitFor has a large image wait until no other one is at hand.
func (r *reader) waitFor(alone *bool) {
	if !*alone {
		r.large.Lock()
		*alone = true
	}
}

// read gives the file's bytes.
func (r *reader) read(name string, alone *bool) ([]byte, error) {
	f, info, err := r.place.openRegular(name)
	if err != nil {
		return nil, unreadable(err)
	}
	defer f.Close()
	switch {
	case info.Size() > maxFile:
		return nil, bad("has %d bytes: at most %d are read", info.Size(), maxFile)
	case info.Size() > largeFile:
		r.waitFor(alone)
	}
	data, err := io.ReadAll(io.LimitReader(f, maxFile))
	if err != nil {
		return nil, unreadable(err)
	}
	return data, nil
}

// unreadable is an error of the file system, or of an archive.
func unreadable(err error) error {
	var path *fs.PathError
	return &badImage{"cannot be read (" + cause(err) + ")", errors.As(err, &path) && !errors.Is(err, fs.ErrNotExist)}
}

// damaged says what is wrong with what is no image.
func damaged(data []byte, err error) error {
	switch {
	case len(data) == 0:
		return bad("is empty")
	case errors.Is(err, image.ErrFormat):
		if what := foreign(data[:min(len(data), 512)]); what != "" {
			return bad("is %s", what)
		}
		return bad("is no %s", imageFormats)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), strings.HasSuffix(err.Error(), io.ErrUnexpectedEOF.Error()):
		return bad("is cut short")
	}
	return bad("is damaged (%v)", err)
}

// onScreen puts the first frame of an animation where it belongs on its screen.
func onScreen(m image.Image, screen image.Rectangle) image.Image {
	if m.Bounds() == screen {
		return m
	}
	whole := image.NewNRGBA(screen)
	draw.Draw(whole, m.Bounds(), m, m.Bounds().Min, draw.Src)
	return whole
}

// orientation is that of a JPEG, 1 where it says nothing that can be read.
func orientation(jpeg []byte) int {
	found := 1
	err := imagemeta.Decode(imagemeta.Options{
		R: bytes.NewReader(jpeg), ImageFormat: imagemeta.JPEG, Sources: imagemeta.EXIF,
		ShouldHandleTag: func(tag imagemeta.TagInfo) bool { return tag.Tag == "Orientation" && tag.Namespace == "IFD0" },
		HandleTag: func(tag imagemeta.TagInfo) error {
			if v, ok := tag.Value.(uint16); ok && v >= 1 && v <= 8 {
				found = int(v)
			}
			return nil
		},
	})
	if err != nil {
		return 1
	}
	return found
}
