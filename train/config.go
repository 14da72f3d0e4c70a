package train

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"cgan/bindings/distributed"
	"cgan/models"
	"cgan/models/arch"
)

// Config is everything that a training run depends on; it is saved with the run.
type Config struct {
	models.Config
	models.Compute
	Options
	Data        string     `json:"data"`         // name or path of labelled images, as dataset.Open takes it; empty for MNIST
	Fit         string     `json:"fit"`          // crop, pad or stretch: how images come to their size
	Background  string     `json:"background"`   // colour below transparent and beside padded images: black, white or #rrggbb
	SkipBad     bool       `json:"skip_bad"`     // leave out images that can't be read
	Flip        bool       `json:"flip"`         // show half of the images as in a mirror, drawn anew each time
	Resume      string     `json:"-"`            // run folder to go on in; empty for a new one
	Init        string     `json:"init"`         // run folder or weights file to begin with; empty for fresh networks
	InitArch    *arch.File `json:"-"`            // what its networks are, and rules for its keys; nil for what the file says
	Key         string     `json:"key"`          // where in that file the generator's state dict lies; empty for the usual places
	Out         string     `json:"out"`          // folder that holds the run folders
	Epochs      int        `json:"epochs"`       // passes over the data
	Steps       int        `json:"steps"`        // stop after as many steps in all; 0 for no limit
	Batch       int        `json:"batch"`        // images per step
	Seed        int64      `json:"seed"`         // of every random number
	Threads     int        `json:"threads"`      // threads per op, which are the process's: a run notes what it had
	LR          float64    `json:"lr"`           // Adam's learning rate
	Beta1       float64    `json:"beta1"`        // Adam's first decay
	Beta2       float64    `json:"beta2"`        // Adam's second decay
	Device      string     `json:"device"`       // auto, cpu or cuda
	SaveEvery   Every      `json:"save_every"`   // checkpoints beside those at the end of each epoch
	SampleEvery Every      `json:"sample_every"` // grids, likewise
	EvalEvery   Every      `json:"eval_every"`   // evaluations of the generator by a judge
	Judge       string     `json:"judge"`        // its file; empty for the data's own
	StopWhen    string     `json:"stop_when"`    // end when an evaluation meets this Criterion; empty for none
	Patience    int        `json:"patience"`     // end when so many evaluations brought no lower Frechet distance; 0 for never
	Keep        int        `json:"keep"`         // checkpoints that stay, the newest ones; 0 for all
	TimeLimit   Every      `json:"time_limit"`   // save and end after this time
	Trace       string     `json:"trace"`        // file for losses and digests; empty for none

	Compress    string              `json:"compress"` // type that gradients travel in between processes: none, which is float32, or bf16
	SyncBN      bool                `json:"sync_bn"`  // BatchNorm in training over the images of all processes
	DistTimeout time.Duration       `json:"-"`        // within which a rank that is lost ends the others
	Launch      *distributed.Launch `json:"-"`        // this process's place among those that train together; nil for one alone

	HowTo func(c Config, dir string) string `json:"-"` // Markdown for README.md of the run folder dir of c: how to go on from it; nil for nothing
}

// Default is the article's training with the values that it leaves open. Channels is 0: as the data has.
func Default() Config {
	sizes := models.Default()
	sizes.Channels = 0
	return Config{
		Config: sizes, Options: DefaultOptions(), Fit: "crop", Background: "black",
		Out: "runs", Epochs: 20, Batch: 128, LR: 2e-4, Beta1: 0.5, Beta2: 0.999, Device: "auto", Keep: 3, Compute: models.Compute{Precision: models.F32},
		Compress: Compressions[0], DistTimeout: 5 * time.Minute,
	}
}

// Range is the values that a number of the Config may have.
type Range struct{ Min, Max float64 }

// Ranges gives the range of each number by its name in config.json. Adam's decays are below 1.
var Ranges = map[string]Range{
	"epochs": {1, 1e6}, "steps": {0, 1e9}, "batch": {1, 65536}, "keep": {0, 1e6}, "patience": {0, 1e6}, "threads": {0, 1024}, "processes": {1, 1024},
	"lr": {0, 1}, "beta1": {0, math.Nextafter(1, 0)}, "beta2": {0, math.Nextafter(1, 0)},
	"label_smoothing": {0, math.Nextafter(1, 0)}, "d_steps": {1, 1000}, "r1": {0, 1e6}, "ema": {0, 1e12}, "lr_g": {0, 1}, "lr_d": {0, 1},
	"nz": {1, 4096}, "ngf": {1, 4096}, "ndf": {1, 4096},
}

// Check says that value is outside of the range of the field, or nothing.
func Check(field string, value float64) error {
	r := Ranges[field]
	if value >= r.Min && value <= r.Max {
		return nil
	}
	return &models.FieldError{Field: field, Problem: fmt.Sprintf("is %v: it must be %s", value, r)}
}

// String is the range in words for messages and help texts.
func (r Range) String() string {
	if r.Max < 1 {
		return fmt.Sprintf("from %v to below 1", r.Min)
	}
	return fmt.Sprintf("from %v to %d", r.Min, int64(r.Max))
}

// Validate says which value is out of range.
func (c Config) Validate() error {
	for _, v := range []struct {
		field string
		value float64
	}{
		{"epochs", float64(c.Epochs)}, {"steps", float64(c.Steps)}, {"batch", float64(c.Batch)},
		{"keep", float64(c.Keep)}, {"patience", float64(c.Patience)}, {"threads", float64(c.Threads)}, {"lr", c.LR}, {"beta1", c.Beta1}, {"beta2", c.Beta2},
	} {
		if err := Check(v.field, v.value); err != nil {
			return err
		}
	}
	if err := c.dataOptions().Validate(); err != nil {
		return optionError(err)
	}
	if c.TimeLimit.Steps > 0 {
		return &models.FieldError{Field: "time_limit", Problem: fmt.Sprintf("is %d: it must be a time such as 8h", c.TimeLimit.Steps)}
	}
	if err := c.Compute.Validate(); err != nil {
		return err
	}
	if err := c.validateRanks(); err != nil {
		return err
	}
	if err := c.validateEval(); err != nil {
		return err
	}
	if err := c.Options.validate(); err != nil {
		return err
	}
	if c.Arch != nil {
		return c.validateArch()
	}
	sizes := c.Config
	sizes.Channels, sizes.Classes = max(1, sizes.Channels), max(1, sizes.Classes) // the data has them
	return sizes.Validate()
}

// validateRanks looks at the settings of several processes.
func (c Config) validateRanks() error {
	if !slices.Contains(Compressions, c.Compress) {
		return &models.FieldError{Field: "compress", Problem: fmt.Sprintf("is %q: it must be none or bf16", c.Compress)}
	}
	if c.Launch != nil && strings.HasPrefix(c.Device, "cuda") { // before the data is read
		return ErrRanksOnCUDA
	}
	if c.DistTimeout < time.Second || c.DistTimeout > 24*time.Hour {
		return &models.FieldError{Field: "dist_timeout", Problem: fmt.Sprintf("is %v: it must be a time from 1s to 24h", c.DistTimeout)}
	}
	return nil
}
