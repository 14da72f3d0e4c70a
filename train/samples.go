package train

import (
	"fmt"
	"path/filepath"

	"cgan/models/picture"
)

// sampleSeed fixes the noise of the sample grids, so that grids of all epochs and runs show the same draws.
const sampleSeed = 0

const sampleRows, sampleColumns = 10, 20

// SaveSamples draws a grid whose columns are the classes, the first ones of many, and whose rows share one noise each, and writes
// it to dir/samples-STEP.png. It returns the path.
func (t *Trainer) SaveSamples(dir string, step int) (string, error) {
	classes := make([]int64, min(t.config.Classes, sampleColumns))
	for i := range classes {
		classes[i] = int64(i)
	}
	rows, columns := sampleRows, len(classes)
	if columns == 0 { // nothing to choose: as many images of noises of their own
		rows, columns = sampleRows*sampleRows, sampleRows
	}
	images, err := t.drawing().Draw(t.config.Config, rows, classes, sampleSeed)
	if err != nil {
		return "", fmt.Errorf("draw the samples of step %d: %w", step, err)
	}
	path := filepath.Join(dir, fmt.Sprintf("samples-%06d.png", step))
	return path, picture.Save(path, true, images.Grid(columns))
}
