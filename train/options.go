package train

import (
	"fmt"
	"slices"
	"strings"

	"cgan/models"
)

// Options are what a training can have beside the article's. DefaultOptions is the article's way.
type Options struct {
	Loss           string  `json:"loss"`            // what both networks minimise: one of LossNames
	LabelSmoothing float64 `json:"label_smoothing"` // D's target for real images is 1 less this
	SpectralNorm   bool    `json:"spectral_norm"`   // of the weights of D's convolutions
	DSteps         int     `json:"d_steps"`         // updates of D for one of G
	R1             float64 `json:"r1"`              // gamma of the R1 penalty on D's gradient at real images; 0 for none
	EMA            float64 `json:"ema"`             // of the average of G's weights that samples are drawn with: its decay for each step, at most (1+n)/(10+n) after n steps, or, from 100 on, its half-life in images; 0 for none
	LRG            float64 `json:"lr_g"`            // G's learning rate; 0 for lr
	LRD            float64 `json:"lr_d"`            // D's; 0 for lr
	LRSchedule     string  `json:"lr_schedule"`     // how both fall to 0 over the run's steps: one of LRSchedules
}

// minHalfLife, in images, keeps half-lives apart from decays.
const minHalfLife = 100

// LossNames are the values of Options.Loss.
var LossNames = []string{"bce", "hinge", "lsgan", "wgan-gp"}

// LRSchedules are the values of Options.LRSchedule.
var LRSchedules = []string{"constant", "linear", "cosine"}

// DefaultOptions is the article's training.
func DefaultOptions() Options { return Options{Loss: "bce", DSteps: 1, LRSchedule: "constant"} }

// validate says which value can't be, or can't be together with another.
func (o Options) validate() error {
	for _, v := range []struct {
		field string
		value float64
	}{
		{"label_smoothing", o.LabelSmoothing}, {"d_steps", float64(o.DSteps)}, {"r1", o.R1}, {"ema", o.EMA}, {"lr_g", o.LRG}, {"lr_d", o.LRD},
	} {
		if err := Check(v.field, v.value); err != nil {
			return err
		}
	}
	for _, v := range []struct {
		field, value string
		known        []string
	}{{"loss", o.Loss, LossNames}, {"lr_schedule", o.LRSchedule, LRSchedules}} {
		if !slices.Contains(v.known, v.value) {
			return &models.FieldError{Field: v.field, Problem: fmt.Sprintf("is %q: there are %s", v.value, strings.Join(v.known, ", "))}
		}
	}
	if o.EMA >= 1 && o.EMA < minHalfLife {
		return &models.FieldError{Field: "ema", Problem: fmt.Sprintf("is %v: it must be a decay below 1, or a half-life of %d images or more", o.EMA, minHalfLife)}
	}
	if o.LabelSmoothing > 0 && o.Loss != "bce" && o.Loss != "lsgan" {
		return &models.FieldError{Field: "label_smoothing", Problem: fmt.Sprintf("is %v, but the loss %s has no targets to smooth: take bce or lsgan, or leave it out",
			o.LabelSmoothing, o.Loss)}
	}
	if o.R1 > 0 && o.Loss == "wgan-gp" {
		return &models.FieldError{Field: "r1", Problem: fmt.Sprintf("is %v, but the loss wgan-gp has a penalty on D's gradient of its own: leave one of them out", o.R1)}
	}
	return nil
}

// lrs are the learning rates of G and of D.
func (c Config) lrs() (g, d float64) {
	g, d = c.LR, c.LR
	if c.LRG > 0 {
		g = c.LRG
	}
	if c.LRD > 0 {
		d = c.LRD
	}
	return g, d
}

// plan tells the trainer where it stands and which steps were planned. A learning rate that falls to 0 at the planned end has
// nothing for steps after it: a run that goes on may end before, but not later.
func (r *run) plan() error {
	r.trainer.done, r.trainer.planned = r.at.Step, r.last
	if r.config.LRSchedule == "constant" || r.before.Planned == 0 {
		return nil
	}
	if r.last > r.before.Planned {
		return &models.FieldError{Field: "lr_schedule", Problem: fmt.Sprintf("is %s: the learning rate of the run in %s falls to 0 at step %d, and it can't go on to step %d; "+
			"ask for no more epochs or steps, or begin a new run from its weights", r.config.LRSchedule, r.config.Resume, r.before.Planned, r.last)}
	}
	r.trainer.planned = r.before.Planned
	return nil
}

// fits says whether the networks of a file are those of these options.
func (o Options) fits(w *models.Weights) error {
	if w.Discriminator == nil || models.HasSpectralNorm(w.Discriminator) == o.SpectralNorm {
		return nil
	}
	has := map[bool]string{false: "has no spectral norm", true: "has spectral norm"}
	return &models.FieldError{Field: "spectral_norm", Problem: fmt.Sprintf("is %v, but the discriminator in %s %s", o.SpectralNorm, w.File.Path, has[!o.SpectralNorm])}
}
