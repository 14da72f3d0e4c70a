package dataset

import (
	"bytes"
	"encoding/base64"
	"errors"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"
)

// ownCache gives the test a cache of its own, and its folder of decoded images.
func ownCache(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", dir)
	return filepath.Join(dir, "cgan", "images")
}

// folderOf writes files into a new folder.
func folderOf(t testing.TB, files map[string][]byte) string {
	t.Helper()
	dir := t.TempDir()
	for name, data := range files {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		put(t, dir, name, data)
	}
	return dir
}

func open(t testing.TB, data string, o Options) *Set {
	t.Helper()
	set, err := Open(t.Context(), data, o, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { set.Close() })
	return set
}

// grey is a PNG of these values in rows of a width.
func grey(t testing.TB, width int, values ...byte) []byte {
	t.Helper()
	return pngOf(t, &image.Gray{Pix: values, Stride: width, Rect: image.Rect(0, 0, width, len(values)/width)})
}

func pngOf(t testing.TB, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// paint is a 3x2 image of red, green, blue, white, black, gray, set into m.
func paint[M interface{ Set(x, y int, c color.Color) }](m M) M {
	for i, c := range []color.NRGBA{{255, 0, 0, 255}, {0, 255, 0, 255}, {0, 0, 255, 255}, {255, 255, 255, 255}, {0, 0, 0, 255}, {128, 128, 128, 255}} {
		m.Set(i%3, i/3, c)
	}
	return m
}

func decode64(t testing.TB, text string) []byte {
	t.Helper()
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// paintedWebP is paint's image as lossless WebP, which Go cannot write: PIL's Image.save(format="WEBP", lossless=True).
const paintedWebP = "UklGRjgAAABXRUJQVlA4TCsAAAAvAkAAAC8gECBIV25DQFB03XICAYJ05eY/QGxybBUoSNuAxd1Tsoj+x9UBAA=="

// redCMYK is 8x8 red pixels as a CMYK JPEG of PIL.
const redCMYK = "/9j/7gAOQWRvYmUAZAAAAAAA/9sAQwADAgIDAgIDAwMDBAMDBAUIBQUEBAUKBwcGCAwKDAwLCgsLDQ4SEA0OEQ4LCxAWEBETFBUVFQwPFxgWFBgSFBUU/8AAFAgACAAIBEMRAE0RAFkRAEsRAP/EAB8AAAEFAQEBAQEBAAAAAAAAAAABAgMEBQYHCAkKC//EALUQAAIBAwMCBAMFBQQEAAABfQECAwAEEQUSITFBBhNRYQcicRQygZGhCCNCscEVUtHwJDNicoIJChYXGBkaJSYnKCkqNDU2Nzg5OkNERUZHSElKU1RVVldYWVpjZGVmZ2hpanN0dXZ3eHl6g4SFhoeIiYqSk5SVlpeYmZqio6Slpqeoqaqys7S1tre4ubrCw8TFxsfIycrS09TV1tfY2drh4uPk5ebn6Onq8fLz9PX29/j5+v/aAA4EQwBNAFkASwAAPwD9U6/Kqvyqr9U6/9k="

func TestFormats(t *testing.T) {
	ownCache(t)
	bounds := image.Rect(0, 0, 3, 2)
	palette := color.Palette{color.NRGBA{255, 0, 0, 255}, color.NRGBA{0, 255, 0, 255}, color.NRGBA{0, 0, 255, 255}, color.White, color.Black, color.Gray{128}}
	encode := func(write func(*bytes.Buffer) error) []byte {
		var b bytes.Buffer
		if err := write(&b); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	animation := &gif.GIF{Image: []*image.Paletted{paint(image.NewPaletted(bounds, palette)), image.NewPaletted(bounds, palette)}, Delay: []int{1, 1}}
	want := []byte{255, 0, 0, 255, 0, 128, 0, 255, 0, 255, 0, 128, 0, 0, 255, 255, 0, 128}
	for name, data := range map[string][]byte{
		"8 bit.png":     pngOf(t, paint(image.NewNRGBA(bounds))),
		"16 bit.png":    pngOf(t, paint(image.NewNRGBA64(bounds))),
		"palette.png":   pngOf(t, paint(image.NewPaletted(bounds, palette))),
		"animation.gif": encode(func(b *bytes.Buffer) error { return gif.EncodeAll(b, animation) }),
		"lossless.webp": decode64(t, paintedWebP),
		"plain.bmp":     encode(func(b *bytes.Buffer) error { return bmp.Encode(b, paint(image.NewNRGBA(bounds))) }),
		"deflate.tiff": encode(func(b *bytes.Buffer) error {
			return tiff.Encode(b, paint(image.NewNRGBA(bounds)), &tiff.Options{Compression: tiff.Deflate})
		}),
		"no ending": pngOf(t, paint(image.NewNRGBA(bounds))),
	} {
		set := open(t, folderOf(t, map[string][]byte{"a/" + name: data, "b/" + name: data}), Options{})
		if im := set.Images; im.N != 2 || im.Channels != 3 || im.Height != 2 || im.Width != 3 || !bytes.Equal(im.Pixels[:18], want) {
			t.Errorf("%s: %d images [%d, %d, %d], %v", name, im.N, im.Channels, im.Height, im.Width, im.Pixels)
		}
	}
}

func TestJPEG(t *testing.T) {
	ownCache(t)
	flat := func(m interface {
		image.Image
		Set(x, y int, c color.Color)
	}) []byte {
		for i := range 64 {
			m.Set(i%8, i/8, color.NRGBA{200, 100, 50, 255})
		}
		var b bytes.Buffer
		if err := jpeg.Encode(&b, m, nil); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	for name, c := range map[string]struct {
		data []byte
		want []byte
	}{
		"YCbCr": {flat(image.NewNRGBA(image.Rect(0, 0, 8, 8))), []byte{200, 100, 50}},
		"grey":  {flat(image.NewGray(image.Rect(0, 0, 8, 8))), []byte{124}}, // 0.299*200 + 0.587*100 + 0.114*50
		"CMYK":  {decode64(t, redCMYK), []byte{254, 0, 0}},
	} {
		set := open(t, folderOf(t, map[string][]byte{"a/x": c.data, "b/x": c.data}), Options{})
		if set.Images.Channels != len(c.want) {
			t.Fatalf("%s: %d channels", name, set.Images.Channels)
		}
		for i, want := range c.want {
			if got := int(set.Images.Pixels[64*i+27]); got < int(want)-3 || got > int(want)+3 {
				t.Errorf("%s, channel %d: %d, want %d", name, i, got, want)
			}
		}
	}
}

// The first frame of an animation may be smaller than its screen.
func TestFrameOnItsScreen(t *testing.T) {
	ownCache(t)
	frame := image.NewPaletted(image.Rect(1, 1, 3, 2), color.Palette{color.Gray{200}})
	var b bytes.Buffer
	if err := gif.EncodeAll(&b, &gif.GIF{Image: []*image.Paletted{frame}, Delay: []int{0}, Config: image.Config{Width: 4, Height: 2, ColorModel: frame.Palette}}); err != nil {
		t.Fatal(err)
	}
	set := open(t, folderOf(t, map[string][]byte{"a/x": b.Bytes(), "b/x": b.Bytes()}), Options{Background: "#0a0a0a"})
	if got := set.Images.Pixels[:8]; set.Images.Width != 4 || !bytes.Equal(got, []byte{10, 10, 10, 10, 10, 200, 200, 10}) {
		t.Errorf("%d wide: %v", set.Images.Width, got)
	}
}

// A panic on the way is the image's fault, and the next large image is not locked out by it.
func TestDecoderThatPanics(t *testing.T) {
	dir := folderOf(t, map[string][]byte{"x": grey(t, 2100, make([]byte, 2100*2000)...)})
	images := &reader{place: &place{FS: folder(dir), path: dir}}
	for range 2 {
		err := images.use("x", func(picture) error { panic("index out of range") })
		var why *badImage
		if !errors.As(err, &why) || why.reason != "is damaged (index out of range)" {
			t.Errorf("%v", err)
		}
	}
}

// Four quarters of a JPEG, turned as each EXIF orientation says.
func TestOrientation(t *testing.T) {
	ownCache(t)
	m := image.NewGray(image.Rect(0, 0, 32, 16))
	for y := range 16 {
		for x := range 32 {
			m.Pix[y*m.Stride+x] = byte(60 * (x/16 + 2*(y/8)))
		}
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, &jpeg.Options{Quality: 95}); err != nil {
		t.Fatal(err)
	}
	for orientation, want := range [][]int{1: {0, 1, 2, 3}, 2: {1, 0, 3, 2}, 3: {3, 2, 1, 0}, 4: {2, 3, 0, 1}, 5: {0, 2, 1, 3}, 6: {2, 0, 3, 1}, 7: {3, 1, 2, 0}, 8: {1, 3, 0, 2}, 9: {0, 1, 2, 3}} {
		if orientation == 0 {
			continue
		}
		exif := "Exif\x00\x00MM\x00\x2a\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00" + string(rune(orientation)) + "\x00\x00\x00\x00\x00\x00"
		turned := slices.Concat(b.Bytes()[:2], []byte{0xff, 0xe1, 0, byte(len(exif) + 2)}, []byte(exif), b.Bytes()[2:])
		set := open(t, folderOf(t, map[string][]byte{"a/x": turned, "b/x": turned}), Options{})
		im, width, height := set.Images, 32, 16
		if orientation >= 5 && orientation <= 8 {
			width, height = 16, 32
		}
		if im.Width != width || im.Height != height {
			t.Errorf("orientation %d: %dx%d", orientation, im.Width, im.Height)
			continue
		}
		for i, quarter := range want {
			at := (height/4+height/2*(i/2))*width + width/4 + width/2*(i%2)
			if got := int(im.Pixels[at]); got < 60*quarter-4 || got > 60*quarter+4 {
				t.Errorf("orientation %d, quarter %d: %d, want %d", orientation, i, got, 60*quarter)
			}
		}
	}
}

func TestFit(t *testing.T) {
	ownCache(t)
	wide := grey(t, 4, 10, 20, 30, 40, 50, 60, 70, 80)
	flat := grey(t, 4, 200, 200, 200, 200, 200, 200, 200, 200)
	for _, c := range []struct {
		data []byte
		o    Options
		want []byte
	}{
		{wide, Options{Size: 2}, []byte{20, 30, 60, 70}},
		{flat, Options{Size: 4, Fit: "pad"}, []byte{0, 0, 0, 0, 200, 200, 200, 200, 200, 200, 200, 200, 0, 0, 0, 0}},
		{flat, Options{Size: 4, Fit: "pad", Background: "#ffffff"}, []byte{255, 255, 255, 255, 200, 200, 200, 200, 200, 200, 200, 200, 255, 255, 255, 255}},
		{flat, Options{Size: 3, Fit: "stretch"}, bytes.Repeat([]byte{200}, 9)},
		{flat, Options{Size: 5}, bytes.Repeat([]byte{200}, 25)},
		{grey(t, 1, 7), Options{Size: 2}, []byte{7, 7, 7, 7}},
		{flat, Options{Size: 1, Channels: 3}, []byte{200, 200, 200}},
	} {
		set := open(t, folderOf(t, map[string][]byte{"a/x": c.data, "b/x": c.data}), c.o)
		if got := set.Images.Pixels[:set.Images.Size()]; !bytes.Equal(got, c.want) {
			t.Errorf("%+v: %v, want %v", c.o, got, c.want)
		}
	}
}

// Images that no size is chosen for are handed out as they are up to the largest size.
func TestLargeImagesNeedASize(t *testing.T) {
	ownCache(t)
	wide := grey(t, MaxSize+1, make([]byte, 2*(MaxSize+1))...)
	dir := folderOf(t, map[string][]byte{"a/x": wide, "b/x": wide})
	_, err := Open(t.Context(), dir, Options{}, nil)
	var data *DataError
	if !errors.As(err, &data) || data.Field != "size" || !strings.Contains(err.Error(), "x: is 1025x2: choose a size") {
		t.Error(err)
	}
	if set := open(t, dir, Options{Size: 2}); set.Images.N != 2 {
		t.Errorf("%+v", set)
	}
	largest := grey(t, MaxSize, make([]byte, 2*MaxSize)...)
	if set := open(t, folderOf(t, map[string][]byte{"a/x": largest, "b/x": largest}), Options{}); set.Images.Width != MaxSize {
		t.Errorf("%+v", set)
	}
}

func TestAlphaIsPutOnTheBackground(t *testing.T) {
	ownCache(t)
	m := image.NewNRGBA(image.Rect(0, 0, 3, 1))
	for x, alpha := range []byte{255, 0, 51} {
		m.SetNRGBA(x, 0, color.NRGBA{100, 100, 100, alpha})
	}
	dir := folderOf(t, map[string][]byte{"a/x": pngOf(t, m), "b/x": pngOf(t, m)})
	for background, want := range map[string][]byte{"": {100, 0, 20}, "white": {100, 255, 224}, "#0a0a0a": {100, 10, 28}} {
		if got := open(t, dir, Options{Background: background}).Images.Pixels[:3]; !bytes.Equal(got, want) {
			t.Errorf("on %q: %v, want %v", background, got, want)
		}
	}
	if set := open(t, dir, Options{Background: "#ff0000"}); set.Images.Channels != 3 {
		t.Error("a coloured background gave grey images")
	}
}

// The images decide on the channels, also where only the last one has colours, and options override them.
func TestChannels(t *testing.T) {
	ownCache(t)
	files := map[string][]byte{"a/1": grey(t, 2, 1, 2, 3, 4), "b/1": pngOf(t, image.NewNRGBA(image.Rect(0, 0, 2, 2)))}
	if c := open(t, folderOf(t, files), Options{}).Images.Channels; c != 1 {
		t.Errorf("RGB files of grey pixels have %d channels", c)
	}
	coloured := image.NewNRGBA(image.Rect(0, 0, 2, 2))
	coloured.SetNRGBA(0, 0, color.NRGBA{255, 0, 0, 255})
	files["b/2"] = pngOf(t, coloured)
	dir := folderOf(t, files)
	set := open(t, dir, Options{})
	if set.Images.Channels != 3 || !bytes.Equal(set.Images.Pixels[:12], []byte{1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3, 4}) || set.Found.Colour != 1 {
		t.Errorf("%+v", set)
	}
	if set := open(t, dir, Options{Channels: 1}); set.Images.Channels != 1 || set.Images.Pixels[8] != 76 { // 0.299 * 255
		t.Errorf("as grey: %+v", set)
	}
}

func TestOptionsAreChecked(t *testing.T) {
	for want, o := range map[string]Options{
		"size is -1": {Size: -1}, "size is 1025": {Size: 1025}, "channels is 2": {Channels: 2}, `fit is "zoom"`: {Fit: "zoom"},
		`split is "val"`: {Split: "val"}, `background is "red"`: {Background: "red"}, `background is "ff0000"`: {Background: "ff0000"},
		`background is "#ff00"`: {Background: "#ff00"},
	} {
		if _, err := Open(t.Context(), t.TempDir(), o, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v gave %v", o, err)
		}
	}
}
