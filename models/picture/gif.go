package picture

import (
	"errors"
	"image"
	"image/color"
	"image/draw"
	"image/gif"
	"io"
	"time"
)

// MaxGIFSide is the most pixels that a GIF can have in width or height.
const MaxGIFSide = 1<<16 - 1

// maxSide bounds the width and height of a small animation, in pixels; larger pictures are made smaller.
const maxSide = 720

// WriteGIF writes frames one after the other as an animation that begins again, each shown for a time and the last for
// another. The same frames give the same bytes.
func WriteGIF(w io.Writer, frames []*image.Paletted, each, last time.Duration) error {
	if len(frames) == 0 {
		return errors.New("write an animation: there is no picture")
	}
	all := gif.GIF{Image: frames}
	for i, m := range frames {
		shown := each
		if i == len(frames)-1 {
			shown = last
		}
		all.Delay = append(all.Delay, int(shown/(10*time.Millisecond)))
		all.Config.Width, all.Config.Height = max(all.Config.Width, m.Rect.Dx()), max(all.Config.Height, m.Rect.Dy())
	}
	return gif.EncodeAll(w, &all)
}

// Frame is a picture in the colours of a GIF. A gray picture keeps its 256 grays, others get a palette of 252 colours.
func Frame(m image.Image) *image.Paletted {
	b := m.Bounds()
	if gray, ok := m.(*image.Gray); ok {
		out := image.NewPaletted(image.Rect(0, 0, b.Dx(), b.Dy()), grays)
		for y := range b.Dy() {
			copy(out.Pix[y*out.Stride:][:b.Dx()], gray.Pix[y*gray.Stride:])
		}
		return out
	}
	out := image.NewPaletted(image.Rect(0, 0, b.Dx(), b.Dy()), colours)
	row := image.NewRGBA(image.Rect(0, 0, b.Dx(), 1))
	for y := range b.Dy() {
		draw.Draw(row, row.Rect, m, b.Min.Add(image.Pt(0, y)), draw.Src)
		for x := range b.Dx() {
			out.Pix[y*out.Stride+x] = dither(row.Pix[4*x:], x, y)
		}
	}
	return out
}

// SmallFrame is Frame of the picture made smaller where it is larger than a page shows.
func SmallFrame(m image.Image) *image.Paletted {
	small := shrink(m)
	if _, isGray := m.(*image.Gray); !isGray {
		return Frame(small)
	}
	gray := image.NewGray(small.Rect)
	for i := range gray.Pix {
		gray.Pix[i] = small.Pix[4*i]
	}
	return Frame(gray)
}

// shrink makes one pixel of each square of as many as it takes: their mean.
func shrink(m image.Image) *image.RGBA {
	b := m.Bounds()
	side := (max(b.Dx(), b.Dy()) + maxSide - 1) / maxSide
	width, height := min(side, b.Dx()), min(side, b.Dy()) // of a square, or of a picture that is thinner
	small := image.NewRGBA(image.Rect(0, 0, b.Dx()/width, b.Dy()/height))
	band := image.NewRGBA(image.Rect(0, 0, b.Dx(), height)) // a row of squares
	for y := range small.Rect.Dy() {
		draw.Draw(band, band.Rect, m, b.Min.Add(image.Pt(0, y*height)), draw.Src)
		for x := range small.Rect.Dx() {
			var sum [4]int
			for row := range height {
				for i, v := range band.Pix[row*band.Stride+4*x*width:][:4*width] {
					sum[i%4] += int(v)
				}
			}
			n := width * height
			for c, v := range sum {
				small.Pix[y*small.Stride+4*x+c] = byte((v + n/2) / n)
			}
		}
	}
	return small
}

// levels are those of red, green and blue in the palette of colours.
var levels = [3]int{6, 7, 6}

var grays, colours = func() (grays, colours color.Palette) {
	for v := range 256 {
		grays = append(grays, color.Gray{Y: byte(v)})
	}
	for i := range levels[0] * levels[1] * levels[2] {
		r, g, b := i/(levels[1]*levels[2]), i/levels[2]%levels[1], i%levels[2]
		colours = append(colours, color.RGBA{R: byte(r * 255 / 5), G: byte(g * 255 / 6), B: byte(b * 255 / 5), A: 255})
	}
	return grays, colours
}()

// bayer are thresholds that neighbours cross one after the other, so that an area has on average the colour between two levels.
var bayer = [4][4]int{{0, 8, 2, 10}, {12, 4, 14, 6}, {3, 11, 1, 9}, {15, 7, 13, 5}}

// dither is the place in the palette of a pixel's red, green and blue.
func dither(rgb []byte, x, y int) (at byte) {
	threshold := 2*bayer[y%4][x%4] + 1 // of 32
	for c, n := range levels {
		at = at*byte(n) + byte((int(rgb[c])*(n-1)*32+255*threshold)/(255*32))
	}
	return at
}
