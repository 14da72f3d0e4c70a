package models

import (
	"fmt"
	"runtime"

	"cgan/bindings/torch"
	"cgan/models/picture"
)

// Images is what a generator drew: float32 in [-1, 1], laid out [N, Channels, Height, Width].
type Images struct {
	Pixels                     []float32
	N, Channels, Height, Width int
}

// Grid is the images as rows of so many columns each, for package picture.
func (i Images) Grid(columns int) picture.Grid {
	return picture.Grid{Pixels: i.Pixels, Rows: i.N / columns, Columns: columns, Channels: i.Channels, Height: i.Height, Width: i.Width}
}

// Draw draws rows x len(classes) images, row by row, in evaluation mode: image (r, c) shows classes[c],
// and the images of a row share one noise. The noise of a row depends on seed and the row's number alone; no
// other random number is drawn. Goroutines may draw at once from a generator in evaluation mode, as LoadGenerator gives it: about as many as there are
// cores are at work, the others wait. An unknown class, more than fits into memory, or a failed op is an error.
func (g *Generator) Draw(c Config, rows int, classes []int64, seed int64) (images Images, err error) {
	for _, class := range classes {
		if class < 0 || class >= int64(c.Classes) {
			return images, fmt.Errorf("class %d is outside of 0 to %d", class, c.Classes-1)
		}
	}
	if rows < 1 || len(classes) < 1 {
		return images, fmt.Errorf("nothing to draw: %d rows of %d classes", rows, len(classes))
	}
	if size := c.Channels * c.Size * c.Size; rows > maxValues/size/len(classes) {
		return images, fmt.Errorf("%d rows of %d classes are too many for one drawing: it holds at most %d images of these sizes", rows, len(classes), maxValues/size)
	}
	places <- struct{}{}
	defer func() { <-places }()
	err = torch.Do("draw images", func() error {
		if g.Training() {
			defer g.Train(true)
			g.Eval()
		}
		pixels := make([]float32, 0, rows*len(classes)*c.Channels*c.Size*c.Size)
		atOnce := max(1, drawBatch/len(classes)) // rows; this bounds the memory
		torch.NoGrad(func() {
			noise := newNoise(c, rows, seed)
			for row := 0; row < rows; row += atOnce {
				n := min(atOnce, rows-row)
				torch.Scope(func() { pixels = append(pixels, g.drawRows(c, noise.Narrow(0, int64(row), int64(n)), classes)...) })
			}
		})
		images = Images{pixels, rows * len(classes), c.Channels, c.Size, c.Size}
		return nil
	})
	return images, err
}

const (
	drawBatch = 128
	maxValues = 1 << 31 // of one drawing: 8 GiB
)

// places bounds the drawings that are at work at once: each has threads of its own, and more than the cores would
// only take memory. The others wait.
var places = make(chan struct{}, runtime.GOMAXPROCS(0))

// newNoise is [rows, nz] of its own generator, drawn row by row, so that a row does not depend on how many follow it.
func newNoise(c Config, rows int, seed int64) *torch.Tensor {
	generator := torch.NewGenerator(seed)
	defer generator.Free()
	each := make([]*torch.Tensor, rows)
	for i := range each {
		each[i] = generator.Randn([]int64{1, int64(c.Noise)})
	}
	return torch.Cat(each, 0)
}

// drawRows draws for each noise of [rows, nz] one image per class.
func (g *Generator) drawRows(c Config, noise *torch.Tensor, classes []int64) []float32 {
	device := g.Parameters()[0].Device()
	rows, columns, nz := noise.Size(0), int64(len(classes)), int64(c.Noise)
	label := make([]int64, 0, rows*columns)
	for range rows {
		label = append(label, classes...)
	}
	each := noise.View(rows, 1, nz).Expand(rows, columns, nz).Reshape(rows*columns, nz, 1, 1).To(device) // [rows, nz] -> [rows*columns, nz, 1, 1]
	z := ConcatNoiseLabel(each, torch.FromInt64s(label).To(device), device, int64(c.Classes))
	return g.Forward(z).Float32s()
}
