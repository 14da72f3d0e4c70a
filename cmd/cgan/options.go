package main

import (
	"cgan/train"

	"github.com/urfave/cli/v2"
)

// optionFlags are what a training can have beside the article's.
func optionFlags(d train.Config) []cli.Flag {
	return []cli.Flag{
		oneOfFlag("loss", "what the networks minimise: "+orList(train.LossNames)+"; with bce alone D's verdicts are probabilities, else scores", d.Loss, train.LossNames),
		floatFlag("label-smoothing", "D's target for real images is 1 less this, for the losses bce and lsgan", d.LabelSmoothing),
		&cli.BoolFlag{Name: "spectral-norm", Usage: "spectral normalisation of D's convolutions", Value: d.SpectralNorm},
		intFlag("d-steps", "updates of D for one of G: every step is one of D's, every so many one of G's too", d.DSteps),
		floatFlag("r1", "gamma of the R1 penalty: gamma/2 times the squared gradient of D at real images, where D gives scores", d.R1),
		floatFlag("ema", "average of G's weights, which samples, generate and export take: its decay for each step, such as 0.999, or its half-life in images, such as 10000; 0 for none", d.EMA),
		floatFlag("lr-g", "learning rate of G, 0 for that of --lr", d.LRG),
		floatFlag("lr-d", "learning rate of D, likewise", d.LRD),
		oneOfFlag("lr-schedule", "how the learning rates fall over the run's steps: "+orList(train.LRSchedules)+"; linear and cosine come to 0 at the last one, beyond which --resume can't go", d.LRSchedule, train.LRSchedules),
	}
}
