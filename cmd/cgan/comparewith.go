package main

import (
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"

	"cgan/models"
	"cgan/weights"
	"cgan/weights/npz"

	"github.com/urfave/cli/v2"
)

// closeEnough is how far values may be from Python's: rounding takes less, and every mistake in a network more.
const closeEnough = 1e-5

// reference is images that a Python program drew, with what it drew them from.
type reference struct {
	noise, images []float32
	labels        []int64 // nil where there are none
	shape         []int64 // of an image
}

// compareWith draws the images of a reference again, as PyTorch does and as the flags say, and says how far they are from
// Python's. Images that are another network's are an error.
func compareWith(c *cli.Context, g *models.Net, how models.Compute, sizes models.Config, path string) error {
	for _, flag := range []string{"class", "count", "seed", "out"} {
		if c.IsSet(flag) {
			return usageError{fmt.Errorf("--compare-with draws what is in its file, and no picture: leave out --%s", flag)}
		}
	}
	ref, err := readReference(path, sizes)
	if err != nil {
		return &weights.FormatError{File: path, Reason: err.Error()}
	}
	exact, err := compareOnce(c, g, models.Compute{Exact: true}, sizes, ref)
	if err != nil {
		return err
	}
	if !how.Exact {
		if _, err := compareOnce(c, g, how, sizes, ref); err != nil {
			return err
		}
	}
	if !(exact.largest <= closeEnough) {
		return fmt.Errorf("--compare-with %s: the network draws other images than Python's. What is often the cause: noise and label in the other order, "+
			"another activation or its slope, another eps of a norm, another output (Tanh or Sigmoid), or images that Python drew without eval()", path)
	}
	return nil
}

// compareOnce draws with one setting and prints what differs.
func compareOnce(c *cli.Context, g *models.Net, how models.Compute, sizes models.Config, ref reference) (d difference, err error) {
	if err := g.Use(how); err != nil {
		return d, err
	}
	images, err := g.Images(sizes, ref.noise, ref.labels)
	if err != nil {
		return d, err
	}
	mode := "exact"
	if !how.Exact {
		mode = "fast"
		if how.Precision == models.BF16 {
			mode = "fast, bf16"
		}
	}
	d = differenceOf(images, ref.images)
	_, err = fmt.Fprintf(c.App.Writer, "%s: %s\n", mode, d.text(ref.shape))
	return d, err
}

// readReference reads noise, labels and images, and sees that they are for a network of these sizes.
func readReference(path string, sizes models.Config) (ref reference, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return ref, errors.Unwrap(err)
	}
	if !info.Mode().IsRegular() || info.Size() > npz.MaxBytes {
		return ref, fmt.Errorf("it is no file of at most %d bytes", npz.MaxBytes)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return ref, errors.Unwrap(err)
	}
	arrays, err := npz.Read(data)
	if err != nil {
		return ref, err
	}
	noise, err := arrayOf(arrays, "noise")
	if err != nil {
		return ref, err
	}
	images, err := arrayOf(arrays, "images", "image")
	if err != nil {
		return ref, err
	}
	ref.shape = sizes.Image()
	if err := fitsBatch(noise, int64(sizes.Noise), "noise", "nz"); err != nil {
		return ref, err
	}
	if err := fitsBatch(images, product(ref.shape), "images", shape(ref.shape)); err != nil {
		return ref, err
	}
	if noise.Shape[0] != images.Shape[0] {
		return ref, fmt.Errorf("it holds noise for %d images, and %d images", noise.Shape[0], images.Shape[0])
	}
	if ref.noise, err = noise.Float32s(); err != nil {
		return ref, fmt.Errorf("noise: %w", err)
	}
	if ref.images, err = images.Float32s(); err != nil {
		return ref, fmt.Errorf("images: %w", err)
	}
	if sizes.Classes == 0 {
		return ref, nil
	}
	ref.labels, err = readLabels(arrays, noise.Shape[0])
	return ref, err
}

// arrayOf is the array of one of some names.
func arrayOf(arrays weights.StateDict, names ...string) (weights.Tensor, error) {
	for _, name := range names {
		if t, ok := arrays.Get(name); ok {
			return t, nil
		}
	}
	return weights.Tensor{}, fmt.Errorf("it holds no array called %s, but %s: numpy.savez(file, noise=..., labels=..., images=...) writes one",
		names[0], strings.Join(arrays.Keys(), ", "))
}

// fitsBatch sees that an array has so many values for each image.
func fitsBatch(t weights.Tensor, each int64, name, of string) error {
	if len(t.Shape) < 2 || t.Shape[0] < 1 || t.Numel() != t.Shape[0]*each {
		return fmt.Errorf("%s has the shape %v: the network has %d values for each image (%s)", name, t.Shape, each, of)
	}
	return nil
}

// readLabels reads a whole number for each image.
func readLabels(arrays weights.StateDict, n int64) ([]int64, error) {
	t, err := arrayOf(arrays, "labels", "label")
	if err != nil {
		return nil, err
	}
	if t.Numel() != n {
		return nil, fmt.Errorf("labels has the shape %v: one number for each of %d images is wanted, not a one-hot row", t.Shape, n)
	}
	labels, err := t.Int64s()
	if err != nil {
		return nil, fmt.Errorf("labels: %w", err)
	}
	return labels, nil
}

// product is how many values a shape has.
func product(shape []int64) int64 {
	n := int64(1)
	for _, size := range shape {
		n *= size
	}
	return n
}

// difference is how far two lists of values are apart.
type difference struct {
	bits          int // values that are not the same to the bit
	largest, mean float64
	at            int // where the largest is
}

func differenceOf(a, b []float32) (d difference) {
	for i := range a {
		if math.Float32bits(a[i]) != math.Float32bits(b[i]) {
			d.bits++
		}
		apart := math.Abs(float64(a[i]) - float64(b[i]))
		d.mean += apart / float64(len(a))
		if apart > d.largest || math.IsNaN(apart) && !math.IsNaN(d.largest) {
			d.largest, d.at = apart, i
		}
	}
	return d
}

// text is for people; shape is that of an image.
func (d difference) text(shape []int64) string {
	if d.bits == 0 {
		return "equal, bit for bit"
	}
	place, at := make([]int64, len(shape)), int64(d.at)
	for i, size := range slices.Backward(shape) {
		place[i], at = at%size, at/size
	}
	return fmt.Sprintf("largest difference %.1e at image %d %s, mean %.1e", d.largest, at, strings.ReplaceAll(fmt.Sprint(place), " ", ", "), d.mean)
}
