package dataset

import (
	"encoding/hex"
	"fmt"
	"image/color"
	"slices"
	"strings"
)

// Options say which images of a set to hand out, and how.
type Options struct {
	Size, Channels int    // of the images handed out; Size 0: as they are, all of one size, image files at most MaxSize a side; Channels 0: 1 where every image is grey, else 3
	Fit            string // "crop" (default: scale the shorter side, cut the middle), "pad" (scale the longer side, pad with Background), "stretch"
	Background     string // colour that alpha and padding is put on: "black" (default), "white" or "#rrggbb"
	SkipBad        bool   // leave out what cannot be read, and list it in Set.Skipped
	Split          string // "train" (default) or "test"
}

// MaxSize is the largest Options.Size.
const MaxSize = 1024

// Fits are the values of Options.Fit, the default first.
var Fits = []string{"crop", "pad", "stretch"}

// OptionError says which option has a value that it cannot have. Field is its name with small letters.
type OptionError struct{ Field, Problem string }

// Error is field and problem.
func (e *OptionError) Error() string { return e.Field + " " + e.Problem }

// Validate says which option has a value that it cannot have, with an *OptionError.
func (o Options) Validate() error {
	if o.Size < 0 || o.Size > MaxSize {
		return &OptionError{"size", fmt.Sprintf("is %d: it must be from 1 to %d, or 0 for the images' own", o.Size, MaxSize)}
	}
	if o.Channels != 0 && o.Channels != 1 && o.Channels != 3 {
		return &OptionError{"channels", fmt.Sprintf("is %d: it must be 1 (grey), 3 (RGB), or 0 for what the images have", o.Channels)}
	}
	if !oneOf(o.Fit, Fits...) {
		return &OptionError{"fit", fmt.Sprintf("is %q: it must be %s", o.Fit, strings.Join(Fits, ", "))}
	}
	if !oneOf(o.Split, "train", "test") {
		return &OptionError{"split", fmt.Sprintf("is %q: it must be train or test", o.Split)}
	}
	_, err := o.background()
	return err
}

// oneOf says that a value is one of those, or empty.
func oneOf(value string, values ...string) bool { return value == "" || slices.Contains(values, value) }

// background is the colour, opaque.
func (o Options) background() (color.RGBA, error) {
	text := o.Background
	switch text {
	case "", "black":
		text = "#000000"
	case "white":
		text = "#ffffff"
	}
	digits, found := strings.CutPrefix(text, "#")
	rgb, err := hex.DecodeString(digits)
	if !found || err != nil || len(rgb) != 3 {
		return color.RGBA{}, &OptionError{"background", fmt.Sprintf("is %q: it must be black, white or a colour such as #ff8000", o.Background)}
	}
	return color.RGBA{rgb[0], rgb[1], rgb[2], 255}, nil
}
