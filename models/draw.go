package models

import (
	"fmt"

	"cgan/bindings/torch"
)

// Images is what a generator drew: float32 in [-1, 1], laid out [N, Channels, Height, Width].
type Images struct {
	Pixels                     []float32
	N, Channels, Height, Width int
}

// Draw draws rows x len(classes) images, row by row, in evaluation mode: image (r, c) shows classes[c],
// and the images of a row share one noise. The noise depends on seed alone; no other random number is
// drawn. Goroutines may draw at once from a generator in evaluation mode, as LoadGenerator gives it. An unknown class or a failed op is an error.
func (g *Generator) Draw(c Config, rows int, classes []int64, seed int64) (images Images, err error) {
	for _, class := range classes {
		if class < 0 || class >= int64(c.Classes) {
			return images, fmt.Errorf("class %d is outside of 0 to %d", class, c.Classes-1)
		}
	}
	if rows < 1 || len(classes) < 1 {
		return images, fmt.Errorf("nothing to draw: %d rows of %d classes", rows, len(classes))
	}
	err = torch.Do("draw images", func() error {
		if g.Training() {
			defer g.Train(true)
			g.Eval()
		}
		pixels := make([]float32, 0, rows*len(classes)*c.Channels*ImageSize*ImageSize)
		torch.NoGrad(func() {
			noise := newNoise(c, rows, seed)
			for row := range int64(rows) { // one row at a time bounds the memory
				torch.Scope(func() { pixels = append(pixels, g.drawRow(c, noise.Narrow(0, row, 1), classes)...) })
			}
		})
		images = Images{pixels, rows * len(classes), c.Channels, ImageSize, ImageSize}
		return nil
	})
	return images, err
}

// newNoise is [rows, nz, 1, 1] of its own generator.
func newNoise(c Config, rows int, seed int64) *torch.Tensor {
	generator := torch.NewGenerator(seed)
	defer generator.Free()
	return generator.Randn([]int64{int64(rows), int64(c.Noise), 1, 1})
}

// drawRow draws one image per class from the same noise [1, nz, 1, 1].
func (g *Generator) drawRow(c Config, noise *torch.Tensor, classes []int64) []float32 {
	device := g.Parameters()[0].Device()
	n := int64(len(classes))
	noise = noise.Expand(n, int64(c.Noise), 1, 1).To(device)
	label := torch.FromInt64s(classes).To(device)
	z := ConcatNoiseLabel(noise, label, device, int64(c.Classes))
	return g.Forward(z).Float32s()
}
