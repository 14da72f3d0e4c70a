package record

import (
	"fmt"
	"image"
	"image/png"
	"io"
	"os"
	"time"

	"cgan/models/picture"
)

const (
	maxFrames = 60
	frameTime = 200 * time.Millisecond
	lastTime  = 3 * time.Second
)

// animate writes samples.gif.
func animate(w io.Writer, grids []grid) error {
	var frames []image.Image
	for _, g := range thinned(grids, maxFrames) {
		frame, err := readGrid(g.path)
		if err != nil {
			return err
		}
		frames = append(frames, frame)
	}
	return picture.WriteGIF(w, frames, frameTime, lastTime)
}

// thinned is at most n of all, evenly chosen, the first and the last among them.
func thinned(all []grid, n int) []grid {
	if len(all) <= n {
		return all
	}
	some := make([]grid, n)
	for i := range some {
		some[i] = all[i*(len(all)-1)/(n-1)]
	}
	return some
}

func readGrid(path string) (image.Image, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	m, err := png.Decode(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return m, nil
}
