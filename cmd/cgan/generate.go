package main

import (
	"errors"
	"fmt"
	"path/filepath"
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
			"share one noise. The same weights, classes, count and seed give the same bytes.\n" +
			"A generator that knows no classes draws --count images.",
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "weights", Usage: "run folder or weights file `RUN_OR_FILE` of a generator"},
			keyFlag(),
			plainFlag(),
			archFlag(), mapFlag(),
			&cli.StringFlag{Name: "compare-with", Usage: "draw nothing, but compare with images that a Python program drew: an .npz `FILE` with noise, labels and images"},
			&cli.StringFlag{Name: "class", Usage: "classes to draw, by name or number: 3, 0-9, 1,3,5 or trouser; without it all"},
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
	w, err := openWeights(c, c.String("weights"))
	if err != nil {
		return err
	}
	classes, err := chosenClasses(c, w)
	if err != nil {
		return err
	}
	g, err := w.LoadGenerator()
	if err != nil {
		return ofArch(c, err)
	}
	defer g.Free()
	if err := moveTo(c.String("device"), g); err != nil {
		return err
	}
	if path := c.String("compare-with"); path != "" {
		return compareWith(c, g, how, w.Config, path)
	}
	if err := g.Use(how); err != nil {
		return err
	}
	images, err := g.Draw(w.Config, c.Int("count"), classes, seedOf(c))
	if err != nil {
		return err
	}
	if err := savePicture(c.String("out"), images, len(classes)); err != nil {
		return err
	}
	fmt.Fprintf(c.App.Writer, "drew %d images into %s\n", images.N, c.String("out"))
	if len(classes) > 1 {
		fmt.Fprintf(c.App.Writer, "columns: %s\n", w.Classes.Of(classes))
	}
	return nil
}

// chosenClasses are those of --class; none where the generator knows none.
func chosenClasses(c *cli.Context, w *models.Weights) ([]int64, error) {
	if w.Config.Classes == 0 {
		if c.IsSet("class") {
			return nil, usageError{fmt.Errorf("--class %s: the generator knows no classes: leave it out; --seed and --count choose what is drawn", c.String("class"))}
		}
		return nil, nil
	}
	classes, err := w.Classes.Parse(c.String("class"))
	if err != nil {
		return nil, usageError{fmt.Errorf("--class %s: %w", c.String("class"), err)}
	}
	return classes, nil
}

// moveTo moves the generator to a device.
func moveTo(name string, g *models.Net) error {
	return torch.Do("move the generator", func() error {
		device, err := torch.ParseDevice(name)
		if err == nil {
			g.To(device)
		}
		return err
	})
}

// savePicture writes a grid with a column for each class; one class, or none, fills rows of its own.
func savePicture(path string, images models.Images, columns int) error {
	if columns <= 1 {
		columns = min(images.N, gridColumn)
		images = padRow(images, columns)
	}
	return picture.Save(path, true, images.Grid(columns))
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
