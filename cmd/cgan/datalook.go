package main

import (
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"cgan/models/picture"
	"cgan/train/dataset"

	"github.com/urfave/cli/v2"
)

const (
	fewImages   = 100 // of a class; with fewer a network learns them by heart
	lookSize    = 64  // of images that have no size in common
	gridClasses = 100
	gridImages  = 10
	gridSide    = 128 // larger images are drawn smaller
)

// look opens the set without what is bad in it, and finds what is to say of it.
func look(c *cli.Context, data string, o dataset.Options) (*view, *dataset.Set, error) {
	say := func(text string) { fmt.Fprintln(c.App.ErrWriter, text) }
	o.SkipBad = true
	set, err := dataset.Open(c.Context, data, o, say)
	var bad *dataset.DataError
	mixed := errors.As(err, &bad) && bad.Field == "size"
	if mixed {
		o.Size = lookSize
		set, err = dataset.Open(c.Context, data, o, say)
	}
	if err != nil {
		return nil, nil, err
	}
	im := &set.Images
	v := &view{Data: data, Images: im.N, Channels: im.Channels, Height: im.Height, Width: im.Width, Found: set.Found,
		Bad: set.Skipped, SHA256: set.Hash()}
	if mixed {
		v.Problems = append(v.Problems, "the images have no size in common: choose one with --size; here they are looked at in 64x64")
	}
	counts := make([]int, len(set.Classes))
	for _, label := range set.Labels {
		counts[label]++
	}
	for i, name := range set.Classes {
		v.Classes = append(v.Classes, classView{name, counts[i]})
		if counts[i] < fewImages {
			v.Problems = append(v.Problems, fmt.Sprintf("class %s has %d images: with fewer than %d a network learns them by heart", clean(name), counts[i], fewImages))
		}
	}
	prints, err := fingerprints(set)
	if err == nil {
		v.Duplicates = findDuplicates(set, prints)
		err = v.lookAtTest(c, data, o, set, prints)
	}
	if err != nil {
		set.Close()
	}
	return v, set, err
}

// lookAtTest compares the set with its test images, if it has some.
func (v *view) lookAtTest(c *cli.Context, data string, o dataset.Options, set *dataset.Set, prints []fingerprint) error {
	o.Split, o.Channels = "test", set.Images.Channels
	test, err := dataset.Open(c.Context, data, o, func(string) {})
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case c.Context.Err() != nil:
		return c.Context.Err()
	case err != nil:
		v.Problems = append(v.Problems, "the test images: "+oneLine(err))
		return nil
	}
	defer test.Close()
	v.Test = test.Images.N
	if !slices.Equal(test.Classes, set.Classes) {
		v.Problems = append(v.Problems, "the test images are of other classes than those to train on")
	}
	for _, p := range test.Skipped {
		v.Problems = append(v.Problems, fmt.Sprintf("the test image %s %s", clean(p.Name), clean(p.Reason)))
	}
	tested, err := fingerprints(test)
	if err != nil {
		return err
	}
	known := map[fingerprint]bool{}
	for _, p := range prints {
		known[p] = true
	}
	both := 0
	for _, p := range tested {
		if known[p] {
			both++
		}
	}
	if both > 0 {
		v.Problems = append(v.Problems, fmt.Sprintf("%d of the %d test images are among those to train on", both, v.Test))
	}
	return nil
}

// fingerprint stands for the pixels of an image.
type fingerprint [16]byte

func fingerprints(set *dataset.Set) ([]fingerprint, error) {
	all, pixels := make([]fingerprint, set.Images.N), make([]byte, set.Images.Size())
	for i := range all {
		if err := set.Images.Read(i, pixels); err != nil {
			return nil, err
		}
		sum := sha256.Sum256(pixels)
		all[i] = fingerprint(sum[:])
	}
	return all, nil
}

// duplicates counts images whose pixels are those of an earlier one.
type duplicates struct {
	Within int        `json:"within_classes"`
	Across int        `json:"across_classes"`
	Pairs  []pairView `json:"pairs"` // of classes that share images, the most frequent first
}

type pairView struct {
	Classes [2]string `json:"classes"`
	Images  int       `json:"images"`
}

// findDuplicates compares each image with the first one of the same pixels.
func findDuplicates(set *dataset.Set, prints []fingerprint) (d duplicates) {
	first, pairs := map[fingerprint]int32{}, map[[2]int32]int{}
	for i, p := range prints {
		label := set.Labels[i]
		class, known := first[p]
		switch {
		case !known:
			first[p] = label
		case class == label:
			d.Within++
		default:
			d.Across++
			pairs[[2]int32{min(class, label), max(class, label)}]++
		}
	}
	for pair, images := range pairs {
		d.Pairs = append(d.Pairs, pairView{[2]string{set.Classes[pair[0]], set.Classes[pair[1]]}, images})
	}
	slices.SortFunc(d.Pairs, func(a, b pairView) int {
		return cmp.Or(b.Images-a.Images, strings.Compare(a.Classes[0], b.Classes[0]), strings.Compare(a.Classes[1], b.Classes[1]))
	})
	return d
}

// examples names a few of the classes that share images.
func (d duplicates) examples() string {
	var texts []string
	for _, p := range d.Pairs[:min(3, len(d.Pairs))] {
		texts = append(texts, fmt.Sprintf("%s and %s (%d)", clean(p.Classes[0]), clean(p.Classes[1]), p.Images))
	}
	if len(texts) == 0 {
		return ""
	}
	return ": " + strings.Join(texts, ", ")
}

// sampleGrid is a row of images for each class, spread over those that it has.
func sampleGrid(set *dataset.Set) (picture.Grid, error) {
	im := &set.Images
	shrink := (max(im.Height, im.Width) + gridSide - 1) / gridSide
	g := picture.Grid{Rows: min(len(set.Classes), gridClasses), Columns: gridImages, Channels: im.Channels,
		Height: max(1, im.Height/shrink), Width: max(1, im.Width/shrink)}
	of := map[int32][]int{}
	for i, label := range set.Labels {
		of[label] = append(of[label], i)
	}
	size := g.Channels * g.Height * g.Width
	g.Pixels = make([]float32, g.Rows*g.Columns*size)
	for i := range g.Pixels {
		g.Pixels[i] = -1 // where a class has fewer
	}
	pixels := make([]byte, im.Size())
	for row := range g.Rows {
		images := of[int32(row)]
		for column := range min(g.Columns, len(images)) {
			if err := im.Read(images[column*len(images)/min(g.Columns, len(images))], pixels); err != nil {
				return g, err
			}
			smaller(g.Pixels[(row*g.Columns+column)*size:][:size], pixels, im, g, shrink)
		}
	}
	return g, nil
}

// smaller takes the mean of each shrink x shrink pixels.
func smaller(to []float32, from []byte, im *dataset.Images, g picture.Grid, shrink int) {
	for i := range to {
		c, y, x := i/(g.Height*g.Width), i/g.Width%g.Height*shrink, i%g.Width*shrink
		sum, n := 0, 0
		for dy := y; dy < min(y+shrink, im.Height); dy++ {
			for dx := x; dx < min(x+shrink, im.Width); dx++ {
				sum, n = sum+int(from[(c*im.Height+dy)*im.Width+dx]), n+1
			}
		}
		to[i] = float32(sum)/float32(n)/127.5 - 1
	}
}
