package main

import (
	"fmt"
	"strings"

	"cgan/models"

	"github.com/urfave/cli/v2"
)

func plainFlag() cli.Flag {
	return &cli.BoolFlag{Name: "plain", Usage: "take the generator as it was trained, where the file holds an average of its weights too"}
}

// openWeights opens weights to draw with or to write, with the networks that the flags name, and says what is worth knowing of
// them.
func openWeights(c *cli.Context, runOrFile string) (*models.Weights, error) {
	given, err := givenArch(c)
	if err != nil {
		return nil, err
	}
	w, err := models.OpenAs(runOrFile, c.String("key"), given)
	if err != nil {
		return nil, ofArch(c, err)
	}
	if c.Bool("plain") {
		w.Average = nil
	}
	if w.Average != nil {
		w.File.Notices = append(w.File.Notices, fmt.Sprintf("%s is taken, the average of the generator's weights; --plain takes the generator as it was trained", w.AverageKey))
	}
	if w.Assumed != nil {
		w.File.Notices = append(w.File.Notices, assumedNotice(runOrFile, w.Assumed))
	}
	for _, n := range w.File.Notices {
		fmt.Fprintf(c.App.ErrWriter, "note: %s: %s\n", w.File.Path, n)
	}
	return w, nil
}

// assumedNotice says what was guessed, and how that is looked at and changed.
func assumedNotice(path string, assumed []string) string {
	return fmt.Sprintf("its layers are guessed from keys and shapes, with %s. If the images are wrong: cgan inspect %s --arch > arch.yaml, change it, and give --arch arch.yaml",
		strings.Join(assumed, "; "), path)
}
