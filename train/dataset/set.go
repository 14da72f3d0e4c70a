// Package dataset reads labelled images: IDX files such as MNIST's, folders of class folders, tables of files, and
// archives of these. It is pure Go. What was decoded is kept in the user's cache, so that it is decoded once.
package dataset

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"os"
	"strconv"
)

// Images are the pixels of a set, one byte each (0 black, 255 white), an image laid out [Channels, Height, Width].
type Images struct {
	File                       string // where they come from
	N, Channels, Height, Width int
	Pixels                     []byte   // all images, [N, Channels, Height, Width]; nil where they stay on the disk
	file                       *os.File // where they stay there
	numbers                    []int    // of a part of a set: where its images lie in the whole; nil for all
}

// Size is the bytes of one image.
func (im *Images) Size() int { return im.Channels * im.Height * im.Width }

// Read copies image i into to, which holds Size bytes. It is safe for concurrent use. The error names the file.
func (im *Images) Read(i int, to []byte) error {
	size := im.Size()
	if im.numbers != nil {
		i = im.numbers[i]
	}
	if im.Pixels != nil {
		copy(to, im.Pixels[i*size:(i+1)*size])
		return nil
	}
	if _, err := im.file.ReadAt(to[:size], int64(i)*int64(size)); err != nil {
		return fmt.Errorf("read image %d of %s from the cache: %w", i, printable(im.File), err)
	}
	return nil
}

// Set is one split of a data set: image i shows class Labels[i], and len(Labels) is Images.N. Close it.
type Set struct {
	Images  Images
	Labels  []int32   // the class of each image, an index into Classes
	Classes []string  // names, in order
	Skipped []Problem // with Options.SkipBad: what was left out
	Found   Found     // what the files held before they were fitted
	hash    string    // from the cache; empty where it is not there
}

// Some is the part of the set that has these of its images, in this order. It lasts as long as the set, which is to be closed.
func (s *Set) Some(numbers []int) *Set {
	part := &Set{Images: s.Images, Classes: s.Classes, Labels: make([]int32, len(numbers))}
	part.Images.N, part.Images.numbers = len(numbers), numbers
	for i, number := range numbers {
		part.Labels[i] = s.Labels[number]
	}
	return part
}

// Problem is a file that is no readable image, or no image of a class.
type Problem struct {
	Name   string `json:"name"` // its path within the set
	Reason string `json:"reason"`
}

// String is name and reason, with nothing that would act on a terminal.
func (p Problem) String() string { return printable(p.Name) + ": " + printable(p.Reason) }

// Found is what the images of a set were in their files.
type Found struct {
	Sizes  []SizeCount `json:"sizes"`  // the most frequent first
	Colour int         `json:"colour"` // images with colours; the others are grey
}

// SizeCount says how many images have a size; the last one of many has sizes of 0 and counts all others.
type SizeCount struct {
	Width  int `json:"width"`
	Height int `json:"height"`
	Count  int `json:"count"`
}

// Hash is a sha256 of sizes, pixels, labels and class names, which tells one set from another wherever they lie.
// It is empty where the pixels stay on the disk and cannot be read.
func (s *Set) Hash() string {
	if s.hash != "" {
		return s.hash
	}
	if s.plain() {
		h := s.startHash()
		if s.writePixels(h) != nil {
			return ""
		}
		return s.endHash(h)
	}
	h := sha256.New()
	if s.writePixels(h) != nil {
		return ""
	}
	return s.hashAfter(h.Sum(nil))
}

// startHash begins the hash of a plain set. The pixels follow, and then endHash.
func (s *Set) startHash() hash.Hash {
	h := sha256.New()
	fmt.Fprintf(h, "%d %d %d\n", s.Images.N, s.Images.Height, s.Images.Width)
	return h
}

func (s *Set) endHash(h hash.Hash) string {
	labels := make([]byte, len(s.Labels))
	for i, label := range s.Labels {
		labels[i] = byte(label)
	}
	h.Write(labels)
	return hex.EncodeToString(h.Sum(nil))
}

// hashAfter is Hash from the sum of the pixels, for sets that are not plain.
func (s *Set) hashAfter(pixels []byte) string {
	im := &s.Images
	text := fmt.Sprintf("%d %d %d %d\n", im.N, im.Channels, im.Height, im.Width)
	for _, name := range s.Classes {
		text += strconv.Quote(name) + "\n"
	}
	return hexSum(pixels, []byte(text), packLabels(s.Labels))
}

func packLabels(labels []int32) []byte {
	packed := make([]byte, 0, 4*len(labels))
	for _, label := range labels {
		packed = binary.LittleEndian.AppendUint32(packed, uint32(label))
	}
	return packed
}

func (s *Set) writePixels(w io.Writer) error {
	if s.Images.numbers != nil {
		return s.writeEach(w)
	}
	if s.Images.Pixels != nil {
		_, err := w.Write(s.Images.Pixels)
		return err
	}
	_, err := io.Copy(w, io.NewSectionReader(s.Images.file, 0, int64(s.Images.N)*int64(s.Images.Size())))
	return err
}

// writeEach is writePixels image by image.
func (s *Set) writeEach(w io.Writer) error {
	image := make([]byte, s.Images.Size())
	for i := range s.Images.N {
		if err := s.Images.Read(i, image); err != nil {
			return err
		}
		if _, err := w.Write(image); err != nil {
			return err
		}
	}
	return nil
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
func (s *Set) Close() error {
	if s.Images.file == nil {
		return nil
	}
	return s.Images.file.Close()
}
