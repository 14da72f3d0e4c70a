package picture

import (
	"fmt"
	"image"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
)

// Glyph is a character of a font, white on black, as large as the digits in an image of that height and width: [channels, height,
// width] in [-1, 1]. It stands in a text for what a generator can't draw, such as a dash.
func Glyph(r rune, channels, height, width int) ([]float32, error) {
	parsed, err := opentype.Parse(goregular.TTF)
	if err != nil {
		return nil, err
	}
	const capHeight, digit = 0.72, 20. / 28 // of the font's size, and of MNIST's images
	size := float64(min(height, width)) * digit / capHeight
	face, err := opentype.NewFace(parsed, &opentype.FaceOptions{Size: size, DPI: 72})
	if err != nil {
		return nil, err
	}
	defer face.Close()
	advance, ok := face.GlyphAdvance(r)
	if !ok {
		return nil, fmt.Errorf("the font has no %q", r)
	}
	m := image.NewGray(image.Rect(0, 0, width, height))
	baseline := fixed.I(height) - (fixed.I(height)-fixed.Int26_6(64*digit*float64(min(height, width))))/2
	pen := font.Drawer{Dst: m, Src: image.White, Face: face, Dot: fixed.Point26_6{X: (fixed.I(width) - advance) / 2, Y: baseline}}
	pen.DrawString(string(r))
	pixels := make([]float32, 0, channels*len(m.Pix))
	for range channels {
		for _, v := range m.Pix {
			pixels = append(pixels, float32(v)/127.5-1)
		}
	}
	return pixels, nil
}
