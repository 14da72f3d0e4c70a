package evaluate

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"cgan/models"
	"cgan/models/judge"
	"cgan/train/dataset"
)

// MinCount is the fewest images that are compared.
const MinCount = 10 * neighbourK

// Reference is real images as a judge sees them, to compare with. One serves all generators of a set.
type Reference struct {
	judge   *judge.Judge
	about   judge.About
	train   *dataset.Set
	order   []int // of the training set's images: those of real come first, then those of other
	real    *judged
	other   *judged      // as many others, and as many of each class
	tested  *dataset.Set // the test set, or those of other
	heldOut *judged      // as many of tested
	rooted  rooted       // of real
	floor   float64
	balls   []ball    // about each of real
	others  PRDC      // of other, as of a generator
	unseen  []float64 // the distance of each of heldOut to the nearest of real
	size    [3]int
	casReal float64 // CAS.Real, once it is known
}

// NewReference judges count images of a training set, as many others of the same classes, and those of a test set, which may be
// nil. The judge and the sets are the caller's, and last as long as the reference.
func NewReference(j *judge.Judge, about judge.About, train, test *dataset.Set, count int) (r *Reference, err error) {
	if err := knows(j, about, train); err != nil {
		return nil, err
	}
	order := alike(train.Labels, count)
	if count = len(order) / 2; count < MinCount {
		return nil, fmt.Errorf("%d real images to compare with are too few: the data has %d, and twice %d are needed", count, train.Images.N, MinCount)
	}
	r = &Reference{judge: j, about: about, train: train, order: order, size: [3]int{train.Images.Channels, train.Images.Height, train.Images.Width}}
	if r.real, err = judgeSet(j, train, r.order[:count]); err != nil {
		return nil, err
	}
	if r.other, err = judgeSet(j, train, r.order[count:2*count]); err != nil {
		return nil, err
	}
	if r.tested, r.heldOut = test, r.other; test == nil {
		r.tested = train.Some(r.order[count : 2*count])
	} else if r.heldOut, err = judgeSet(j, test, some(test.Images.N, count)); err != nil {
		return nil, err
	}
	if about.Data != train.Hash() { // its accuracy is of other images
		r.about.HeldOut = test == nil
		if err := testOn(&r.about, j, r.tested, firstNumbers(r.tested.Images.N)); err != nil {
			return nil, err
		}
	}
	return r, r.measure()
}

// knows says what keeps a judge from reading the images of a set.
func knows(j *judge.Judge, about judge.About, set *dataset.Set) error {
	var is, has any
	switch size := set.Images.Height; {
	case len(about.Classes) != len(set.Classes):
		is, has = fmt.Sprintf("%d classes", len(about.Classes)), len(set.Classes)
	case !slices.Equal(about.Classes, set.Classes):
		is, has = models.Classes(about.Classes), models.Classes(set.Classes)
	case int(j.Channels()) != set.Images.Channels:
		is, has = fmt.Sprintf("images of %d channels", j.Channels()), set.Images.Channels
	case about.Size > 0 && about.Size != size:
		is, has = fmt.Sprintf("images of %d pixels a side", about.Size), size
	default:
		return nil
	}
	return fmt.Errorf("the judge knows %v, and the data has %v: judge with one that was trained on the data", is, has)
}

// Floor is the Frechet distance of real images from others.
func (r *Reference) Floor() float64 { return r.floor }

// some is the numbers of count random images of n, or of all: sets may lie class by class.
func some(n, count int) []int {
	if count >= n {
		return firstNumbers(n)
	}
	return rand.New(rand.NewPCG(2, 0)).Perm(n)[:count]
}

// alike is the numbers of two random sets of images, the one after the other, whose images i are of the same class: count of each, or
// as many as there are.
func alike(labels []int32, count int) []int {
	var one, other []int
	waiting := map[int32]int{} // by class, for a second one
	for _, i := range rand.New(rand.NewPCG(1, 0)).Perm(len(labels)) {
		if len(one) == count {
			break
		}
		if first, ok := waiting[labels[i]]; ok {
			one, other = append(one, first), append(other, i)
			delete(waiting, labels[i])
		} else {
			waiting[labels[i]] = i
		}
	}
	return append(one, other...)
}

// measure finds what the figures of every generator need of the real images.
func (r *Reference) measure() (err error) {
	r.rooted = rootedOf(r.real.features, r.real.n())
	if r.floor, err = frechet(r.rooted, gaussianOf(r.other.features, r.other.n())); err != nil {
		return err
	}
	if r.balls, err = balls(r.real, neighbourK); err != nil {
		return err
	}
	others, err := compare(r.real, r.other, r.balls)
	if err != nil {
		return err
	}
	r.others = others.PRDC
	r.unseen, err = closest(r.heldOut, r.real)
	return err
}
