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
	if err = testOn(&about, j, test, held); err != nil {
		j.Free()
		return nil, about, err
	}
	return j, about, nil
}

// testOn has a judge read images of a set, and takes into about how many it reads right.
func testOn(about *judge.About, j *judge.Judge, set *dataset.Set, numbers []int) error {
	v, err := judgeSet(j, set, numbers)
	if err != nil {
		return err
	}
	about.Tested, about.Accuracy = v.n(), v.accuracy()
	about.Right, about.TestedOf = v.byClass(len(about.Classes))
	return nil
}
