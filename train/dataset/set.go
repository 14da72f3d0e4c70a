// Package dataset reads labelled images: IDX files, and MNIST, which it fetches once for each user. It is pure Go.
package dataset

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
)

// Images holds the pixels of a data set, one byte each (0 black, 255 white), laid out [N, Height, Width].
type Images struct {
	File             string // where they come from
	Pixels           []byte
	N, Height, Width int
}

// Set is one half of a data set: image i shows class Labels[i], and len(Labels) is Images.N.
type Set struct {
	Images Images
	Labels []byte
}

// Hash is the sha256 of sizes, pixels and labels, which tells one set from another wherever they lie.
func (s *Set) Hash() string {
	h := sha256.New()
	fmt.Fprintf(h, "%d %d %d\n", s.Images.N, s.Images.Height, s.Images.Width)
	h.Write(s.Images.Pixels)
	h.Write(s.Labels)
	return hex.EncodeToString(h.Sum(nil))
}

// Read reads <stem>-images-idx3-ubyte and <stem>-labels-idx1-ubyte of the folder dir, under the names and in the
// folders that people have them in, the .gz of each before the plain one; their content decides whether they are
// gzipped. The stem is "train" or "t10k". Every label must be below classes, both files must hold the same number
// (at least one), and neither may be damaged, short or over-long: anything else is a *DataError. Memory grows with the data that is there, never with what a header claims.
func Read(dir, stem string, classes int) (*Set, error) {
	if classes < 1 {
		return nil, fmt.Errorf("read the data set in %s: %d classes, at least 1 is needed", dir, classes)
	}
	images, err := openIDX(dir, stem+"-images-idx3-ubyte", 3)
	if err != nil {
		return nil, err
	}
	defer images.file.Close()
	labels, err := openIDX(dir, stem+"-labels-idx1-ubyte", 1)
	if err != nil {
		return nil, err
	}
	defer labels.file.Close()
	return readPair(images, labels, classes)
}

// readPair compares the counts before the first pixel is read.
func readPair(images, labels *idxFile, classes int) (*Set, error) {
	if images.dims[0] != labels.dims[0] {
		return nil, labels.fail(4, nil, "%d labels for the %d images of %s: take both files from one set",
			labels.dims[0], images.dims[0], images.path)
	}
	pixels, err := images.body()
	if err != nil {
		return nil, err
	}
	values, err := labels.body()
	if err != nil {
		return nil, err
	}
	for i, v := range values {
		if int(v) >= classes {
			return nil, labels.fail(8+int64(i), nil, "label %d is outside the %d classes 0 to %d: use a set with these classes",
				v, classes, classes-1)
		}
	}
	d := images.dims
	return &Set{Images{images.path, pixels, int(d[0]), int(d[1]), int(d[2])}, values}, nil
}
