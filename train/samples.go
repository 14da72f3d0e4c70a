package train

import (
	"fmt"
	"io"
	"path/filepath"

	"cgan/models"
	"cgan/weights"
)

// sampleSeed fixes the noise of the sample grids, so that grids of all epochs and runs show the same draws.
const sampleSeed = 0

const sampleRows = 10

// SaveSamples draws a grid whose columns are the classes and whose rows share one noise each, and writes
// it to dir/samples-STEP.png. It returns the path.
func (t *Trainer) SaveSamples(dir string, step int) (string, error) {
	classes := make([]int64, t.config.Classes)
	for i := range classes {
		classes[i] = int64(i)
	}
	images, err := t.generator.Draw(t.config.Config, sampleRows, classes, sampleSeed)
	if err != nil {
		return "", fmt.Errorf("draw the samples of step %d: %w", step, err)
	}
	path := filepath.Join(dir, fmt.Sprintf("samples-%06d.png", step))
	return path, SaveGrid(path, false, images, len(classes))
}

// SaveGrid writes images as one PNG of the given number of columns, atomically; force replaces a file.
func SaveGrid(path string, force bool, images models.Images, columns int) error {
	return weights.WriteFile(path, force, func(w io.Writer) error {
		return WriteGrid(w, images.Pixels, images.N/columns, columns, images.Height, images.Width, images.Channels)
	})
}
