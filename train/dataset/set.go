// Package dataset reads labelled images: IDX files, and MNIST, which it fetches once for each user. It is pure Go.
package dataset

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strconv"
)

// Images are the pixels of a set, one byte each (0 black, 255 white), an image laid out [Channels, Height, Width].
type Images struct {
	File                       string // where they come from
	N, Channels, Height, Width int
	Pixels                     []byte // all images, [N, Channels, Height, Width]; nil where they stay on the disk
}

// Size is the bytes of one image.
func (im *Images) Size() int { return im.Channels * im.Height * im.Width }

// Read copies image i into to, which holds Size bytes. It is safe for concurrent use.
func (im *Images) Read(i int, to []byte) error {
	copy(to, im.Pixels[i*im.Size():(i+1)*im.Size()])
	return nil
}

// Set is one split of a data set: image i shows class Labels[i], and len(Labels) is Images.N. Close it.
type Set struct {
	Images  Images
	Labels  []int32   // the class of each image, an index into Classes
	Classes []string  // names, in order
	Skipped []Problem // with Options.SkipBad: what was left out
}

// Problem is a file that is no readable image, or no image of a class.
type Problem struct {
	Name   string // its path within the set
	Reason string
}

// Hash is a sha256 of sizes, pixels, labels and class names, which tells one set from another wherever they lie.
func (s *Set) Hash() string {
	im, h := &s.Images, sha256.New()
	if s.plain() {
		fmt.Fprintf(h, "%d %d %d\n", im.N, im.Height, im.Width)
		h.Write(im.Pixels)
		for _, label := range s.Labels {
			h.Write([]byte{byte(label)})
		}
		return hex.EncodeToString(h.Sum(nil))
	}
	pixels := sha256.Sum256(im.Pixels)
	h.Write(pixels[:])
	fmt.Fprintf(h, "%d %d %d %d\n", im.N, im.Channels, im.Height, im.Width)
	for _, label := range s.Labels {
		h.Write(binary.LittleEndian.AppendUint32(nil, uint32(label)))
	}
	for _, name := range s.Classes {
		fmt.Fprintf(h, "%q\n", name)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// plain says that the set is one like MNIST: grey images of classes 0 to K-1, each of which a byte holds. Its hash is
// that of the runs from before sets had names and channels.
func (s *Set) plain() bool {
	if s.Images.Channels != 1 || len(s.Classes) > 256 {
		return false
	}
	for i, name := range s.Classes {
		if name != strconv.Itoa(i) {
			return false
		}
	}
	return true
}

// Close gives back what the set holds open.
func (s *Set) Close() error { return nil }
