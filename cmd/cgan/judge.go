package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"cgan/models"
	"cgan/models/judge"
	"cgan/train"
	"cgan/train/dataset"
	"cgan/train/evaluate"
	"cgan/weights/atomicfile"

	"github.com/urfave/cli/v2"
)

func judgeCommand() *cli.Command {
	d := evaluate.DefaultFit()
	return &cli.Command{
		Name:  "judge",
		Usage: "train the classifier that cgan eval judges by",
		Subcommands: []*cli.Command{{
			Name:  "train",
			Usage: "train a judge on a data set, and test it on the set's test images, or on a tenth that it does not see",
			Flags: append(append([]cli.Flag{
				dataFlag(),
				&cli.StringFlag{Name: "out", Usage: "`FILE` to write; an existing one is not replaced", Value: "judge.pt"},
				&cli.IntFlag{Name: "epochs", Usage: "times that it sees every image", Value: d.Epochs},
				&cli.BoolFlag{Name: "flip", Usage: "show it mirrored images too: for things, not for digits and letters"},
				seedFlag(),
				threadsFlag(),
			}, imageFlags(&cli.IntFlag{Name: "size", Usage: "fit images to `N` x N pixels; 0 leaves them as they are"})...), speedFlags(train.Default())...),
			Action: runJudgeTrain,
		}},
	}
}

func runJudgeTrain(c *cli.Context) error {
	o := evaluate.DefaultFit()
	o.Epochs, o.Flip, o.Seed, o.Compute = c.Int("epochs"), c.Bool("flip"), seedOf(c), compute(c)
	if o.Epochs < 1 {
		return usageError{fmt.Errorf("--epochs is %d: it must be at least 1", o.Epochs)}
	}
	if err := o.Compute.Validate(); err != nil {
		return usage(err)
	}
	if err := setUp(o.Compute, c.Int("threads")); err != nil {
		return err
	}
	out := c.String("out")
	if err := newFile(out); err != nil {
		return err
	}
	set, test, err := bothSplits(c, dataOptions(c))
	if err != nil {
		return err
	}
	defer set.Close()
	if test != nil {
		defer test.Close()
	}
	fmt.Fprintf(c.App.Writer, "training a judge on %d images of %d classes, %d epochs\n", set.Images.N, len(set.Classes), o.Epochs)
	said := newFitting(c.App.Writer, c.App.ErrWriter)
	j, about, err := evaluate.TrainJudge(c.Context, set, test, o, func(p evaluate.Fitting) { said.show("judge", p) })
	if err != nil {
		return err
	}
	defer j.Free()
	err = atomicfile.Write(out, false, func(w io.Writer) error { return j.Write(w, about) })
	if errors.Is(err, fs.ErrExist) {
		return fileExists(out)
	}
	if err == nil {
		fmt.Fprintf(c.App.Writer, "%s: reads %v right\n", out, about)
		for i, name := range about.Classes {
			fmt.Fprintf(c.App.Writer, "  %s: %d of %d\n", clean(name), about.Right[i], about.TestedOf[i])
		}
	}
	return err
}

// newFile says what keeps --out from being a file that is made after hours of work.
func newFile(out string) error {
	if _, err := os.Lstat(out); err == nil {
		return usageError{fileExists(out)}
	}
	dir := filepath.Dir(out)
	_, err := os.Stat(dir)
	if err == nil {
		err = canWrite(dir)
	}
	if err != nil {
		return usageError{fmt.Errorf("--out %s: %w: name a file in a folder that is there and can be written to", out, err)}
	}
	return nil
}

func fileExists(out string) error {
	return fmt.Errorf("--out %s: the file exists: name another one, or remove it", out)
}

// bothSplits opens the training and the test images of --data; the latter are nil where the set has none.
func bothSplits(c *cli.Context, o dataset.Options) (set, test *dataset.Set, err error) {
	say := func(text string) { fmt.Fprintln(c.App.ErrWriter, text) }
	data := c.String("data")
	if set, err = dataset.Open(c.Context, data, o, say); err != nil {
		return nil, nil, flagged(err)
	}
	test, err = evaluate.OpenTest(c.Context, data, o, set, say)
	if err != nil {
		set.Close()
		return nil, nil, flagged(err)
	}
	return set, test, nil
}

// sizedAs has images fitted to what a generator draws, unless a size is given.
func sizedAs(sizes models.Config, o dataset.Options) dataset.Options {
	if image := sizes.Image(); o.Size == 0 && image[1] == image[2] {
		o.Size, o.Channels = int(image[1]), int(image[0])
	}
	return o
}

// judgeFor is the judge of --judge, which needs no data, or that of the data, which may be trained for it.
func judgeFor(c *cli.Context, set, test *dataset.Set) (*judge.Judge, judge.About, error) {
	if path := c.String("judge"); path != "" {
		file, err := models.OpenFile(path)
		if err != nil {
			return nil, judge.About{}, err
		}
		return judge.Of(file)
	}
	say, said := func(text string) { fmt.Fprintln(c.App.ErrWriter, text) }, newFitting(c.App.ErrWriter, c.App.ErrWriter)
	return evaluate.JudgeOf(c.Context, set, test, say, func(p evaluate.Fitting) { said.show("judge", p) })
}
