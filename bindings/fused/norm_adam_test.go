package torch

import (
	"math"
	"slices"
	"testing"
)

// norm is a batch normalisation of channels with everything about it away from its defaults.
type norm struct{ weight, bias, mean, variance *Tensor }

const momentum, eps = 0.3, 0.01

func newNorm(channels int64) norm {
	variance := Full([]int64{channels}, 0, CPU).Uniform_(0.5, 2)
	return norm{leaf(false, channels), leaf(false, channels), Randn([]int64{channels}, CPU), variance}
}

// plain is the normalisation by the plain op in float64, and the running statistics behind it.
func (n norm) plain(x *Tensor, training bool) (y, mean, variance *Tensor) {
	mean, variance = n.mean.Type(Float64), n.variance.Type(Float64)
	y = BatchNorm(x.Type(Float64), n.weight.Type(Float64), n.bias.Type(Float64), mean, variance, training, momentum, eps)
	return y, mean, variance
}

// check compares output, gradients and running statistics in training.
func (n norm) check(t *testing.T, c convCase, dtype DType) {
	x, weight, bias := c.leaves(dtype == BFloat16)
	kink, image, params, middle, spread := 1e-4, 6e-6, 1.3e-5, 3e-7, 2.5e-6 // 3 times what is seen here, and below too
	if dtype == BFloat16 {                                                  // its rounding comes before the activation, and puts more of it on the other side
		kink, image, params, middle, spread = 0.01, 0.016, 0.04, 0.13, 6e-3
	} else {
		far := 10 * math.Sqrt(float64(c.in*c.kernel*c.kernel)) // from 0, as seen from the spread
		NoGrad(func() { bias.SetData(bias.Add_(far)) })
	}
	before, mean, variance := n.plain(c.plain(x, weight, bias), true)
	want, g := LeakyRelu(before, c.slope), awayFromKinks(dtype == BFloat16, kink, before)
	wants := pull(want, g, x, weight, n.weight, n.bias, bias)
	got := FastConvNorm(x.Type(dtype), weight, bias, c.stride, c.padding, c.transposed,
		n.weight, n.bias, n.mean, n.variance, true, momentum, eps, c.slope)
	near(t, "output", got, want, image)
	grads := pull(got, g, x, weight, n.weight, n.bias, bias)
	near(t, "gradient of input", grads[0], wants[0], image)
	for i, name := range []string{"weight", "norm's weight", "norm's bias"} {
		near(t, "gradient of "+name, grads[i+1], wants[i+1], params)
	}
	if values := grads[4].Float32s(); slices.Min(values) != 0 || slices.Max(values) != 0 {
		t.Errorf("the gradient of bias is %v, want zeros", values)
	}
	near(t, "running mean", n.mean, mean, middle)
	near(t, "running variance", n.variance, variance, spread)
}

func TestFastConvNormIsConvAndBatchNorm(t *testing.T) {
	onEverySet(t, func(t *testing.T) {
		for name, c := range convCases {
			for _, dtype := range []DType{Float32, BFloat16} {
				if c.classes > 0 || !KernelsFor(dtype) {
					continue
				}
				t.Run(name+" "+dtype.String(), func(t *testing.T) {
					do(t, func() {
						ManualSeed(c.batch)
						n := newNorm(c.out)
						x, weight, bias := c.leaves(dtype == BFloat16)
						y, _, _ := n.plain(c.plain(x, weight, bias), false)
						want := LeakyRelu(y, c.slope)
						got := FastConvNorm(x.Type(dtype), weight, bias, c.stride, c.padding, c.transposed,
							n.weight, n.bias, n.mean, n.variance, false, momentum, eps, c.slope)
						limit, _ := c.limits(dtype, want)
						near(t, "in evaluation", got, want, limit)
						if y.Numel() > c.out {
							n.check(t, c, dtype)
						}
					})
				})
			}
		}
	})
}

// adam is one step of Adam on plain numbers.
func adam(p, g, m, v, step, lr, beta1, beta2, eps float64) (p2, m2, v2 float64) {
	m, v = beta1*m+(1-beta1)*g, beta2*v+(1-beta2)*g*g
	return p - lr*m/(1-math.Pow(beta1, step))/(math.Sqrt(v/(1-math.Pow(beta2, step)))+eps), m, v
}

// One call moves parameters of all sizes, at steps of their own and gradients in another memory order.
func TestFastAdamIsAdam(t *testing.T) {
	const lr, beta1, beta2, eps = 0.1, 0.5, 0.999, 1e-3
	onEverySet(t, func(t *testing.T) {
		ManualSeed(1)
		var params, means, squares, want []*Tensor
		var steps []int64
		for i, size := range [][]int64{{1}, {15}, {17, 3, 4, 4}, {33}, {40000}} {
			p, m := leaf(false, size...), Randn(size, CPU)
			v := Full(size, 0, CPU)
			if i%2 == 1 {
				v.Uniform_(0, 2)
			}
			if len(size) == 4 {
				p.LayOutPixelwise()
			}
			steps = append(steps, int64(1+40*i))
			want = append(want, adamOf(p, m, v, float64(steps[i]), lr, beta1, beta2, eps)...)
			params, means, squares = append(params, p), append(means, m), append(squares, v)
		}
		FastAdam(params, means, squares, steps, lr, beta1, beta2, eps)
		for i := range params {
			near(t, "parameter", params[i], want[3*i], 4e-7)
			near(t, "mean", means[i], want[3*i+1], 4e-7)
			near(t, "mean of squares", squares[i], want[3*i+2], 4e-7)
		}
	})
}

func TestFastAdamTakesNothing(t *testing.T) {
	onEverySet(t, func(*testing.T) {
		p, m, v := leaf(false, 0), Zeros([]int64{0}, Float32, CPU), Zeros([]int64{0}, Float32, CPU)
		p.Reshape(1, 0).Matmul(Zeros([]int64{0, 1}, Float32, CPU)).Backward()
		FastAdam([]*Tensor{p}, []*Tensor{m}, []*Tensor{v}, []int64{1}, 0.1, 0.5, 0.999, 1e-8)
	})
}

// adamOf gives p a gradient, with zeros in it, and what a step then makes of p, m and v.
func adamOf(p, m, v *Tensor, step, lr, beta1, beta2, eps float64) []*Tensor {
	g := Relu(Randn(p.Shape(), CPU))
	p.Reshape(1, -1).Matmul(g.Reshape(-1, 1)).Backward()
	ps, gs, ms, vs := p.Float32s(), g.Float32s(), m.Float32s(), v.Float32s()
	for i := range ps {
		p, m, v := adam(float64(ps[i]), float64(gs[i]), float64(ms[i]), float64(vs[i]), step, lr, beta1, beta2, eps)
		ps[i], ms[i], vs[i] = float32(p), float32(m), float32(v)
	}
	return []*Tensor{FromFloat32s(ps, p.Shape()), FromFloat32s(ms, p.Shape()), FromFloat32s(vs, p.Shape())}
}
