package picture

import (
	"fmt"
	"image"
	"math"
)

// Canvas is a grid whose images come one by one, so that they need not be in memory together. Places without an image are black.
type Canvas struct {
	layout Grid // without pixels
	gap    int
	image  image.Image
	pix    []byte
	stride int
	depth  int // bytes of a pixel
}

// MaxPixels is the most that a canvas may have.
const MaxPixels = 1 << 28

// NewCanvas makes a black picture with places for images laid out as Write does; with tight they touch. g has no pixels.
func NewCanvas(g Grid, tight bool) (*Canvas, error) {
	for _, size := range []int{g.Rows, g.Columns, g.Height, g.Width} {
		if size < 1 || size > MaxPixels {
			return nil, fmt.Errorf("a grid of %dx%d images of %dx%d pixels can't be drawn", g.Rows, g.Columns, g.Height, g.Width)
		}
	}
	if g.Channels != 1 && g.Channels != 3 {
		return nil, fmt.Errorf("%d channels, a picture has 1 or 3", g.Channels)
	}
	gap := g.gap(tight)
	width, height := g.size(gap)
	if width > MaxPixels || height > MaxPixels/width {
		return nil, fmt.Errorf("a picture of %d x %d images would have %d x %d pixels: at most %d are drawn", g.Rows, g.Columns, height, width, MaxPixels)
	}
	c := &Canvas{layout: g, gap: gap, depth: 1}
	bounds := image.Rect(0, 0, width, height)
	if g.Channels == 1 {
		m := image.NewGray(bounds)
		c.image, c.pix, c.stride = m, m.Pix, m.Stride
		return c, nil
	}
	m := image.NewNRGBA(bounds)
	for i := 3; i < len(m.Pix); i += 4 {
		m.Pix[i] = 255 // opaque, so that the file holds plain RGB
	}
	c.image, c.pix, c.stride, c.depth = m, m.Pix, m.Stride, 4
	return c, nil
}

// gap is the black space around each image.
func (g Grid) gap(tight bool) int {
	if tight || g.Rows*g.Columns == 1 {
		return 0
	}
	return gridGap
}

func (g Grid) size(gap int) (width, height int) {
	return g.Columns*(g.Width+gap) + gap, g.Rows*(g.Height+gap) + gap
}

// Size is the width and height of the picture that Write makes.
func (g Grid) Size() (width, height int) { return g.size(g.gap(false)) }

// newCanvas is NewCanvas for the pixels of a grid.
func newCanvas(g Grid) (*Canvas, error) {
	if err := checkGrid(g.Pixels, g.Rows, g.Columns, g.Height, g.Width, g.Channels); err != nil {
		return nil, err
	}
	return NewCanvas(g, false)
}

// Put puts an image, [Channels, Height, Width] in [-1, 1], into a place, counted row by row. NaN in it is an error.
func (c *Canvas) Put(place int, pixels []float32) error {
	g := c.layout
	if len(pixels) != g.Channels*g.Height*g.Width || place < 0 || place >= g.Rows*g.Columns {
		return fmt.Errorf("place %d of a grid of %dx%d images, each [%d, %d, %d], can't take %d values", place, g.Rows, g.Columns, g.Channels, g.Height, g.Width, len(pixels))
	}
	row, column := place/g.Columns, place%g.Columns
	if HasNaN(pixels) {
		return fmt.Errorf("image %d (row %d, column %d) holds NaN: the generator that drew it has diverged", place, row, column)
	}
	top, left := row*(g.Height+c.gap)+c.gap, column*(g.Width+c.gap)+c.gap
	for channel := range g.Channels {
		for y := range g.Height {
			from := pixels[(channel*g.Height+y)*g.Width:][:g.Width]
			to := c.pix[(top+y)*c.stride+left*c.depth+channel:]
			for x, v := range from {
				to[x*c.depth] = Level(v)
			}
		}
	}
	return nil
}

// Image is the picture: *image.Gray or *image.NRGBA.
func (c *Canvas) Image() image.Image { return c.image }

// HasNaN says whether a pixel is no number, as of a generator that has diverged.
func HasNaN(pixels []float32) bool {
	for _, v := range pixels {
		if math.IsNaN(float64(v)) {
			return true
		}
	}
	return false
}
