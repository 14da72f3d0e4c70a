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

// maxSide bounds the width and height of an animation, in pixels; larger pictures are made smaller.
const maxSide = 720

// WriteGIF writes pictures one after the other as an animation that begins again, each shown for a time and the last for
// another. Gray pictures keep their 256 grays, others get a palette of 252 colours. The same pictures give the same bytes.
func WriteGIF(w io.Writer, frames []image.Image, each, last time.Duration) error {
	if len(frames) == 0 {
		return errors.New("write an animation: there is no picture")
	}
	var all gif.GIF
	for i, frame := range frames {
		shown := each
		if i == len(frames)-1 {
			shown = last
		}
		m := paletted(frame)
		all.Image, all.Delay = append(all.Image, m), append(all.Delay, int(shown/(10*time.Millisecond)))
		all.Config.Width, all.Config.Height = max(all.Config.Width, m.Rect.Dx()), max(all.Config.Height, m.Rect.Dy())
	}
	return gif.EncodeAll(w, &all)
}

// paletted is a picture in the colours of a GIF, and not larger than maxSide.
func paletted(m image.Image) *image.Paletted {
	small := shrink(m)
	if _, isGray := m.(*image.Gray); isGray {
		out := image.NewPaletted(small.Rect, grays)
		for i := range out.Pix {
			out.Pix[i] = small.Pix[4*i]
		}
		return out
	}
	out := image.NewPaletted(small.Rect, colours)
	for i := range out.Pix {
		out.Pix[i] = dither(small.Pix[4*i:], i%out.Stride, i/out.Stride)
	}
	return out
}

// shrink makes one pixel of each square of as many as it takes: their mean.
func shrink(m image.Image) *image.RGBA {
	b := m.Bounds()
	all := image.NewRGBA(image.Rect(0, 0, b.Dx(), b.Dy()))
	draw.Draw(all, all.Rect, m, b.Min, draw.Src)
	side := (max(b.Dx(), b.Dy()) + maxSide - 1) / maxSide
	if side <= 1 {
		return all
	}
	small := image.NewRGBA(image.Rect(0, 0, max(1, b.Dx()/side), max(1, b.Dy()/side)))
	for i := range small.Pix {
		x, y, sum, n := i%small.Stride/4*side, i/small.Stride*side, 0, 0
		for dy := range min(side, b.Dy()-y) {
			for dx := range min(side, b.Dx()-x) {
				sum, n = sum+int(all.Pix[(y+dy)*all.Stride+(x+dx)*4+i%4]), n+1
			}
		}
		small.Pix[i] = byte((sum + n/2) / n)
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
