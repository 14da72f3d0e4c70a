package main

import (
	"fmt"

	"cgan/models"

	"github.com/urfave/cli/v2"
)

func plainFlag() cli.Flag {
	return &cli.BoolFlag{Name: "plain", Usage: "take the generator as it was trained, where the file holds an average of its weights too"}
}

// openWeights opens weights to draw with or to write, and says what is worth knowing of them.
func openWeights(c *cli.Context, runOrFile, key string) (*models.Weights, error) {
	w, err := models.Open(runOrFile, key)
	if err != nil {
		return nil, err
	}
	if c.Bool("plain") {
		w.Average = nil
	}
	if w.Average != nil {
		w.File.Notices = append(w.File.Notices, fmt.Sprintf("%s is taken, the average of the generator's weights; --plain takes the generator as it was trained", w.AverageKey))
	}
	for _, n := range w.File.Notices {
		fmt.Fprintf(c.App.ErrWriter, "note: %s: %s\n", w.File.Path, n)
	}
	return w, nil
}
