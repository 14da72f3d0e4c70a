package main

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"cgan/models/picture"
	"cgan/train/dataset"

	"github.com/urfave/cli/v2"
)

func dataCommand() *cli.Command {
	return &cli.Command{
		Name:      "data",
		Usage:     "look at a set of labelled images before training on it",
		ArgsUsage: "NAME|PATH",
		Description: "NAME is mnist or fashion-mnist. PATH is a folder of IDX files, a folder with a folder of images\n" +
			"for each class (or with train and test of such), a .csv of file,label, or a .zip of any of these.\n" +
			"Prints what it holds and what is wrong with it, and draws ten images of each class, of the first 100. The exit code\n" +
			"is 0 where a training would take the set.",
		Flags: append(imageFlags(&cli.IntFlag{Name: "size", Usage: fmt.Sprintf("fit images to `N` x N pixels, %d at most; 0 leaves them as they are", dataset.MaxSize)}),
			&cli.StringFlag{Name: "out", Usage: "PNG `FILE` for the images, ten in a row for each class; an existing one is replaced", Value: "data.png"},
			&cli.BoolFlag{Name: "json", Usage: "print one JSON object"},
		),
		Action: runData,
	}
}

func runData(c *cli.Context) error {
	if c.NArg() != 1 {
		return usageError{errors.New("data takes one NAME or PATH: mnist, fashion-mnist, a folder, a .csv or a .zip")}
	}
	out := c.String("out")
	if !strings.EqualFold(filepath.Ext(out), ".png") {
		return usageError{fmt.Errorf("--out %s: pictures are PNG: end the name in .png", out)}
	}
	o := dataOptions(c)
	if err := o.Validate(); err != nil {
		return usage(err)
	}
	view, set, err := look(c, c.Args().First(), o)
	if err != nil {
		return flagged(err)
	}
	defer set.Close()
	grid, err := sampleGrid(set)
	if err != nil {
		return err
	}
	if err := picture.Save(out, true, grid); err != nil {
		return err
	}
	view.Grid = out
	if c.Bool("json") {
		err = printJSON(c, view)
	} else {
		err = view.print(c.App.Writer)
	}
	if err == nil && len(set.Skipped) > 0 && !o.SkipBad {
		err = flagged(&dataset.DataError{File: c.Args().First(), Offset: -1, Field: "skip_bad",
			Reason: fmt.Sprintf("%d files cannot be taken: mend or remove them, or train without them", len(set.Skipped))})
	}
	return err
}

// view is what the command finds.
type view struct {
	Data       string            `json:"data"`
	Images     int               `json:"images"`
	Channels   int               `json:"channels"`
	Height     int               `json:"height"` // as handed out
	Width      int               `json:"width"`
	Found      dataset.Found     `json:"found"` // as the files have them
	Classes    []classView       `json:"classes"`
	Test       int               `json:"test_images"` // 0 where there are none
	Duplicates duplicates        `json:"duplicates"`
	Bad        []dataset.Problem `json:"bad"`      // files that cannot be taken
	Problems   []string          `json:"problems"` // others
	SHA256     string            `json:"sha256"`
	Grid       string            `json:"grid"`
}

type classView struct {
	Name   string `json:"name"`
	Images int    `json:"images"`
}

func (v *view) print(w io.Writer) error {
	fmt.Fprintf(w, "%s: %d images of %d classes", v.Data, v.Images, len(v.Classes))
	if v.Test > 0 {
		fmt.Fprintf(w, ", and %d to test on", v.Test)
	}
	fmt.Fprintf(w, "\nimages      %dx%d, %s; in the files %s\n", v.Width, v.Height, map[int]string{1: "grey", 3: "RGB"}[v.Channels], foundText(v.Found))
	d := v.Duplicates
	fmt.Fprintf(w, "duplicates  %d within a class, %d in different classes%s\n", d.Within, d.Across, d.examples())
	fmt.Fprintf(w, "samples     %s\n\n", v.Grid)
	table := tabwriter.NewWriter(w, 0, 0, 3, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "Row\tClass\tImages\t")
	for i, class := range v.Classes {
		row := ""
		if i < gridClasses {
			row = fmt.Sprint(i + 1)
		}
		fmt.Fprintf(table, "%s\t%s\t%d\t\n", row, clean(class.Name), class.Images)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	const most = 20
	lines := make([]string, 0, most)
	for _, p := range v.Bad {
		lines = append(lines, fmt.Sprintf("%s %s", clean(p.Name), clean(p.Reason)))
	}
	lines = append(v.Problems, lines...)
	if len(lines) > 0 {
		fmt.Fprintln(w, "\nProblems:")
	}
	for i, line := range lines {
		if i == most {
			fmt.Fprintf(w, "  and %d more: --json lists them\n", len(lines)-most)
			break
		}
		fmt.Fprintln(w, " ", line)
	}
	_, err := fmt.Fprintln(w)
	return err
}

// clean is a name from a foreign set, without what would act on a terminal, and of bounded length.
func clean(name string) string {
	text := fmt.Sprintf("%.200q", name)
	return text[1 : len(text)-1]
}

// foundText says which sizes and colours the files have.
func foundText(f dataset.Found) string {
	const most = 4
	var texts []string
	for i, s := range f.Sizes {
		if i == most {
			texts = append(texts, fmt.Sprintf("and %d more sizes", len(f.Sizes)-most))
			break
		}
		texts = append(texts, fmt.Sprintf("%dx%d (%d)", s.Width, s.Height, s.Count))
	}
	return fmt.Sprintf("%s; %d with colours", strings.Join(texts, ", "), f.Colour)
}
