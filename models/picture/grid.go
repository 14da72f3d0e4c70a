// Package picture turns images into pictures: grids as PNG, animations as GIF and APNG. It knows no torch.
package picture

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io"
	"sync"

	"cgan/weights/atomicfile"

	"golang.org/x/image/draw"
)

// gridGap is the black space around each image, make_grid's default padding.
const gridGap = 2

// Grid is images to be laid out in rows and columns.
type Grid struct {
	Pixels                  []float32 // [Rows*Columns, Channels, Height, Width] in [-1, 1]
	Rows, Columns           int
	Channels, Height, Width int
}

// Save writes a grid to the PNG file path, whole or not at all. Without force a file that is there is an error.
func Save(path string, force bool, g Grid) error {
	return atomicfile.Write(path, force, func(w io.Writer) error { return Write(w, g) })
}

// Write writes the grid's images to w as one PNG, as torchvision's make_grid and save_image lay it out:
// 2 black pixels between the images and around them, and none around a single image. Pixels
// beyond [-1, 1] are clamped; channels are 1 (gray) or 3 (RGB).
// Sizes that do not fit and NaN are errors, and then w gets nothing. The same input gives the same bytes.
func Write(w io.Writer, g Grid) error {
	m, err := Render(g)
	if err != nil {
		return err
	}
	return Encode(w, m)
}

// Render is the picture that Write writes: *image.Gray or *image.NRGBA.
func Render(g Grid) (image.Image, error) {
	c, err := newCanvas(g)
	if err != nil {
		return nil, fmt.Errorf("write a grid of %dx%d images, each [%d, %d, %d]: %w", g.Rows, g.Columns, g.Channels, g.Height, g.Width, err)
	}
	size := g.Channels * g.Height * g.Width
	for i := range g.Rows * g.Columns {
		if err := c.Put(i, g.Pixels[i*size:][:size]); err != nil {
			return nil, fmt.Errorf("write a grid: %w", err)
		}
	}
	return c.Image(), nil
}

// Enlarge makes a square of n x n pixels of each pixel of what Render gives.
func Enlarge(m image.Image, n int) image.Image {
	b := m.Bounds()
	size := image.Rect(0, 0, n*b.Dx(), n*b.Dy())
	var big draw.Image = image.NewNRGBA(size)
	if _, isGray := m.(*image.Gray); isGray {
		big = image.NewGray(size)
	}
	draw.NearestNeighbor.Scale(big, size, m, b, draw.Src, nil)
	return big
}

// Encode writes a picture as PNG, in one piece: a failed encoding leaves nothing half-written.
func Encode(w io.Writer, m image.Image) error {
	var b bytes.Buffer
	if err := encoder.Encode(&b, m); err != nil {
		return fmt.Errorf("encode the grid as PNG: %w", err)
	}
	if _, err := w.Write(b.Bytes()); err != nil {
		return fmt.Errorf("write the grid: %w", err)
	}
	return nil
}

// encoder keeps its buffers, which are far larger than a small picture.
var encoder = png.Encoder{BufferPool: &buffers{}}

type buffers struct{ sync.Pool }

func (b *buffers) Get() *png.EncoderBuffer {
	kept, _ := b.Pool.Get().(*png.EncoderBuffer)
	return kept
}

func (b *buffers) Put(kept *png.EncoderBuffer) { b.Pool.Put(kept) }

// Level is a pixel in [-1, 1] as a byte, clamped, as save_image makes it in float32; the conversions keep a compiler from fusing the steps.
func Level(v float32) byte {
	unit := float32(v*0.5) + 0.5
	level := float32(unit*255) + 0.5
	return byte(min(max(level, 0), 255))
}

func checkGrid(pixels []float32, rows, cols, height, width, channels int) error {
	if channels != 1 && channels != 3 {
		return fmt.Errorf("%d channels, a picture has 1 or 3", channels)
	}
	left := len(pixels)
	for _, size := range []int{rows, cols, channels, height, width} {
		if size < 1 {
			return errors.New("every size must be at least 1")
		}
		if left%size != 0 { // dividing, because the product may overflow
			return fmt.Errorf("there are %d pixels: pass as many as the sizes multiply to", len(pixels))
		}
		left /= size
	}
	if left != 1 {
		return fmt.Errorf("there are %d pixels: pass as many as the sizes multiply to", len(pixels))
	}
	return nil
}
