package models

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"cgan/models/arch"
)

// Reference is images that another program, such as Python, drew, with what it drew them from.
type Reference struct {
	Noise  []float32 // [N, nz]
	Labels []int64   // [N]; nil where there are none
	Images []float32 // [N, C, H, W]
	N      int
	Image  []int64 // C, H, W; nil where that is not known
}

// CloseEnough is how far values may be from a reference's: rounding takes less, and every mistake in a network more.
const CloseEnough = 1e-5

// Fits says what of the reference is not for a network of these sizes.
func (r Reference) Fits(c Config) error {
	if nz := len(r.Noise) / r.N; nz != c.Noise {
		return fmt.Errorf("noise has %d values for each image, and the network takes %d (nz)", nz, c.Noise)
	}
	if values := len(r.Images) / r.N; values != int(product(c.Image())) || r.Image != nil && !slices.Equal(r.Image, c.Image()) {
		return fmt.Errorf("images has %d values for each image, %v, and the network draws %v", values, r.Image, c.Image())
	}
	if c.Classes > 0 && r.Labels == nil {
		return errors.New("the reference holds no labels, and the network takes some")
	}
	return nil
}

// Compare draws a reference's images again and says how far they are from the reference's.
func (n *Net) Compare(c Config, r Reference) (d Difference, err error) {
	if err := r.Fits(c); err != nil {
		return d, err
	}
	images, err := n.Images(c, r.Noise, r.Labels)
	if err != nil {
		return d, err
	}
	return differenceOf(images, r.Images), nil
}

// first is the reference's first images alone.
func (r Reference) first(n int) Reference {
	n = min(n, r.N)
	r.Noise, r.Images = r.Noise[:n*len(r.Noise)/r.N], r.Images[:n*len(r.Images)/r.N]
	if r.Labels != nil {
		r.Labels = r.Labels[:n]
	}
	r.N = n
	return r
}

// Difference is how far two lists of values are apart.
type Difference struct {
	Bits          int // values that are not the same to the bit
	Largest, Mean float64
	At            int // where the largest is
}

func differenceOf(a, b []float32) (d Difference) {
	for i := range a {
		if math.Float32bits(a[i]) != math.Float32bits(b[i]) {
			d.Bits++
		}
		apart := math.Abs(float64(a[i]) - float64(b[i]))
		d.Mean += apart / float64(len(a))
		if apart > d.Largest || math.IsNaN(apart) && !math.IsNaN(d.Largest) {
			d.Largest, d.At = apart, i
		}
	}
	return d
}

// Close says that the rest is rounding.
func (d Difference) Close() bool { return d.Largest <= CloseEnough }

// Text is for people; shape is that of an image.
func (d Difference) Text(shape []int64) string {
	if d.Bits == 0 {
		return "equal, bit for bit"
	}
	place, at := make([]int64, len(shape)), int64(d.At)
	for i, size := range slices.Backward(shape) {
		place[i], at = at%size, at/size
	}
	return fmt.Sprintf("largest difference %.1e at image %d %s, mean %.1e", d.Largest, at, strings.ReplaceAll(fmt.Sprint(place), " ", ", "), d.Mean)
}

// known is what a reference tells of its network.
func (r Reference) known() arch.Known {
	return arch.Known{
		Noise: int64(len(r.Noise) / r.N), Labels: r.Labels != nil, Image: r.Image,
		Values: [2]float64{float64(slices.Min(r.Images)), float64(slices.Max(r.Images))},
	}
}

// Settle finds among the networks that keys and shapes leave open the one that draws a reference's images, and takes it for
// w's. tried is called after each that does not. An error says that there is none, or none within ctx.
func (w *Weights) Settle(ctx context.Context, r Reference, tried func(count int)) error {
	candidates, err := arch.CandidatesOf(w.drawn(), r.known())
	if err != nil {
		return w.Fail(err)
	}
	byStatistics(candidates, w.drawn())
	count, nearest := 0, math.Inf(1)
	var unfit error // of a network of other sizes
	found, err := candidates.Search(func(n *arch.Network) (bool, error) {
		if err := ctx.Err(); err != nil {
			return false, fmt.Errorf("after %d networks, of which the nearest is %.1e from it: %w", count, nearest, err)
		}
		c, err := ConfigOfArch(&arch.File{Generator: n})
		if err == nil {
			err = r.Fits(c)
		}
		if unfit = cmp.Or(unfit, err); err != nil {
			return false, nil
		}
		d, err := w.compare(c, r)
		if err != nil {
			return false, err
		}
		if d.Close() {
			return true, nil
		}
		nearest = min(nearest, d.Largest)
		count++
		tried(count)
		return false, nil
	})
	if err != nil {
		return w.Fail(err)
	}
	if found == nil && count == 0 {
		return w.Fail(unfit)
	}
	if found == nil {
		return w.Fail(fmt.Errorf("none of %d networks that its keys and shapes leave open draws the reference's images; the nearest is %.1e from them", count, nearest))
	}
	w.Config, err = ConfigOfArch(&arch.File{Generator: found})
	w.Assumed = nil
	return err
}

// compare compares what networks of c make of the weights, with the whole reference where its first images agree.
func (w *Weights) compare(c Config, r Reference) (d Difference, err error) {
	g, err := LoadGenerator(w.drawn(), c)
	if err != nil {
		return d, err
	}
	defer g.Free()
	if err := g.Use(Compute{Exact: true}); err != nil {
		return d, err
	}
	if d, err = g.Compare(c, r.first(2)); err != nil || !d.Close() { // most are far from it in the first image
		return d, err
	}
	return g.Compare(c, r)
}
