package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"cgan/cmd/internal/screen"
	"cgan/models"
	"cgan/weights"
	"cgan/weights/npz"

	"github.com/urfave/cli/v2"
)

// compareWith draws the images of a reference again, as PyTorch does and as the flags say, and says how far they are from
// Python's. Images that are another network's are an error.
func compareWith(c *cli.Context, g *models.Net, how models.Compute, sizes models.Config, path string) error {
	ref, err := readReference(path)
	if err == nil {
		err = ref.Fits(sizes)
	}
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
	if !exact.Close() {
		return fmt.Errorf("--compare-with %s: the network draws other images than Python's. What is often the cause: noise and label in the other order, "+
			"another activation or its slope, another eps of a norm, another output (Tanh or Sigmoid), or images that Python drew without eval(). "+
			"cgan inspect %s --arch --compare-with %s looks for what is right", path, c.String("weights"), path)
	}
	return nil
}

// compareOnce draws with one setting and prints what differs.
func compareOnce(c *cli.Context, g *models.Net, how models.Compute, sizes models.Config, ref models.Reference) (d models.Difference, err error) {
	if err := g.Use(how); err != nil {
		return d, err
	}
	if d, err = g.Compare(sizes, ref); err != nil {
		return d, err
	}
	mode := "exact"
	if !how.Exact {
		mode = "fast"
		if how.Precision == models.BF16 {
			mode = "fast, bf16"
		}
	}
	_, err = fmt.Fprintf(c.App.Writer, "%s: %s\n", mode, d.Text(sizes.Image()))
	return d, err
}

// settleTime is how long a search for the right network may take.
const settleTime = 3 * time.Minute

// settle finds the network of w that draws the images of a reference.
func settle(c *cli.Context, w *models.Weights, path string) error {
	ref, err := readReference(path)
	if err != nil {
		return &weights.FormatError{File: path, Reason: err.Error()}
	}
	ctx, stop := context.WithTimeout(c.Context, settleTime)
	defer stop()
	block := screen.New(c.App.ErrWriter)
	if block != nil {
		defer block.Erase()
	}
	return w.Settle(ctx, ref, func(count int) {
		if block != nil && block.Due() {
			block.Draw(fmt.Sprintf("tried %d networks", count))
		}
	})
}

// readReference reads noise, labels and images, as numpy.savez writes them.
func readReference(path string) (ref models.Reference, err error) {
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
	if err := areBatches(noise, images); err != nil {
		return ref, err
	}
	ref.N, ref.Image = int(noise.Shape[0]), imageShape(images.Shape[1:])
	if ref.Noise, err = noise.Float32s(); err != nil {
		return ref, fmt.Errorf("noise: %w", err)
	}
	if ref.Images, err = images.Float32s(); err != nil {
		return ref, fmt.Errorf("images: %w", err)
	}
	ref.Labels, err = readLabels(arrays, noise.Shape[0])
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
		names[0], weights.Some(arrays.Keys(), 8, weights.Show))
}

// areBatches sees that both have values for each of as many images.
func areBatches(noise, images weights.Tensor) error {
	for name, t := range map[string]weights.Tensor{"noise": noise, "images": images} {
		if len(t.Shape) < 2 || t.Numel() < 1 {
			return fmt.Errorf("%s has the shape %v: a batch has a row for each image", name, t.Shape)
		}
	}
	if noise.Shape[0] != images.Shape[0] {
		return fmt.Errorf("it holds noise for %d images, and %d images", noise.Shape[0], images.Shape[0])
	}
	return nil
}

// imageShape is channels, height and width; nil for images that are rows of values.
func imageShape(shape []int64) []int64 {
	switch len(shape) {
	case 3:
		return shape
	case 2:
		return []int64{1, shape[0], shape[1]}
	}
	return nil
}

// readLabels reads a class for each image, as a number or as a one-hot row; nil where there are none.
func readLabels(arrays weights.StateDict, n int64) ([]int64, error) {
	t, err := arrayOf(arrays, "labels", "label")
	if err != nil {
		return nil, nil
	}
	if len(t.Shape) == 2 && t.Shape[0] == n && t.Shape[1] > 1 {
		return oneHotLabels(t)
	}
	if t.Numel() != n {
		return nil, fmt.Errorf("labels has the shape %v: a number or a one-hot row for each of %d images is wanted", t.Shape, n)
	}
	labels, err := t.Int64s()
	if err != nil {
		return nil, fmt.Errorf("labels: %w", err)
	}
	return labels, nil
}

// oneHotLabels are the places of the ones.
func oneHotLabels(t weights.Tensor) (labels []int64, err error) {
	values, err := t.Float32s()
	if err != nil {
		return nil, fmt.Errorf("labels: %w", err)
	}
	for row := range slices.Chunk(values, int(t.Shape[1])) {
		at := slices.Index(row, 1)
		if zeros := slices.DeleteFunc(slices.Clone(row), func(v float32) bool { return v != 0 }); at < 0 || len(zeros) != len(row)-1 {
			return nil, fmt.Errorf("labels has the shape %v and is not one-hot: row %d is %v", t.Shape, len(labels), row)
		}
		labels = append(labels, int64(at))
	}
	return labels, nil
}
