package evaluate

import (
	"context"
	"errors"
	"math/rand/v2"

	"cgan/models/judge"
	"cgan/train/dataset"
)

// TrainJudge trains a judge on a set and tests it on the set's test split, or, where test is nil, on a tenth of the set that it is
// not trained on. said is called after each step. Free the judge.
func TrainJudge(ctx context.Context, train, test *dataset.Set, o FitOptions, said func(Fitting)) (j *judge.Judge, about judge.About, err error) {
	about = judge.About{Data: train.Hash(), Classes: train.Classes, Size: train.Images.Height, Epochs: o.Epochs, Seed: o.Seed, HeldOut: test == nil}
	if train.Images.N < 20 {
		return nil, about, errors.New("fewer than 20 images are too few to train a judge on")
	}
	order, held := firstNumbers(train.Images.N), []int(nil)
	if test == nil {
		order = rand.New(rand.NewPCG(3, 0)).Perm(train.Images.N)
		tenth := (train.Images.N + 9) / 10
		order, held, test = order[tenth:], order[:tenth], train
	} else {
		held = firstNumbers(test.Images.N)
	}
	if j, err = Fit(ctx, train.Some(order), o, said); err != nil {
		return nil, about, err
	}
	verdicts, err := judgeSet(j, test, held)
	if err != nil {
		j.Free()
		return nil, about, err
	}
	about.Tested, about.Accuracy = verdicts.n(), float64(verdicts.right())/float64(verdicts.n())
	about.Right, about.TestedOf = verdicts.byClass(len(train.Classes))
	return j, about, nil
}
