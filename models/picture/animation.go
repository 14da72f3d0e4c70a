package picture

import (
	"errors"
	"image"
	"io"
	"time"

	"github.com/kettek/apng"
)

// WriteAPNG writes frames of one size and kind as an animated PNG that begins again, in all their colours. A single frame is a plain
// PNG. What reads PNG alone sees the first frame. The same frames give the same bytes.
func WriteAPNG(w io.Writer, frames []image.Image, each, last time.Duration) error {
	if len(frames) == 0 {
		return errors.New("write an animation: there is no picture")
	}
	var all apng.APNG
	for i, m := range frames {
		shown := each
		if i == len(frames)-1 {
			shown = last
		}
		all.Frames = append(all.Frames, apng.Frame{Image: m, DelayNumerator: uint16(shown.Milliseconds()), DelayDenominator: 1000})
	}
	return apng.Encode(w, all)
}
