// Package evaluate says how good a generator is: a judge reads what it draws and compares it with real images. Each figure has an
// independent implementation in evaluate.py.
package evaluate

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"cgan/bindings/torch"
	"cgan/models"
	"cgan/models/judge"
	"cgan/train/dataset"
)

// Figures are what is said of one generator.
type Figures struct {
	Judge       judge.About  `json:"judge"`                 // whose accuracy stands beside all that rests on it
	Count       int          `json:"count"`                 // images drawn, about as many of each class
	Real        int          `json:"real"`                  // real images that they are compared with
	Consistency *Consistency `json:"consistency,omitempty"` // nil where the generator knows no classes
	Frechet     float64      `json:"frechet"`               // on the judge's features, not Inception's: no FID
	Floor       float64      `json:"frechet_floor"`         // of real images against as many other real ones
	PRDC
	Diversity    float64  `json:"diversity"` // mean distance of two drawn images of a class over that of two real ones
	Memorisation Nearness `json:"memorisation"`
}

// Consistency is how often the judge reads the class that was asked for.
type Consistency struct {
	Share     float64    `json:"share"`
	Interval  [2]float64 `json:"interval"`  // 95 %, by bootstrap
	Classes   []float64  `json:"classes"`   // of each class
	Confusion [][]int    `json:"confusion"` // [asked][read]
}

// Nearness is how much nearer drawn images are to training images than held-out real ones are.
type Nearness struct {
	Share   float64 `json:"share"`    // of drawn images nearer to a training image than 99 % of held-out ones
	HeldOut float64 `json:"held_out"` // the same of the held-out images: 0.01, but for ties
	Median  float64 `json:"median"`   // the median distance to the nearest training image, over that of held-out ones
}

// Reference is real images as a judge sees them, to compare with. One serves all generators of a set.
type Reference struct {
	judge    *judge.Judge
	about    judge.About
	real     *judged  // of the training set
	other    *judged  // as many others
	heldOut  *judged  // of the test set
	gaussian gaussian // of real
	floor    float64
	size     [3]int
}

// NewReference judges count images of a training set, and as many others, and those of a test set, which may be nil.
func NewReference(j *judge.Judge, about judge.About, train, test *dataset.Set, count int) (r *Reference, err error) {
	if len(train.Classes) != len(about.Classes) {
		return nil, fmt.Errorf("the judge knows %d classes and the data has %d: judge with one that was trained on the data", len(about.Classes), len(train.Classes))
	}
	order := rand.New(rand.NewPCG(1, 0)).Perm(train.Images.N)
	count = min(count, train.Images.N/2)
	if count < 10*neighbourK {
		return nil, fmt.Errorf("%d real images to compare with are too few: the data has %d, and twice %d are needed", count, train.Images.N, 10*neighbourK)
	}
	r = &Reference{judge: j, about: about, size: [3]int{train.Images.Channels, train.Images.Height, train.Images.Width}}
	if r.real, err = judgeSet(j, train, order[:count]); err != nil {
		return nil, err
	}
	if r.other, err = judgeSet(j, train, order[count:2*count]); err != nil {
		return nil, err
	}
	if r.heldOut = r.other; test != nil {
		if r.heldOut, err = judgeSet(j, test, firstNumbers(min(count, test.Images.N))); err != nil {
			return nil, err
		}
	}
	r.gaussian = gaussianOf(r.real)
	r.floor, err = frechet(r.gaussian, gaussianOf(r.other))
	return r, err
}

// Evaluate draws count images, the classes in turn, and gives the figures. The same generator, reference, count and seed give the
// same figures.
func (r *Reference) Evaluate(g *models.Net, c models.Config, count int, seed int64) (*Figures, error) {
	drawn, err := r.draw(g, c, count, seed)
	if err != nil {
		return nil, err
	}
	f := &Figures{Judge: r.about, Count: drawn.n(), Real: r.real.n(), Floor: r.floor}
	if f.Frechet, err = frechet(r.gaussian, gaussianOf(drawn)); err != nil {
		return nil, err
	}
	if f.PRDC, err = prdc(r.real, drawn); err != nil {
		return nil, err
	}
	if c.Classes > 0 {
		f.Consistency = consistency(drawn, c.Classes)
	}
	f.Diversity = diversity(drawn) / diversity(r.real)
	f.Memorisation, err = r.memorisation(drawn)
	return f, err
}

// draw draws images and judges them.
func (r *Reference) draw(g *models.Net, c models.Config, count int, seed int64) (*judged, error) {
	if image := c.Image(); int(image[0]) != r.size[0] || int(image[1]) != r.size[1] || int(image[2]) != r.size[2] {
		return nil, fmt.Errorf("the generator draws images of %v, and the data's are %v: give the data the same size and channels", image, r.size)
	}
	if c.Classes > 0 && c.Classes != len(r.about.Classes) {
		return nil, fmt.Errorf("the generator knows %d classes, and the judge %d: judge with the data that it was trained on", c.Classes, len(r.about.Classes))
	}
	if count < 10*neighbourK {
		return nil, errors.New("fewer than 50 images say nothing")
	}
	v := &judged{}
	classes := make([]int64, c.Classes)
	for i := range classes {
		classes[i] = int64(i)
	}
	rows := (count + max(1, c.Classes) - 1) / max(1, c.Classes)
	images, err := g.Draw(c, rows, classes, seed)
	if err != nil {
		return nil, err
	}
	size := product(r.size)
	for start := 0; start < count; start += judgeBatch {
		end := min(start+judgeBatch, count)
		asked := make([]int, end-start)
		for i := range asked {
			asked[i] = (start + i) % max(1, c.Classes)
		}
		err := torch.Do("judge drawn images", func() error {
			shape := []int64{int64(end - start), int64(r.size[0]), int64(r.size[1]), int64(r.size[2])}
			v.add(r.judge, torch.FromFloat32s(images.Pixels[start*size:end*size], shape), asked)
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return v, nil
}

func product(sizes [3]int) int { return sizes[0] * sizes[1] * sizes[2] }

func consistency(v *judged, classes int) *Consistency {
	c := &Consistency{Share: float64(v.right()) / float64(v.n()), Classes: make([]float64, classes), Confusion: make([][]int, classes)}
	for i := range c.Confusion {
		c.Confusion[i] = make([]int, classes)
	}
	for i, asked := range v.asked {
		c.Confusion[asked][v.read[i]]++
	}
	for i, row := range c.Confusion {
		sum := 0
		for _, n := range row {
			sum += n
		}
		c.Classes[i] = float64(row[i]) / float64(max(1, sum))
	}
	c.Interval = bootstrap(v.right(), v.n())
	return c
}

// bootstrap is the 95 % interval of a share: what 2,000 draws of so many images, with replacement, give.
func bootstrap(right, n int) [2]float64 {
	random, shares := rand.New(rand.NewPCG(2, 0)), make([]float64, 2000)
	for i := range shares {
		hits := 0
		for range n {
			if random.IntN(n) < right {
				hits++
			}
		}
		shares[i] = float64(hits) / float64(n)
	}
	slices.Sort(shares)
	return [2]float64{shares[len(shares)/40], shares[len(shares)-1-len(shares)/40]}
}

// diversity is the mean squared distance of two images of a class in the judge's features, over the classes: twice the trace of the covariance within
// a class.
func diversity(v *judged) float64 {
	type class struct {
		sum, squares []float64
		n            float64
	}
	classes := map[int]*class{}
	for i, asked := range v.asked {
		c := classes[asked]
		if c == nil {
			c = &class{make([]float64, judge.Features), make([]float64, judge.Features), 0}
			classes[asked] = c
		}
		c.n++
		for k, f := range v.row(i) {
			c.sum[k] += f
			c.squares[k] += f * f
		}
	}
	mean := 0.0
	for _, c := range classes {
		for k := range c.sum {
			m := c.sum[k] / c.n
			mean += 2 * (c.squares[k]/c.n - m*m) * c.n / max(1, c.n-1) / float64(len(classes))
		}
	}
	return mean
}

// memorisation compares how near drawn and held-out images are to training images.
func (r *Reference) memorisation(drawn *judged) (n Nearness, err error) {
	own, err := closest(drawn, r.real)
	if err != nil {
		return n, err
	}
	others, err := closest(r.heldOut, r.real)
	if err != nil {
		return n, err
	}
	slices.Sort(own)
	slices.Sort(others)
	bound := others[len(others)/100]
	below := func(sorted []float64) float64 {
		i, _ := slices.BinarySearch(sorted, bound)
		return float64(i) / float64(len(sorted))
	}
	return Nearness{below(own), below(others), own[len(own)/2] / others[len(others)/2]}, nil
}

// closest is the distance of each of a to the nearest of b.
func closest(a, b *judged) ([]float64, error) {
	all := make([]float64, a.n())
	err := eachDistances(a, b, func(i int, distances []float32) { all[i] = math.Sqrt(float64(slices.Min(distances))) })
	return all, err
}
