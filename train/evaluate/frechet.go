package evaluate

import (
	"errors"
	"math"

	"cgan/models/judge"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"
)

// gaussian is the mean and covariance of features.
type gaussian struct {
	mean  []float64
	cov   *mat.SymDense
	count int
}

func gaussianOf(v *judged) gaussian {
	features := mat.NewDense(v.n(), judge.Features, v.features)
	g := gaussian{mean: v.mean(), cov: mat.NewSymDense(judge.Features, nil), count: v.n()}
	stat.CovarianceMatrix(g.cov, features, nil)
	return g
}

// frechet is the Frechet distance of two Gaussians: |m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2)). As in Heusel et al. 2017,
// arXiv:1706.08500, on the judge's features in the place of Inception's. The root's trace is that of (C1^(1/2) C2 C1^(1/2))^(1/2),
// which is symmetric.
func frechet(a, b gaussian) (float64, error) {
	sum := mat.Trace(a.cov) + mat.Trace(b.cov)
	for i := range a.mean {
		sum += (a.mean[i] - b.mean[i]) * (a.mean[i] - b.mean[i])
	}
	root, err := rootOf(a.cov)
	if err != nil {
		return 0, err
	}
	var inner mat.Dense
	inner.Product(root, b.cov, root)
	n := inner.RawMatrix().Rows
	symmetric := mat.NewSymDense(n, nil)
	for i := range n {
		for j := i; j < n; j++ {
			symmetric.SetSym(i, j, (inner.At(i, j)+inner.At(j, i))/2)
		}
	}
	var eigen mat.EigenSym
	if !eigen.Factorize(symmetric, false) {
		return 0, errors.New("the covariance of the features has no eigenvalues: some are no finite numbers")
	}
	for _, value := range eigen.Values(nil) {
		sum -= 2 * math.Sqrt(max(0, value))
	}
	return max(0, sum), nil
}

// rootOf is the symmetric square root.
func rootOf(m *mat.SymDense) (*mat.Dense, error) {
	var eigen mat.EigenSym
	if !eigen.Factorize(m, true) {
		return nil, errors.New("the covariance of the features has no eigenvalues: some are no finite numbers")
	}
	var vectors, root mat.Dense
	eigen.VectorsTo(&vectors)
	values := eigen.Values(nil)
	for i, value := range values {
		values[i] = math.Sqrt(max(0, value))
	}
	root.Product(&vectors, mat.NewDiagDense(len(values), values), vectors.T())
	return &root, nil
}
