package evaluate

import (
	"context"
	"errors"
	"math"

	"cgan/bindings/nn"
	"cgan/bindings/optim"
	"cgan/bindings/torch"
	"cgan/models"
	"cgan/models/judge"
	"cgan/train/dataset"
	"cgan/train/loader"
)

// FitOptions say how a judge is trained. They mirror the arguments of fit in fit.py.
type FitOptions struct {
	Epochs, Batch  int
	LR             float64 // the highest: it rises over a twentieth of the steps and falls as a cosine
	LabelSmoothing float64
	Flip           bool // mirror images: not for digits and letters
	Seed           int64
	Compute        models.Compute
}

// DefaultFit is how the judges in the box were trained.
func DefaultFit() FitOptions {
	return FitOptions{Epochs: 16, Batch: 128, LR: 2e-3, LabelSmoothing: judge.Smoothing}
}

// Fitting is how far the training of a judge has come.
type Fitting struct {
	Epoch, Epochs int     // from 1
	Step, Steps   int     // of this epoch, from 1
	Loss          float64 // the mean of this epoch's steps so far
}

// Fit trains a judge on a set. said is called after each step. The judge is in evaluation mode; free it.
func Fit(ctx context.Context, set *dataset.Set, o FitOptions, said func(Fitting)) (j *judge.Judge, err error) {
	batches, err := loader.New(set, o.Batch, torch.CPU)
	if err != nil {
		return nil, err
	}
	defer batches.Free()
	f := fit{FitOptions: o, batches: batches, steps: o.Epochs * batches.Batches()}
	err = torch.Do("make the judge", func() error {
		torch.ManualSeed(o.Seed)
		f.judge = judge.New(int64(set.Images.Channels), int64(len(set.Classes)))
		f.judge.SetFast(o.Compute.Fast())
		f.adam = optim.NewAdam(f.judge.Parameters(), o.LR, 0.9, 0.999)
		return nil
	})
	if err != nil {
		return nil, err
	}
	defer f.adam.Free()
	for epoch := range o.Epochs {
		if err := f.epoch(ctx, epoch+1, said); err != nil {
			f.judge.Free()
			return nil, err
		}
	}
	f.judge.Eval()
	return f.judge, nil
}

// fit is a judge's training under way.
type fit struct {
	FitOptions
	batches     *loader.Loader
	judge       *judge.Judge
	adam        *optim.Adam
	step, steps int
}

// epoch trains on every image once.
func (f *fit) epoch(ctx context.Context, number int, said func(Fitting)) error {
	if err := f.batches.Shuffle(); err != nil {
		return err
	}
	sum := 0.0
	for i := range f.batches.Batches() {
		if err := ctx.Err(); err != nil {
			return err
		}
		err := torch.Do("train the judge", func() error {
			image, label, err := f.batches.Batch(i)
			if err == nil {
				sum += f.update(image, label)
			}
			return err
		})
		if err != nil {
			return err
		}
		said(Fitting{number, f.Epochs, i + 1, f.batches.Batches(), sum / float64(i+1)})
	}
	if math.IsNaN(sum) {
		return errors.New("the judge's training diverged: its loss is no number")
	}
	return nil
}

// update is one step.
func (f *fit) update(image, label *torch.Tensor) float64 {
	f.adam.SetLR(f.LR * min(1, float64(f.step+1)/(0.05*float64(f.steps))) * (1 + torch.Cos(math.Pi*float64(f.step)/float64(f.steps))) / 2)
	f.step++
	image = judge.Augment(image, f.Flip)
	loss := nn.CrossEntropyLoss{LabelSmoothing: f.LabelSmoothing}.Forward(f.judge.Forward(image), label)
	f.judge.ZeroGrad()
	loss.Backward()
	f.adam.Step()
	return loss.Item()
}
