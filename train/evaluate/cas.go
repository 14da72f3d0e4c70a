package evaluate

import (
	"context"
	"slices"

	"cgan/models"
	"cgan/models/picture"
	"cgan/train/dataset"
)

// CAS is the classification accuracy score of Ravuri and Vinyals 2019, arXiv:1905.10887: how many real images, which it has not
// seen, a classifier reads that was trained on drawn images alone, beside the same one trained on as many real images.
type CAS struct {
	Drawn  float64 `json:"drawn"`
	Real   float64 `json:"real"`
	Tested int     `json:"tested"` // images that both read
}

// casFit is how both classifiers are trained: a judge's network, for fewer steps than a judge.
func casFit(how models.Compute) FitOptions {
	o := DefaultFit()
	o.Epochs, o.Compute = 6, how
	return o
}

// CAS trains a classifier on the drawn images and tests it. It takes most of an evaluation's time, and draws from the default random
// number generator. said is called after each step.
func (r *Reference) CAS(ctx context.Context, d *Drawn, how models.Compute, said func(what string, p Fitting)) (*CAS, error) {
	set, err := d.set(r)
	if err != nil {
		return nil, err
	}
	c := &CAS{Tested: r.tested.Images.N}
	if c.Drawn, err = r.trained(ctx, set, how, func(p Fitting) { said("classifier of drawn images", p) }); err != nil {
		return nil, err
	}
	if r.casReal == 0 {
		r.casReal, err = r.trained(ctx, r.train.Some(r.order[:r.real.n()]), how, func(p Fitting) { said("classifier of real images", p) })
	}
	c.Real = r.casReal
	return c, err
}

// trained is the accuracy on unseen real images of a classifier trained on a set.
func (r *Reference) trained(ctx context.Context, set *dataset.Set, how models.Compute, said func(Fitting)) (float64, error) {
	j, err := Fit(ctx, set, casFit(how), said)
	if err != nil {
		return 0, err
	}
	defer j.Free()
	v, err := judgeSet(j, r.tested, firstNumbers(r.tested.Images.N))
	if err != nil {
		return 0, err
	}
	return v.accuracy(), nil
}

// set is the drawn images as a data set, in 256 levels as a picture has them.
func (d *Drawn) set(r *Reference) (*dataset.Set, error) {
	set := &dataset.Set{Classes: r.about.Classes}
	for numbers := range slices.Chunk(firstNumbers(d.n()), judgeBatch) {
		images, err := d.images(numbers)
		if err != nil {
			return nil, err
		}
		for _, v := range images.Pixels {
			set.Images.Pixels = append(set.Images.Pixels, picture.Level(v))
		}
	}
	for _, class := range d.asked {
		set.Labels = append(set.Labels, int32(class))
	}
	set.Images.File, set.Images.N = "drawn images", d.n()
	set.Images.Channels, set.Images.Height, set.Images.Width = r.size[0], r.size[1], r.size[2]
	return set, nil
}
