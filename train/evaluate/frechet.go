package evaluate

import (
	"errors"
	"math"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"
)

// gaussian is the mean and covariance of features.
type gaussian struct {
	mean []float64
	cov  *mat.SymDense
}

// gaussianOf is that of n rows of features.
func gaussianOf(features []float64, n int) gaussian {
	rows := mat.NewDense(n, len(features)/n, features)
	g := gaussian{mean: meanOf(rows), cov: &mat.SymDense{}}
	stat.CovarianceMatrix(g.cov, rows, nil)
	return g
}

func meanOf(rows *mat.Dense) []float64 {
	n, width := rows.Dims()
	mean := make([]float64, width)
	for i := range n {
		for k, f := range rows.RawRowView(i) {
			mean[k] += f / float64(n)
		}
	}
	return mean
}

// rooted is a gaussian with a root of its covariance: root' root is the covariance.
type rooted struct {
	gaussian
	root *mat.Dense
}

// rootedOf finds the root by QR of the features about their mean, and so needs no eigenvectors, which take minutes of 2,048 features.
func rootedOf(features []float64, n int) rooted {
	r := rooted{gaussian: gaussianOf(features, n)}
	width := len(features) / n
	rows := mat.NewDense(n, width, nil)
	scale := 1 / math.Sqrt(float64(n-1))
	for i := range n {
		for k, f := range features[i*width:][:width] {
			rows.Set(i, k, scale*(f-r.mean[k]))
		}
	}
	if r.root = rows; n > width {
		var qr mat.QR
		qr.Factorize(rows)
		var upper mat.Dense
		qr.RTo(&upper)
		r.root = mat.DenseCopyOf(upper.Slice(0, width, 0, width))
	}
	return r
}

// frechet is the Frechet distance of two Gaussians: |m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2)). As in Heusel et al. 2017,
// arXiv:1706.08500, on features of any network. C1 C2 has the eigenvalues of R C2 R', which is symmetric, where R is a's root.
func frechet(a rooted, b gaussian) (float64, error) {
	sum := mat.Trace(a.cov) + mat.Trace(b.cov)
	for i := range a.mean {
		sum += (a.mean[i] - b.mean[i]) * (a.mean[i] - b.mean[i])
	}
	var inner mat.Dense
	inner.Product(a.root, b.cov, a.root.T())
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
