package main

import (
	"os"
	"path/filepath"

	"cgan/train"
	"cgan/weights/pretrained"

	"github.com/urfave/cli/v2"
)

// trainedOn is the data that a generator was trained on, and how its images were fitted.
type trainedOn struct {
	known           bool // else the file says nothing of it
	data            string
	fit, background string
	skipBad         bool
}

// dataOf looks at the run that a generator is of, named by its folder or one of its checkpoints, or at its name in the box.
func dataOf(runOrFile string) trainedOn {
	if d := train.Default(); runOrFile == "" || pretrained.Has(runOrFile) { // without --weights it is that of MNIST
		return trainedOn{known: true, data: runOrFile, fit: d.Fit, background: d.Background}
	}
	dir := runOrFile
	if info, err := os.Stat(dir); err == nil && !info.IsDir() {
		dir = filepath.Dir(dir)
	}
	run, err := train.ResumeConfig(dir)
	if err != nil {
		return trainedOn{}
	}
	return trainedOn{true, run.Data, run.Fit, run.Background, run.SkipBad}
}

// take sets the flags of the data that are not given.
func (t trainedOn) take(c *cli.Context) error {
	if !t.known {
		return nil
	}
	for _, f := range []struct{ name, value string }{{"data", t.data}, {"fit", t.fit}, {"background", t.background}} {
		if !c.IsSet(f.name) {
			if err := c.Set(f.name, f.value); err != nil {
				return err
			}
		}
	}
	if t.skipBad && !c.IsSet("skip-bad") {
		return c.Set("skip-bad", "true")
	}
	return nil
}
