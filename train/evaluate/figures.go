// Package evaluate says how good a generator is: a judge reads what it draws and compares it with real images. Each figure on the
// judge's features has an independent implementation in figures.py.
package evaluate

import (
	"math"
	"slices"

	"cgan/models/judge"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// Figures are what is said of one generator.
type Figures struct {
	Judge       judge.About  `json:"judge"`                 // whose accuracy stands beside all that rests on it
	Count       int          `json:"count"`                 // images drawn, of the classes of the real ones
	Real        int          `json:"real"`                  // training images that they are compared with
	HeldOut     bool         `json:"held_out"`              // held-out images are of a test set, else of the training set too
	Consistency *Consistency `json:"consistency,omitempty"` // nil where the generator knows no classes
	Frechet     float64      `json:"frechet"`               // on the judge's features, not Inception's: no FID
	Floor       float64      `json:"frechet_floor"`         // of real images against as many other real ones
	PRDC
	Others       PRDC                `json:"of_real"`   // the same four of other real images
	Intervals    map[string]Interval `json:"intervals"` // of the shares among the figures, by their names
	Diversity    float64             `json:"diversity"` // mean squared distance of two drawn images of a class over that of two real ones
	Memorisation Nearness            `json:"memorisation"`
	CAS          *CAS                `json:"cas,omitempty"` // nil where it was not asked for
	FID          *FID                `json:"fid,omitempty"` // likewise
}

// Interval is that of 95 %, as interval gives it.
type Interval [2]float64

// Consistency is how often the judge reads the class that was asked for.
type Consistency struct {
	Share     float64   `json:"share"`
	Classes   []float64 `json:"classes"`   // of each class, 0 where none was asked for
	Confusion [][]int   `json:"confusion"` // [asked][read]
}

// Nearness is how much nearer drawn images are to the training images that they are compared with than held-out real ones are.
type Nearness struct {
	Share   float64 `json:"share"`    // of drawn images nearer to one of them than 99 % of held-out ones
	HeldOut float64 `json:"held_out"` // the same of the held-out images: 0.01, but for ties
	Median  float64 `json:"median"`   // the median distance to the nearest training image, over that of held-out ones
}

// Figures compares drawn images with the reference. The same generator, reference and seed give the same figures.
func (r *Reference) Figures(d *Drawn) (*Figures, error) {
	f := &Figures{Judge: r.about, Count: d.n(), Real: r.real.n(), HeldOut: r.heldOut != r.other, Floor: r.floor, Intervals: map[string]Interval{}}
	var err error
	if f.Frechet, err = frechet(r.rooted, gaussianOf(d.features, d.n())); err != nil {
		return nil, err
	}
	b, err := compare(r.real, d.judged, r.balls)
	if err != nil {
		return nil, err
	}
	f.PRDC, f.Others, f.Memorisation = b.PRDC, r.others, nearness(b.distance, r.unseen)
	f.Diversity = ratio(diversity(d.judged, d.config.Classes), diversity(r.real, d.config.Classes))
	for name, share := range map[string]float64{"precision": f.Precision, "memorisation": f.Memorisation.Share} {
		f.Intervals[name] = interval(share, d.n())
	}
	for name, share := range map[string]float64{"recall": f.Recall, "coverage": f.Coverage} {
		f.Intervals[name] = interval(share, r.real.n())
	}
	if d.config.Classes > 0 {
		f.Consistency = consistency(d.judged, d.config.Classes)
		f.Intervals["consistency"] = interval(f.Consistency.Share, d.n())
	}
	return f, nil
}

func consistency(v *judged, classes int) *Consistency {
	c := &Consistency{Share: v.accuracy(), Classes: make([]float64, classes), Confusion: make([][]int, classes)}
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
	return c
}

// interval is the 95 % interval of Clopper and Pearson of a share of n images. Where all or none are counted it has a width too,
// which a bootstrap's has not. Of precision, recall and coverage the images on the other side count as given.
func interval(share float64, n int) Interval {
	all := float64(n)
	hits := math.Round(share * all)
	i := Interval{0, 1}
	if hits > 0 {
		i[0] = distuv.Beta{Alpha: hits, Beta: all - hits + 1}.Quantile(0.025)
	}
	if hits < all {
		i[1] = distuv.Beta{Alpha: hits + 1, Beta: all - hits}.Quantile(0.975)
	}
	return i
}

// diversity is the mean squared distance of two images of a class in the judge's features, over the classes: twice the trace of the
// covariance within a class. Without classes all images are of one.
func diversity(v *judged, classes int) (mean float64) {
	of := make([][]int, max(1, classes))
	for i, asked := range v.asked {
		if classes == 0 {
			asked = 0
		}
		of[asked] = append(of[asked], i)
	}
	of = slices.DeleteFunc(of, func(images []int) bool { return len(images) < 2 })
	for _, images := range of {
		column := make([]float64, len(images))
		for k := range judge.Features {
			for at, i := range images {
				column[at] = v.row(i)[k]
			}
			mean += 2 * stat.Variance(column, nil) / float64(len(of))
		}
	}
	return mean
}

// ratio is a over b, where b is taken for 1e-9 if it is less, as with real images that are all alike, and 1 where both are: JSON has
// neither infinity nor NaN.
func ratio(a, b float64) float64 {
	const least = 1e-9
	return max(a, least) / max(b, least)
}

// nearness compares the distances of drawn and of held-out images to their nearest training images.
func nearness(own, unseen []float64) Nearness {
	own, unseen = slices.Sorted(slices.Values(own)), slices.Sorted(slices.Values(unseen))
	bound := unseen[len(unseen)/100]
	below := func(sorted []float64) float64 {
		i, _ := slices.BinarySearch(sorted, bound)
		return float64(i) / float64(len(sorted))
	}
	return Nearness{below(own), below(unseen), ratio(own[len(own)/2], unseen[len(unseen)/2])}
}
