package evaluate

import (
	"math"
	"slices"

	"cgan/bindings/torch"
	"cgan/models/judge"
)

const distanceRows = 500 // of a block of distances

// eachDistances hands the squared Euclidean distances from each of a to all of b to fn, row by row. It computes blocks in float32
// about the mean of b, which keeps their error at about 1e-6 of the features' own squares.
func eachDistances(a, b *judged, fn func(i int, distances []float32)) error {
	centre := make([]float64, judge.Features)
	for i := range b.n() {
		for k, v := range b.row(i) {
			centre[k] += v / float64(b.n())
		}
	}
	return torch.Do("compare features", func() error {
		torch.NoGrad(func() {
			all, squares := b.centred(centre, 0, b.n())
			turned := all.T()
			for start := 0; start < a.n(); start += distanceRows {
				torch.Scope(func() {
					part, own := a.centred(centre, start, min(start+distanceRows, a.n()))
					d := own.View(-1, 1).Add(squares).Add(part.Matmul(turned).MulScalar(-2)).ClampMin(0).Float32s() // |x|^2 + |y|^2 - 2xy
					for i := range int(part.Size(0)) {
						fn(start+i, d[i*b.n():][:b.n()])
					}
				})
			}
		})
		return nil
	})
}

// centred is rows start to end less the centre, and their squared norms.
func (v *judged) centred(centre []float64, start, end int) (rows, squares *torch.Tensor) {
	values := make([]float32, 0, (end-start)*judge.Features)
	norms := make([]float32, 0, end-start)
	for i := start; i < end; i++ {
		norm := 0.0
		for k, f := range v.row(i) {
			values = append(values, float32(f-centre[k]))
			norm += (f - centre[k]) * (f - centre[k])
		}
		norms = append(norms, float32(norm))
	}
	return torch.FromFloat32s(values, []int64{int64(end - start), judge.Features}), torch.FromFloat32s(norms, []int64{int64(end - start)})
}

// nearest keeps the k smallest values that it is shown.
type nearest struct {
	k    int
	kept []float32 // in order
	at   []int
}

func (n *nearest) show(at int, value float32) {
	if len(n.kept) == n.k && value >= n.kept[n.k-1] {
		return
	}
	i, _ := slices.BinarySearch(n.kept, value)
	n.kept, n.at = slices.Insert(n.kept, i, value), slices.Insert(n.at, i, at)
	n.kept, n.at = n.kept[:min(len(n.kept), n.k)], n.at[:min(len(n.at), n.k)]
}

// radii are the squared distances from each of v to its k-th nearest of the others.
func radii(v *judged, k int) ([]float32, error) {
	all := make([]float32, v.n())
	err := eachDistances(v, v, func(i int, distances []float32) {
		n := nearest{k: k}
		for j, d := range distances {
			if j != i {
				n.show(j, d)
			}
		}
		all[i] = n.kept[len(n.kept)-1]
	})
	return all, err
}

// neighbourK is how many nearest neighbours make a ball.
const neighbourK = 5

// PRDC are precision and recall of Kynkaanniemi et al. 2019, arXiv:1904.06991, and density and coverage of Naeem et al. 2020,
// arXiv:2002.09797, over the 5 nearest neighbours.
type PRDC struct {
	Precision float64 `json:"precision"` // share of drawn images within a ball about a real one
	Recall    float64 `json:"recall"`    // share of real images within a ball about a drawn one
	Density   float64 `json:"density"`   // in how many real balls a drawn image lies, over 5
	Coverage  float64 `json:"coverage"`  // share of real balls that have a drawn image in them
}

func prdc(real, drawn *judged) (p PRDC, err error) {
	realRadii, err := radii(real, neighbourK)
	if err != nil {
		return p, err
	}
	drawnRadii, err := radii(drawn, neighbourK)
	if err != nil {
		return p, err
	}
	recalled, closest := make([]bool, real.n()), make([]float32, real.n())
	for i := range closest {
		closest[i] = math.MaxFloat32
	}
	precise, inside := 0, 0
	err = eachDistances(drawn, real, func(i int, distances []float32) {
		within := 0
		for j, d := range distances {
			if d < realRadii[j] {
				within++
			}
			recalled[j] = recalled[j] || d < drawnRadii[i]
			closest[j] = min(closest[j], d)
		}
		inside += within
		precise += min(1, within)
	})
	found, covered := 0, 0
	for j := range closest {
		if recalled[j] {
			found++
		}
		if closest[j] < realRadii[j] {
			covered++
		}
	}
	n, m := float64(drawn.n()), float64(real.n())
	return PRDC{float64(precise) / n, float64(found) / m, float64(inside) / n / neighbourK, float64(covered) / m}, err
}
