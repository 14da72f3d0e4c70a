// Package imageset writes drawn images as what other programs read: class folders of PNG files, IDX files as MNIST has them,
// NumPy's .npz, plain bytes, and pictures and animations of all of them. Images come one after the other, and memory grows with a
// picture alone, not with their number. It knows no torch.
package imageset

import (
	"fmt"

	"cgan/models/picture"
)

// About is what is known of a set before its first image.
type About struct {
	N                       int // images
	Channels, Height, Width int
	Classes                 []string // names; none where there are no classes
	Scale                   int      // pixels become squares of as many: where PNG files are written
}

// Image is one image of a set.
type Image struct {
	Pixels []float32 // [Channels, Height, Width] in [-1, 1]
	Class  int       // nothing of a set without classes
	Seed   int64     // it was drawn of this row of the seed's noise
	Row    int
}

// Writer takes the images of a set. Close ends the set, and what lies on the disk appears then, whole. Discard takes away what was
// written of a set that does not come to its end; after Close it does nothing.
type Writer interface {
	Add(Image) error
	Close() error
	Discard()
}

// counter sees that a set has all of its images.
type counter struct {
	About
	added int
}

// check counts an image, and refuses one that is none.
func (c *counter) check(m Image) error {
	if want := c.Channels * c.Height * c.Width; len(m.Pixels) != want {
		return fmt.Errorf("image %d has %d values: it must be %d", c.added, len(m.Pixels), want)
	}
	if picture.HasNaN(m.Pixels) {
		return fmt.Errorf("image %d holds NaN: the generator that drew it has diverged", c.added)
	}
	if c.added++; c.added > c.N {
		return fmt.Errorf("there are more than %d images", c.N)
	}
	return nil
}

// whole is an error where images are missing.
func (c *counter) whole() error {
	if c.added != c.N {
		return fmt.Errorf("there are %d images of %d", c.added, c.N)
	}
	return nil
}
