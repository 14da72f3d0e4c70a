package evaluate

import (
	"fmt"
	"math/rand/v2"

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
	radii   []float32 // of the balls about real
	unseen  []float64 // the distance of each of heldOut to the nearest of real
	size    [3]int
	casReal float64 // CAS.Real, once it is known
}

// NewReference judges count images of a training set, as many others of the same classes, and those of a test set, which may be
// nil. The judge and the sets are the caller's, and last as long as the reference.
func NewReference(j *judge.Judge, about judge.About, train, test *dataset.Set, count int) (r *Reference, err error) {
	if len(train.Classes) != len(about.Classes) {
		return nil, fmt.Errorf("the judge knows %d classes and the data has %d: judge with one that was trained on the data", len(about.Classes), len(train.Classes))
	}
	if int(j.Channels()) != train.Images.Channels {
		return nil, fmt.Errorf("the judge sees images of %d channels and the data has %d: judge with one that was trained on the data", j.Channels(), train.Images.Channels)
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
	} else if r.heldOut, err = judgeSet(j, test, firstNumbers(min(count, test.Images.N))); err != nil {
		return nil, err
	}
	return r, r.measure()
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
	if r.radii, err = radii(r.real, neighbourK); err != nil {
		return err
	}
	r.unseen, err = closest(r.heldOut, r.real)
	return err
}
