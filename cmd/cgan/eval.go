package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"text/tabwriter"
	"time"

	"cgan/models"
	"cgan/models/judge"
	"cgan/train"
	"cgan/train/evaluate"

	"github.com/urfave/cli/v2"
)

const (
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
			"whether they are copies, and how well a classifier reads real images that saw drawn ones alone (CAS).\n\n" +
			"The judge is a classifier of the data's classes. Those of MNIST and Fashion-MNIST ship with cgan; for other data one is\n" +
			"trained, which takes many minutes, and kept in the user's cache; cgan judge train makes one to keep. The same command gives the\n" +
			"same figures.",
		Flags: append(append([]cli.Flag{
			dataFlagElse("that of the run, or MNIST where a file does not say what it was trained on"),
			&cli.IntFlag{Name: "count", Usage: "images to draw in all, and real ones to compare them with; each class has the same share in both", Value: defaultEvalCount},
			&cli.StringFlag{Name: "judge", Usage: "the judge in `FILE`, from cgan judge train, in place of the data's own"},
			&cli.BoolFlag{Name: "cas", Usage: "train the classifiers of CAS, which takes most of the time; --cas=false leaves them out", Value: true},
			&cli.StringFlag{Name: "inception", Usage: "add the FID on the features of the network in `FILE`, TorchScript of your own, which runs: from uint8 images [N, 3, H, W] to [N, F]"},
			&cli.StringFlag{Name: "report", Usage: "write figures.json, pictures and a README.md with them into `DIR`, or, of several generators, a folder in it for each"},
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
	if n := c.Int("count"); n < evaluate.MinCount || n > maxEvalCount {
		return usageError{fmt.Errorf("--count is %d: it must be from %d to %d", n, evaluate.MinCount, maxEvalCount)}
	}
	e := evaluation{Context: c, how: compute(c), said: newFitting(c.App.ErrWriter, c.App.ErrWriter)}
	if err := e.how.Validate(); err != nil {
		return usage(err)
	}
	if err := setUp(e.how, c.Int("threads")); err != nil {
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
	if err := takeData(c); err != nil {
		return err
	}
	reports, err := reportFolders(c.String("report"), c.Args().Slice())
	if err != nil {
		return err
	}
	if path := c.String("inception"); path != "" {
		image := all[0].Config.Image()
		inception, err := evaluate.OpenInception(path, int(image[1]), int(image[2]))
		if err != nil {
			return usageError{fmt.Errorf("--inception: %w", err)}
		}
		defer inception.Free()
		e.inception = inception
	}
	free, err := e.open(all[0].Config)
	if err != nil {
		return err
	}
	defer free()
	for i, w := range all {
		if err := e.reference.Fits(w.Config, w.Classes); err != nil {
			return usageError{fmt.Errorf("%s: %w", c.Args().Get(i), err)}
		}
	}
	if n := e.reference.Count(); n < c.Int("count") {
		fmt.Fprintf(c.App.ErrWriter, "notice: --count is %d, and the data has %d images for each of the two real sets that are compared: as many are drawn\n", c.Int("count"), n)
	}
	var figures []*evaluate.Figures
	var failed error
	for i, w := range all {
		f, err := e.of(w, c.Args().Get(i), reports[i])
		if err != nil {
			failed = errors.Join(failed, fmt.Errorf("%s: %w", c.Args().Get(i), err))
		}
		if f == nil {
			break
		}
		if figures = append(figures, f); !c.Bool("json") {
			continue
		}
		if err := printJSON(c, struct {
			File string `json:"file"`
			*evaluate.Figures
		}{w.File.Path, f}); err != nil {
			return err
		}
	}
	if c.Bool("json") || len(figures) == 0 {
		return failed
	}
	return errors.Join(printFigures(c, figures), failed)
}

// evaluation is an eval under way.
type evaluation struct {
	*cli.Context
	how       models.Compute
	reference *evaluate.Reference
	inception *evaluate.Inception // nil where no FID was asked for
	said      *fitting
}

// open opens the data in the generator's size, and the judge that goes with it.
func (e *evaluation) open(sizes models.Config) (free func(), err error) {
	set, test, err := bothSplits(e.Context, sizedAs(sizes, dataOptions(e.Context)))
	if err != nil {
		return nil, err
	}
	var j *judge.Judge
	free = func() {
		if j != nil {
			j.Free()
		}
		set.Close()
		if test != nil {
			test.Close()
		}
	}
	j, about, err := judgeFor(e.Context, set, test)
	if err == nil {
		j.Use(e.how)
		e.reference, err = evaluate.NewReference(j, about, set, test, e.Int("count"))
	}
	if err != nil {
		free()
		return nil, err
	}
	return free, nil
}

// of evaluates one generator, called name, and writes its report where there is a folder for it. Figures without a report come
// with an error.
func (e *evaluation) of(w *models.Weights, name, report string) (*evaluate.Figures, error) {
	g, err := w.LoadGenerator()
	if err != nil {
		return nil, ofArch(e.Context, err)
	}
	defer g.Free()
	if err := g.Use(e.how); err != nil {
		return nil, err
	}
	began := time.Now()
	drawn, err := e.reference.Draw(e.Context.Context, g, w.Config, seedOf(e.Context))
	if err != nil {
		return nil, err
	}
	drew := time.Since(began)
	f, err := e.reference.Figures(drawn)
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(e.App.ErrWriter, "%s: drew and judged %d images in %.2f s, compared them with real ones in %.2f s\n",
		clean(name), e.reference.Count(), drew.Seconds(), (time.Since(began) - drew).Seconds())
	if e.inception != nil {
		if f.FID, err = e.inception.FID(e.Context.Context, e.reference, drawn, e.said.seeing()); err != nil {
			return nil, err
		}
	}
	if e.Bool("cas") && w.Config.Classes > 0 {
		if f.CAS, err = e.reference.CAS(e.Context.Context, drawn, e.how, e.said.show); err != nil {
			return nil, err
		}
	}
	if report != "" {
		err = e.reference.WriteReport(report, name, drawn, f)
	}
	return f, err
}

// takeData sets --data, where it is not given, to what the generators say that they were trained on.
func takeData(c *cli.Context) error {
	if c.IsSet("data") {
		return nil
	}
	var first trainedOn
	for i, path := range c.Args().Slice() {
		t := dataOf(path)
		if i == 0 {
			first = t
		} else if t.known != first.known || t.data != first.data {
			return usageError{fmt.Errorf("%s and %s were not trained on the same data, as far as they say: name the data to judge by with --data", c.Args().First(), path)}
		}
	}
	if !first.known {
		fmt.Fprintf(c.App.ErrWriter, "notice: %s does not say what it was trained on: it is compared with MNIST; --data names other data\n", c.Args().First())
	}
	return first.take(c)
}

// reportFolders names a folder for each report, none where dir is empty. A folder with other files than a report's is refused.
func reportFolders(dir string, names []string) ([]string, error) {
	folders := make([]string, len(names))
	for i, name := range names {
		if dir == "" {
			continue
		}
		if folders[i] = dir; len(names) > 1 {
			folders[i] = filepath.Join(dir, fmt.Sprintf("%d-%s", i+1, filepath.Base(filepath.Clean(name))))
		}
		_, err := os.Stat(filepath.Join(folders[i], "figures.json"))
		entries, unreadable := os.ReadDir(folders[i])
		if unreadable != nil && !errors.Is(unreadable, fs.ErrNotExist) {
			return nil, usageError{fmt.Errorf("--report: %w", unreadable)}
		}
		if errors.Is(err, fs.ErrNotExist) && len(entries) > 0 {
			return nil, usageError{fmt.Errorf("--report %s: the folder holds other files than a report's: name a new one", folders[i])}
		}
		if err := canWrite(folders[i]); err != nil {
			return nil, usageError{fmt.Errorf("--report %s: %w: name a folder that can be written to", folders[i], err)}
		}
	}
	return folders, nil
}

// canWrite says what keeps a folder from being filled, or from being made where it is not there yet.
func canWrite(dir string) error {
	for {
		info, err := os.Stat(dir)
		if err == nil && !info.IsDir() {
			return fmt.Errorf("%s is a file", dir)
		}
		if above := filepath.Dir(dir); errors.Is(err, fs.ErrNotExist) && above != dir {
			dir = above
			continue
		}
		probe, err := os.CreateTemp(dir, ".cgan-*")
		if at := (*fs.PathError)(nil); errors.As(err, &at) {
			return fmt.Errorf("%s: %w", dir, at.Err)
		} else if err != nil {
			return err
		}
		probe.Close()
		return os.Remove(probe.Name())
	}
}

// printFigures prints the figures of several generators, a column for each.
func printFigures(c *cli.Context, all []*evaluate.Figures) error {
	first := all[0]
	fmt.Fprintf(c.App.Writer, "%d images beside %d real ones; the judge reads %v right\n\n", first.Count, first.Real, first.Judge)
	w := tabwriter.NewWriter(c.App.Writer, 0, 0, 3, ' ', 0)
	row := func(name string, cell func(i int) string) {
		fmt.Fprint(w, name)
		for i := range all {
			fmt.Fprint(w, "\t"+cell(i))
		}
		fmt.Fprintln(w)
	}
	if len(all) > 1 {
		row("", func(i int) string { return clean(c.Args().Get(i)) })
	}
	most := slices.MaxFunc(all, func(a, b *evaluate.Figures) int { return len(a.Rows()) - len(b.Rows()) }) // without classes there are fewer
	for at, r := range most.Rows() {
		row(r.Name, func(i int) string {
			own := slices.IndexFunc(all[i].Rows(), func(o evaluate.Row) bool { return o.Name == r.Name })
			if own < 0 {
				return "-"
			}
			return all[i].Rows()[own].Value + " (" + all[i].Rows()[own].Beside + ")"
		})
		if at > 0 || most.Consistency == nil {
			continue
		}
		for class, name := range most.Judge.Classes {
			row("  "+clean(name), func(i int) string {
				if all[i].Consistency == nil {
					return "-"
				}
				return all[i].Consistency.OfClass(class)
			})
		}
	}
	return w.Flush()
}
