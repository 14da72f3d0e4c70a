package nn

import (
	"slices"

	"cgan/bindings/torch"
)

// spectral is what a convolution with SpectralNorm keeps: estimates of the singular vectors that belong to the largest
// singular value of its weight as a matrix [out, in*k*k].
type spectral struct{ u, v *torch.Tensor } // [out], [in*k*k]

// SpectralNorm divides the weight of c by its largest singular value in each forward pass from now on:
// torch.nn.utils.spectral_norm, with its keys. The parameter is weight_orig; the buffers weight_u and weight_v are drawn from
// the default random number generator, and each forward pass in training improves them by one power iteration.
func SpectralNorm(c *Conv2d) {
	c.parameters = slices.DeleteFunc(c.parameters, func(n Named) bool { return n.Tensor == c.weight })
	c.parameters = append(c.parameters, Named{"weight_orig", c.weight})
	torch.NoGrad(func() {
		shape := c.matrix().Shape()
		u, v := torch.Empty(shape[:1], torch.Float32, c.weight.Device()), torch.Empty(shape[1:], torch.Float32, c.weight.Device())
		normal(u)
		normal(v)
		c.spectral = &spectral{c.RegisterBuffer("weight_u", normalized(u)), c.RegisterBuffer("weight_v", normalized(v))}
	})
}

// matrix is the weight as [out, in*k*k].
func (c *conv) matrix() *torch.Tensor { return c.weight.Reshape(c.weight.Size(0), -1) }

// forwardWeight is the weight of a forward pass.
func (c *conv) forwardWeight() *torch.Tensor {
	if c.spectral == nil {
		return c.weight
	}
	matrix, u, v := c.matrix(), c.spectral.u, c.spectral.v
	if c.Training() {
		torch.NoGrad(func() { // the buffers change with the next pass, this one's history keeps its own
			v = normalized(matrix.T().Mv(u))
			u = normalized(matrix.Mv(v))
			c.spectral.v.Copy_(v)
			c.spectral.u.Copy_(u)
		})
	}
	sigma := u.Dot(matrix.Mv(v))
	return c.weight.Div(sigma)
}

// normalized is torch.nn.functional.normalize of a vector.
func normalized(x *torch.Tensor) *torch.Tensor {
	return x.Div(x.VectorNorm([]int64{0}, true).ClampMin(1e-12))
}
