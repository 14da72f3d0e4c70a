package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"text/tabwriter"

	"cgan/models"
	"cgan/models/judge"
	"cgan/train"
	"cgan/train/dataset"
	"cgan/train/evaluate"
	"cgan/weights/atomicfile"

	"github.com/urfave/cli/v2"
)

const (
	minEvalCount     = 50
	defaultEvalCount = 10_000
	maxEvalCount     = 50_000 // each is compared with each
)

func evalCommand() *cli.Command {
	return &cli.Command{
		Name:      "eval",
		Usage:     "say how good generators are: a judge reads what they draw and compares it with real images",
		ArgsUsage: "RUN_OR_FILE ...",
		Description: "Draws --count images of each generator and says how many show the class that was asked for, how far they are from\n" +
			"real images (Frechet distance, precision, recall, density, coverage, on the judge's features), how varied they are,\n" +
			"and whether they are copies. The judge is one of the box, or is trained once for the data and kept in the user's cache.\n" +
			"The same command gives the same figures.",
		Flags: append(append([]cli.Flag{
			dataFlag(),
			&cli.IntFlag{Name: "count", Usage: "images to draw, and real ones to compare them with", Value: defaultEvalCount},
			&cli.StringFlag{Name: "judge", Usage: "the judge in `FILE`, from cgan judge train, in place of the data's own"},
			&cli.BoolFlag{Name: "json", Usage: "print one JSON object for each generator"},
			keyFlag(), plainFlag(), archFlag(), mapFlag(), seedFlag(), threadsFlag(),
		}, imageFlags(&cli.IntFlag{Name: "size", Usage: "fit images to `N` x N pixels; 0 takes the size that the generators draw"})...), speedFlags(train.Default())...),
		Action: runEval,
	}
}

func runEval(c *cli.Context) error {
	if c.NArg() == 0 {
		return usageError{errors.New("name the RUN_OR_FILE to evaluate, or several")}
	}
	if n := c.Int("count"); n < minEvalCount || n > maxEvalCount {
		return usageError{fmt.Errorf("--count is %d: it must be from %d to %d", n, minEvalCount, maxEvalCount)}
	}
	how := compute(c)
	if err := how.Validate(); err != nil {
		return usage(err)
	}
	if err := setUp(how, c.Int("threads")); err != nil {
		return err
	}
	all := make([]*models.Weights, c.NArg())
	for i, path := range c.Args().Slice() {
		w, err := openWeights(c, path)
		if err != nil {
			return err
		}
		all[i] = w
	}
	r, free, err := referenceFor(c, all[0].Config)
	if err != nil {
		return err
	}
	defer free()
	table := evalTable{out: c.App.Writer}
	for i, w := range all {
		f, err := evaluateOne(c, r, w, how)
		if err != nil {
			return fmt.Errorf("%s: %w", c.Args().Get(i), err)
		}
		if c.Bool("json") {
			err = printJSON(c, struct {
				File string `json:"file"`
				*evaluate.Figures
			}{w.File.Path, f})
		} else {
			table.add(c.Args().Get(i), f)
		}
		if err != nil {
			return err
		}
	}
	if c.Bool("json") {
		return nil
	}
	return table.print(all[0].Classes)
}

func evaluateOne(c *cli.Context, r *evaluate.Reference, w *models.Weights, how models.Compute) (*evaluate.Figures, error) {
	g, err := w.LoadGenerator()
	if err != nil {
		return nil, ofArch(c, err)
	}
	defer g.Free()
	if err := g.Use(how); err != nil {
		return nil, err
	}
	return r.Evaluate(g, w.Config, c.Int("count"), seedOf(c))
}

// referenceFor opens the data in the generator's size, and the judge that goes with it.
func referenceFor(c *cli.Context, sizes models.Config) (r *evaluate.Reference, free func(), err error) {
	o := dataOptions(c)
	if image := sizes.Image(); o.Size == 0 && image[1] == image[2] {
		o.Size, o.Channels = int(image[1]), int(image[0])
	}
	set, test, err := bothSplits(c, o)
	if err != nil {
		return nil, nil, err
	}
	closeData := func() {
		set.Close()
		if test != nil {
			test.Close()
		}
	}
	j, about, err := judgeFor(c, set, test)
	if err != nil {
		closeData()
		return nil, nil, err
	}
	free = func() {
		j.Free()
		closeData()
	}
	if r, err = evaluate.NewReference(j, about, set, test, c.Int("count")); err != nil {
		free()
		return nil, nil, err
	}
	return r, free, nil
}

// judgeFor is the judge of --judge, or that of the data, trained once.
func judgeFor(c *cli.Context, set, test *dataset.Set) (*judge.Judge, judge.About, error) {
	if path := c.String("judge"); path != "" {
		return judge.Open(path)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return nil, judge.About{}, err
	}
	hash := set.Hash()
	path := filepath.Join(cache, "cgan", "judges", hash+".pt")
	if _, err := os.Stat(path); err == nil {
		return judge.Open(path)
	}
	fmt.Fprintf(c.App.ErrWriter, "training a judge for this data, once: it will lie in %s\n", path)
	o := evaluate.DefaultFit()
	j, about, err := evaluate.TrainJudge(c.Context, set, test, o, func(epoch int, loss float64) {
		fmt.Fprintf(c.App.ErrWriter, "judge, epoch %d/%d: loss %.4f\n", epoch, o.Epochs, loss)
	})
	if err != nil {
		return nil, about, err
	}
	if err = os.MkdirAll(filepath.Dir(path), 0o755); err == nil {
		err = atomicfile.Write(path, true, func(w io.Writer) error { return j.Write(w, about) })
	}
	if err != nil {
		j.Free()
		return nil, about, err
	}
	return j, about, nil
}

// evalTable is the figures of several generators, a column for each.
type evalTable struct {
	out   io.Writer
	names []string
	all   []*evaluate.Figures
}

func (t *evalTable) add(name string, f *evaluate.Figures) {
	t.names, t.all = append(t.names, name), append(t.all, f)
}

func (t *evalTable) print(classes models.Classes) error {
	w := tabwriter.NewWriter(t.out, 0, 0, 3, ' ', 0)
	row := func(name string, cell func(f *evaluate.Figures) string) {
		fmt.Fprint(w, name)
		for _, f := range t.all {
			fmt.Fprint(w, "\t"+cell(f))
		}
		fmt.Fprintln(w)
	}
	first := t.all[0]
	fmt.Fprintf(t.out, "%d images beside %d real ones; the judge reads %.2f %% of %s right\n\n", first.Count, first.Real, 100*first.Judge.Accuracy, testedText(first.Judge))
	if len(t.names) > 1 {
		fmt.Fprint(w, "")
		for _, name := range t.names {
			fmt.Fprint(w, "\t"+clean(name))
		}
		fmt.Fprintln(w)
	}
	if first.Consistency != nil {
		row("class consistency", func(f *evaluate.Figures) string {
			return fmt.Sprintf("%.2f %% (%.2f to %.2f)", 100*f.Consistency.Share, 100*f.Consistency.Interval[0], 100*f.Consistency.Interval[1])
		})
		for i := range first.Consistency.Classes {
			row("  "+clean(classes[i]), func(f *evaluate.Figures) string { return fmt.Sprintf("%.1f %%", 100*f.Consistency.Classes[i]) })
		}
	}
	row("Frechet distance, judge's features", func(f *evaluate.Figures) string { return fmt.Sprintf("%.3f (real: %.3f)", f.Frechet, f.Floor) })
	row("precision, recall", func(f *evaluate.Figures) string { return fmt.Sprintf("%.3f, %.3f", f.Precision, f.Recall) })
	row("density, coverage", func(f *evaluate.Figures) string { return fmt.Sprintf("%.3f, %.3f", f.Density, f.Coverage) })
	row("diversity within a class", func(f *evaluate.Figures) string { return fmt.Sprintf("%.3f of real", f.Diversity) })
	row("nearer to real than 99 % of held-out", func(f *evaluate.Figures) string {
		return fmt.Sprintf("%.2f %% (held-out: %.2f %%)", 100*f.Memorisation.Share, 100*f.Memorisation.HeldOut)
	})
	return w.Flush()
}
