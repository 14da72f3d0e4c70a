package evaluate

import (
	"math"
	"runtime"
	"slices"
	"sync"

	"cgan/bindings/torch"
	"cgan/models/judge"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

const distanceRows = 250 // of a block of distances

// eachDistances hands the squared Euclidean distances from each of a to all of b to fn, row by row. Several workers call it at once,
// each with a number of its own below workers(). The distances are products in float32 about the mean of b, which keeps their error
// at about 1e-6 of the features' own squares.
func eachDistances(a, b *judged, fn func(worker, i int, distances []float32)) error {
	centre := meanOf(mat.NewDense(b.n(), judge.Features, b.features))
	return torch.Do("compare features", func() error {
		torch.NoGrad(func() {
			others := b.extended(centre, 0, b.n(), func(squares float64) (one, two float64) { return 1, squares }, 1).T()
			for start := 0; start < a.n(); start += distanceRows {
				torch.Scope(func() { // |x|^2 + |y|^2 - 2xy as one product: [-2x, |x|^2, 1] with [y, 1, |y|^2]
					end := min(start+distanceRows, a.n())
					part := a.extended(centre, start, end, func(squares float64) (one, two float64) { return squares, 1 }, -2)
					d := part.Matmul(others).Float32s()
					eachRow(end-start, func(worker, i int) { fn(worker, start+i, d[i*b.n():][:b.n()]) })
				})
			}
		})
		return nil
	})
}

func workers() int { return runtime.GOMAXPROCS(0) }

// eachRow calls fn for each of n rows, from as many goroutines as there are cores.
func eachRow(n int, fn func(worker, i int)) {
	var all sync.WaitGroup
	for worker := range workers() {
		all.Add(1)
		go func() {
			defer all.Done()
			for i := worker; i < n; i += workers() {
				fn(worker, i)
			}
		}()
	}
	all.Wait()
}

// extended is rows start to end less the centre, times a factor, with two more columns that come of their squared norms.
func (v *judged) extended(centre []float64, start, end int, columns func(squares float64) (one, two float64), factor float64) *torch.Tensor {
	const width = judge.Features + 2
	values := make([]float32, (end-start)*width)
	for i := start; i < end; i++ {
		row, squares := values[(i-start)*width:][:width], 0.0
		for k, f := range v.row(i) {
			f -= centre[k]
			squares += f * f
			row[k] = float32(factor * f)
		}
		one, two := columns(squares)
		row[judge.Features], row[judge.Features+1] = float32(one), float32(two)
	}
	return torch.FromFloat32s(values, []int64{int64(end - start), width})
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

// bound is what a value must be below to be kept.
func (n *nearest) bound() float32 {
	if len(n.kept) < n.k {
		return float32(math.Inf(1))
	}
	return n.kept[n.k-1]
}

// ball is that about an image: its squared radius, and between which two distances in float32 float64 is to decide whether an image
// lies in it.
type ball struct {
	squared        float64
	within, beyond float32
}

// newBall has a margin for the error of eachDistances, about 1e-6 of squares.
func newBall(squared, squares float64) ball {
	margin := squared/100 + squares/1e5
	return ball{squared, float32(squared - margin), float32(squared + margin)}
}

// has says whether image i of v lies in the ball about image j of other, at a squared distance of about d.
func (b ball) has(d float32, v *judged, i int, other *judged, j int) bool {
	return d < b.beyond && (d < b.within || v.squared(i, other, j) < b.squared)
}

// balls are about each of v, up to its k-th nearest of the others.
func balls(v *judged, k int) ([]ball, error) {
	all, squares := make([]ball, v.n()), v.largest()
	err := eachDistances(v, v, func(_, i int, distances []float32) {
		distances[i] = math.MaxFloat32 // itself
		n, bound := nearest{k: k + 1}, float32(math.Inf(1))
		for j, d := range distances {
			if d < bound { // few are
				n.show(j, d)
				bound = n.bound()
			}
		}
		squared := make([]float64, len(n.at)) // whose order may be another by a hair
		for rank, j := range n.at {
			squared[rank] = v.squared(i, v, j)
		}
		slices.Sort(squared)
		all[i] = newBall(squared[k-1], squares)
	})
	return all, err
}

// largest is the squared norm of the image that is farthest from the mean.
func (v *judged) largest() (most float64) {
	centre := meanOf(mat.NewDense(v.n(), judge.Features, v.features))
	for i := range v.n() {
		most = max(most, math.Pow(floats.Distance(v.row(i), centre, 2), 2))
	}
	return most
}

// closest is the distance of each of a to the nearest of b.
func closest(a, b *judged) ([]float64, error) {
	all := make([]float64, a.n())
	err := eachDistances(a, b, func(_, i int, distances []float32) { all[i] = a.distance(i, b, least(distances)) })
	return all, err
}

// least is where the smallest value stands.
func least(values []float32) (at int) {
	for i, v := range values {
		if v < values[at] {
			at = i
		}
	}
	return at
}

// distance is the Euclidean distance of image i to image j of other.
func (v *judged) distance(i int, other *judged, j int) float64 {
	return floats.Distance(v.row(i), other.row(j), 2)
}

func (v *judged) squared(i int, other *judged, j int) float64 {
	return math.Pow(v.distance(i, other, j), 2)
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

// beside is what one look at all distances from drawn to real images gives.
type beside struct {
	PRDC
	nearest  []int     // the real image that is nearest to each drawn one
	distance []float64 // to it
}

// columns is what a worker finds of each real image: is it within a ball about a drawn one, and is a drawn one within its own.
type columns struct{ recalled, covered []bool }

// compare compares drawn images with real ones, about which there are these balls.
func compare(real, drawn *judged, realBalls []ball) (*beside, error) {
	drawnBalls, err := balls(drawn, neighbourK)
	if err != nil {
		return nil, err
	}
	b := &beside{nearest: make([]int, drawn.n()), distance: make([]float64, drawn.n())}
	within, found := make([]int, drawn.n()), make([]columns, workers())
	for w := range found {
		found[w] = columns{make([]bool, real.n()), make([]bool, real.n())}
	}
	err = eachDistances(drawn, real, func(worker, i int, distances []float32) {
		c, own := found[worker], drawnBalls[i]
		for j, d := range distances {
			if realBalls[j].has(d, drawn, i, real, j) {
				within[i]++
				c.covered[j] = true
			}
			if own.has(d, drawn, i, real, j) {
				c.recalled[j] = true
			}
		}
		b.nearest[i] = least(distances)
		b.distance[i] = drawn.distance(i, real, b.nearest[i])
	})
	if err == nil {
		b.count(within, found, real.n())
	}
	return b, err
}

// count makes the figures of what was found.
func (b *beside) count(within []int, found []columns, real int) {
	precise, inside, recalled, covered := 0, 0, 0, 0
	for _, n := range within {
		inside += n
		precise += min(1, n)
	}
	for j := range real {
		if slices.ContainsFunc(found, func(c columns) bool { return c.recalled[j] }) {
			recalled++
		}
		if slices.ContainsFunc(found, func(c columns) bool { return c.covered[j] }) {
			covered++
		}
	}
	n, m := float64(len(within)), float64(real)
	b.PRDC = PRDC{float64(precise) / n, float64(recalled) / m, float64(inside) / n / neighbourK, float64(covered) / m}
}
