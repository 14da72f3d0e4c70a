package nn

import (
	"slices"

	"cgan/bindings/torch"
)

// spectral is what a layer with SpectralNorm keeps: estimates of the singular vectors that belong to the largest
// singular value of its weight as a matrix [out, in*k*k].
type spectral struct{ u, v *torch.Tensor } // [out], [in*k*k]

// Weighted is a Linear, Conv2d or ConvTranspose2d.
type Weighted interface {
	Module
	multiplier() *weighted
}

func (w *weighted) multiplier() *weighted { return w }

// SpectralNorm divides the weight of layer by its largest singular value in each forward pass from now on:
// torch.nn.utils.spectral_norm, with its keys. The parameter is weight_orig; the buffers weight_u and weight_v are drawn from
// the default random number generator, and each forward pass in training improves them by one power iteration.
func SpectralNorm(layer Weighted) {
	w := layer.multiplier()
	w.parameters = slices.DeleteFunc(w.parameters, func(n Named) bool { return n.Tensor == w.weight })
	w.parameters = append(w.parameters, Named{"weight_orig", w.weight})
	torch.NoGrad(func() {
		shape := w.matrix().Shape()
		u, v := torch.Empty(shape[:1], torch.Float32, w.weight.Device()), torch.Empty(shape[1:], torch.Float32, w.weight.Device())
		normal(u)
		normal(v)
		w.spectral = &spectral{w.RegisterBuffer("weight_u", normalized(u)), w.RegisterBuffer("weight_v", normalized(v))}
	})
}

// matrix is the weight as [out, in*k*k].
func (w *weighted) matrix() *torch.Tensor {
	weight := w.weight
	if w.transposed {
		weight = weight.Permute(1, 0, 2, 3)
	}
	return weight.Reshape(weight.Size(0), -1)
}

// forwardWeight is the weight of a forward pass.
func (w *weighted) forwardWeight() *torch.Tensor {
	if w.spectral == nil {
		return w.weight
	}
	matrix, u, v := w.matrix(), w.spectral.u, w.spectral.v
	if w.Training() {
		torch.NoGrad(func() { // the buffers change with the next pass, this one's history keeps its own
			v = normalized(matrix.T().Mv(u))
			u = normalized(matrix.Mv(v))
			w.spectral.v.Copy_(v)
			w.spectral.u.Copy_(u)
		})
	}
	sigma := u.Dot(matrix.Mv(v))
	return w.weight.Div(sigma)
}

// normalized is torch.nn.functional.normalize of a vector.
func normalized(x *torch.Tensor) *torch.Tensor {
	return x.Div(x.VectorNorm([]int64{0}, true).ClampMin(1e-12))
}
