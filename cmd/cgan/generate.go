package main

import (
	"errors"
	"fmt"
	"io"
	"math"
	"strings"

	"cgan/bindings/torch"
	"cgan/models"
	"cgan/models/imageset"
	"cgan/train"
	"cgan/weights/pretrained"

	"github.com/urfave/cli/v2"
)

const (
	maxCount      = 1_000_000
	gridColumn    = 8 // images in a row when one class is drawn
	maxScale      = 32
	defaultFrames = 60
	maxFrames     = 1000

	defaultWeights = "mnist" // of package pretrained
)

func generateCommand() *cli.Command {
	return &cli.Command{
		Name:  "generate",
		Usage: "draw images of the classes that you name",
		Description: "Draws a grid whose columns are the classes; the images of a row share one noise. The same weights, seed, row and class\n" +
			"give the same picture, whatever else is drawn and in which form. A generator that knows no classes draws --count images.\n\n" +
			"cgan generate --weights RUN --class 0-9 --count 3 --out three.png\n" +
			"cgan generate --weights RUN --text 2026-11-23 --out date.png\n" +
			"cgan generate --weights RUN --interpolate 3:8 --out three-to-eight.gif\n" +
			"cgan generate --weights RUN --class 8 --count 5000 --filter 0.9 --format folder --out more",
		Flags:  append(generateFlags(), inCategory("Computing", append(speedFlags(train.Default()), deviceFlag("auto"), threadsFlag())...)...),
		Action: runGenerate,
	}
}

// generateFlags are those that say what is drawn, and where it goes.
func generateFlags() []cli.Flag {
	weights := inCategory("Weights",
		&cli.StringFlag{Name: "weights", Usage: "run folder or weights file `RUN_OR_FILE` of a generator, or one that ships with cgan: " + strings.Join(pretrained.Names(), ", "), Value: defaultWeights},
		keyFlag(), plainFlag(), archFlag(), mapFlag(),
		&cli.StringFlag{Name: "compare-with", Usage: "draw nothing, but compare with images that a Python program drew: an .npz `FILE` with noise, labels and images"},
	)
	images := inCategory("Images",
		&cli.StringFlag{Name: "class", Usage: "classes to draw, by name or number: 3, 0-9, 1,3,5 or trouser; without it all"},
		&cli.IntFlag{Name: "count", Usage: fmt.Sprintf("images of each class, from 1 to %d", maxCount), Value: 1, Action: between("count", 1, maxCount)},
		seedFlag(),
		&cli.StringFlag{Name: "seeds", Usage: "`SEEDS` in the place of --seed, such as 0,1,4-6: --count images of each class for each of them"},
		&cli.StringFlag{Name: "text", Usage: "draw `TEXT` as one picture, a class for each letter or digit; other characters are a font's"},
		&cli.StringFlag{Name: "interpolate", Usage: "move from class to class: 3:8 or 3:8:1 (`CLASSES`), or, with one class, from seed to seed of --seeds; noise where the generator knows no classes"},
		&cli.IntFlag{Name: "frames", Usage: fmt.Sprintf("pictures on the way of --interpolate, from 2 to %d", maxFrames), Value: defaultFrames, Action: between("frames", 2, maxFrames)},
		&cli.Float64Flag{Name: "filter", Usage: "keep images of which a judge is as `SURE` that they show their class, such as 0.9; others are drawn in place of the rest"},
		&cli.StringFlag{Name: "judge", Usage: "the judge of --filter, a `FILE` of cgan judge train; without it that of --data"},
		&cli.StringFlag{Name: "data", Usage: "the `DATA` whose judge --filter takes, as cgan eval has it, and trains it once where there is none; without it that of the run; beside weights that do not say it, give this or --judge"},
	)
	output := inCategory("Output",
		&cli.StringFlag{Name: "out", Usage: "`FILE` to write, an existing one is replaced; a folder for folder and idx, where nothing is replaced; - for a pipe (default: images and the ending)"},
		&cli.StringFlag{Name: "format", Usage: "png, gif, apng, folder (class folders of PNG files), npz, idx (as MNIST has it) or raw (bytes); without it by the ending of --out"},
		&cli.IntFlag{Name: "grid", Usage: "images in a row of the picture; without it one for each class, or " + fmt.Sprint(gridColumn) + " where there is one class", Action: between("grid", 1, maxCount)},
		&cli.IntFlag{Name: "scale", Usage: fmt.Sprintf("enlarge pixels to squares of so many, from 1 to %d", maxScale), Value: 1, Action: between("scale", 1, maxScale)},
	)
	return append(append(weights, images...), output...)
}

// inCategory gives flags a heading in --help.
func inCategory(name string, flags ...cli.Flag) []cli.Flag {
	for _, f := range flags {
		switch f := f.(type) {
		case *cli.StringFlag:
			f.Category = name
		case *cli.IntFlag:
			f.Category = name
		case *cli.Float64Flag:
			f.Category = name
		case *cli.BoolFlag:
			f.Category = name
		case *cli.StringSliceFlag:
			f.Category = name
		case *cli.GenericFlag:
			f.Category = name
		}
	}
	return flags
}

// between refuses a number outside of a range.
func between(name string, least, most int) func(*cli.Context, int) error {
	return func(_ *cli.Context, v int) error {
		if v < least || v > most {
			return usageError{fmt.Errorf("--%s is %d: it must be from %d to %d", name, v, least, most)}
		}
		return nil
	}
}

func runGenerate(c *cli.Context) error {
	d, err := readDrawing(c)
	if err != nil {
		return usageError{err}
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
	if d.reference == "" {
		if err := d.plan(w); err != nil {
			return usageError{err}
		}
	}
	g, err := w.LoadGenerator()
	if err != nil {
		return ofArch(c, err)
	}
	defer g.Free()
	if err := moveTo(c.String("device"), g); err != nil {
		return err
	}
	if d.reference != "" {
		return compareWith(c, g, how, w.Config, d.reference)
	}
	if err := g.Use(how); err != nil {
		return err
	}
	return d.run(c, w, g)
}

// run draws and writes.
func (d *drawing) run(c *cli.Context, w *models.Weights, g *models.Net) error {
	keep, free, err := d.keeper(c, w)
	if err != nil {
		return err
	}
	defer free()
	thrown := 0
	err = d.write(c, func(set imageset.Writer) (err error) {
		said := newProgress(c, d.n)
		defer said.end()
		if d.stops != nil {
			return g.DrawWalk(c.Context, w.Config, d.stops, d.count, d.frames, func(images models.Images) error {
				return addAll(set, images, nil, said)
			})
		}
		thrown, err = g.DrawEach(c.Context, w.Config, d.wishes, keep, func(images models.Images, of []models.Origin) error {
			return addAll(set, images, of, said)
		})
		return err
	})
	if err != nil {
		return d.explain(err, w.Classes)
	}
	d.tell(c, w.Classes, thrown)
	return nil
}

// addAll gives a set some images; of may be nil.
func addAll(set imageset.Writer, images models.Images, of []models.Origin, said *progress) error {
	size := len(images.Pixels) / images.N
	for i := range images.N {
		m := imageset.Image{Pixels: images.Pixels[i*size:][:size]}
		if of != nil {
			m.Class, m.Seed, m.Row = int(of[i].Class), of[i].Seed, of[i].Row
		}
		if err := set.Add(m); err != nil {
			return err
		}
	}
	said.add(images.N)
	return nil
}

// explain is err with the flag that can change something.
func (d *drawing) explain(err error, classes models.Classes) error {
	var exists *imageset.ExistsError
	if errors.As(err, &exists) && d.format == "idx" { // its names are those of any seed
		return fmt.Errorf("%w: name another folder by --out", exists)
	} else if errors.As(err, &exists) {
		return fmt.Errorf("%w: other images come of another --seed, or name another folder by --out", err)
	}
	var thrown *models.ThrownError
	if errors.As(err, &thrown) {
		return fmt.Errorf("--filter %v: of the last images of class %s not one was read as that: ask for less, or train the generator longer (%w)", d.filter, clean(classes[thrown.Class]), err)
	}
	return err
}

// tell says what was drawn: where a pipe has the images, on the standard error.
func (d *drawing) tell(c *cli.Context, classes models.Classes, thrown int) {
	to := c.App.Writer
	if d.out == pipe {
		to = c.App.ErrWriter
	}
	fmt.Fprintf(to, "drew %d images into %s\n", d.n, d.out)
	d.tellRenamed(c.App.ErrWriter)
	if d.filter > 0 {
		fmt.Fprintf(to, "threw away %d of %d that were drawn: the judge, which reads %v right, was not sure of them\n",
			thrown, d.n+thrown, d.judge)
	}
	if len(d.classes) > 1 && d.format == "png" && d.columns == len(d.classes) && d.text == nil && d.stops == nil {
		fmt.Fprintf(to, "columns: %s\n", classes.Of(d.classes))
	}
}

// tellRenamed says which folders have other names than their classes.
func (d *drawing) tellRenamed(to io.Writer) {
	const most = 10
	if d.format != "folder" {
		return
	}
	var texts []string
	folders, more := imageset.FolderNames(d.names), 0
	for _, class := range d.classes {
		switch name := d.names[class]; {
		case folders[class] == name:
		case len(texts) < most:
			texts = append(texts, fmt.Sprintf(`"%s" is in %s`, clean(name), clean(folders[class])))
		default:
			more++
		}
	}
	if more > 0 {
		texts = append(texts, fmt.Sprintf("%d more in others", more))
	}
	if len(texts) > 0 {
		fmt.Fprintf(to, "note: --out %s: not every class's name can be a folder's: %s\n", d.out, strings.Join(texts, ", "))
	}
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

// parseSeeds reads seeds and ranges of them, with commas between.
func parseSeeds(text string) (seeds []int64, err error) {
	for _, part := range strings.Split(text, ",") {
		var first, last seed
		if first.Set(part) == nil {
			last = first
		} else if from, to, ok := cutRange(part); !ok || first.Set(from) != nil || last.Set(to) != nil || last < first {
			return nil, fmt.Errorf("--seeds %s: %q is no seed, nor a range that goes up: write 0,1,4-6", text, part)
		}
		if uint64(last)-uint64(first) >= uint64(maxCount-len(seeds)) {
			return nil, fmt.Errorf("--seeds %s: these are more than %d", text, maxCount)
		}
		for s := first; ; s++ {
			seeds = append(seeds, int64(s))
			if s == last || s == math.MaxInt64 {
				break
			}
		}
	}
	return seeds, nil
}

// cutRange cuts at a dash that is no sign.
func cutRange(text string) (from, to string, ok bool) {
	if text == "" {
		return "", "", false
	}
	from, to, ok = strings.Cut(text[1:], "-")
	return text[:1] + from, to, ok
}
