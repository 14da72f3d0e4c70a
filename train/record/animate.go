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
	maxFrames = 60 // and the last one
	frameTime = 200 * time.Millisecond
	lastTime  = 3 * time.Second
)

// animate writes samples.gif. Of each grid in it the frame is kept, which is small, so that each is decoded once and no two are
// at a time.
func (r *Record) animate(w io.Writer, grids []grid) error {
	kept := map[int]*image.Paletted{}
	var frames []*image.Paletted
	for _, g := range thinned(grids, maxFrames) {
		frame := r.frames[g.step]
		if frame == nil {
			m, err := readGrid(g.path)
			if err != nil {
				return err
			}
			frame = picture.SmallFrame(m)
		}
		kept[g.step] = frame
		frames = append(frames, frame)
	}
	r.frames = kept
	return picture.WriteGIF(w, frames, frameTime, lastTime)
}

// thinned is at most n of all, and the last one: each 2nd, 4th, 8th and so on, so that most of them stay while there are more.
func thinned(all []grid, n int) (some []grid) {
	stride := 1
	for (len(all)-1)/stride >= n {
		stride *= 2
	}
	for i := 0; i < len(all)-1; i += stride {
		some = append(some, all[i])
	}
	return append(some, all[len(all)-1])
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
