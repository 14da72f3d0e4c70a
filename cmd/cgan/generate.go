package main

import (
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"strconv"
	"strings"

	"cgan/bindings/torch"
	"cgan/models"
	"cgan/models/picture"
	"cgan/train"

	"github.com/urfave/cli/v2"
)

const (
	maxCount   = 1000
	gridColumn = 8 // images in a row when one class is drawn
)

func generateCommand() *cli.Command {
	return &cli.Command{
		Name:  "generate",
		Usage: "draw images of the classes that you name",
		Description: "Writes one PNG grid. With several classes the columns are the classes and the images of a row\n" +
			"share one noise. The same weights, classes, count and seed give the same bytes.",
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "weights", Usage: "run folder or weights file `RUN_OR_FILE` of a generator"},
			keyFlag(),
			plainFlag(),
			&cli.StringFlag{Name: "class", Usage: "classes to draw: 3, 0-9 or 1,3,5", Value: "0-9"},
			&cli.IntFlag{Name: "count", Usage: fmt.Sprintf("images of each class, from 1 to %d", maxCount), Value: 1, Action: checkCount},
			seedFlag(),
			&cli.StringFlag{Name: "out", Usage: "PNG `FILE` to write; an existing one is replaced", Value: "images.png"},
			deviceFlag("auto"),
			threadsFlag(),
		}, speedFlags(train.Default())...),
		Action: runGenerate,
	}
}

func checkCount(_ *cli.Context, v int) error {
	if v < 1 || v > maxCount {
		return usageError{fmt.Errorf("--count is %d: it must be from 1 to %d", v, maxCount)}
	}
	return nil
}

func runGenerate(c *cli.Context) error {
	if c.String("weights") == "" {
		return usageError{errors.New("--weights is missing: name a run folder such as runs/00000-mnist, or a weights file")}
	}
	classes, err := parseClasses(c.String("class"))
	if err != nil {
		return usageError{err}
	}
	if out := c.String("out"); !strings.EqualFold(filepath.Ext(out), ".png") {
		return usageError{fmt.Errorf("--out %s: pictures are PNG: end the name in .png", out)}
	}
	how := compute(c)
	if err := how.Validate(); err != nil {
		return usage(err)
	}
	if err := setUp(how, c.Int("threads")); err != nil {
		return err
	}
	w, err := openWeights(c, c.String("weights"), c.String("key"))
	if err != nil {
		return err
	}
	sizes := w.Config
	g, err := w.LoadGenerator()
	if err != nil {
		return err
	}
	defer g.Free()
	for _, class := range classes {
		if class >= int64(sizes.Classes) {
			return usageError{fmt.Errorf("--class %d: these weights know 0 to %d", class, sizes.Classes-1)}
		}
	}
	images, columns, err := draw(c, g, how, sizes, classes)
	if err != nil {
		return err
	}
	if err := picture.Save(c.String("out"), true, images.Grid(columns)); err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.App.Writer, "drew %d images into %s\n", len(classes)*c.Int("count"), c.String("out"))
	return err
}

// draw gives the images and the columns of their grid; one class fills rows of its own.
func draw(c *cli.Context, g *models.Generator, how models.Compute, sizes models.Config, classes []int64) (models.Images, int, error) {
	err := torch.Do("move the generator", func() error {
		device, err := torch.ParseDevice(c.String("device"))
		if err == nil {
			g.To(device)
		}
		return err
	})
	if err != nil {
		return models.Images{}, 0, err
	}
	if err := g.Use(how); err != nil {
		return models.Images{}, 0, err
	}
	images, err := g.Draw(sizes, c.Int("count"), classes, seedOf(c))
	if err != nil || len(classes) > 1 {
		return images, len(classes), err
	}
	columns := min(images.N, gridColumn)
	return padRow(images, columns), columns, nil
}

// padRow fills the last row of a grid with black images.
func padRow(images models.Images, columns int) models.Images {
	size := images.Channels * images.Height * images.Width
	for images.N%columns != 0 {
		for range size {
			images.Pixels = append(images.Pixels, -1)
		}
		images.N++
	}
	return images
}

// parseClasses reads 3, 0-9, 1,3,5 and mixtures of them.
func parseClasses(text string) (classes []int64, err error) {
	for _, part := range strings.Split(text, ",") {
		from, to, isRange := strings.Cut(strings.TrimSpace(part), "-")
		if !isRange {
			to = from
		}
		first, err1 := strconv.ParseInt(from, 10, 64)
		last, err2 := strconv.ParseInt(to, 10, 64)
		switch {
		case errors.Join(err1, err2) != nil || first < 0:
			return nil, fmt.Errorf("--class %q: write a class such as 3, a range such as 0-9, or a list such as 1,3,5", text)
		case last < first || last > math.MaxInt16:
			return nil, fmt.Errorf("--class %q: the range %s does not go up, or goes too far", text, part)
		}
		for class := first; class <= last; class++ {
			classes = append(classes, class)
		}
	}
	return classes, nil
}
