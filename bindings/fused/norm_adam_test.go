package fused

import (
	"math"
	"slices"
	"testing"

	"cgan/bindings/kernels"
	"cgan/bindings/torch"
	"cgan/bindings/torch/torchtest"
)

// norm is a batch normalisation of channels with everything about it away from its defaults.
type norm struct{ weight, bias, mean, variance *torch.Tensor }

const momentum, eps = 0.3, 0.01

func newNorm(channels int64) norm {
	variance := torch.Full([]int64{channels}, 0, torch.CPU).Uniform_(0.5, 2)
	return norm{param(false, channels), param(false, channels), torch.Randn([]int64{channels}, torch.CPU), variance}
}

func (n norm) native(training bool) BatchNorm {
	return BatchNorm{n.weight, n.bias, n.mean, n.variance, training, momentum, eps}
}

// plain is the normalisation by the plain op in float64, and the running statistics after it.
func (n norm) plain(x *torch.Tensor, training bool) (y, mean, variance *torch.Tensor) {
	mean, variance = n.mean.Type(torch.Float64), n.variance.Type(torch.Float64)
	y = torch.BatchNorm(x.Type(torch.Float64), n.weight.Type(torch.Float64), n.bias.Type(torch.Float64), mean, variance, training, momentum, eps)
	return y, mean, variance
}

// check compares output, gradients and running statistics in training.
func (n norm) check(t *testing.T, set *kernels.Set, c convCase, dtype torch.DType) {
	x, weight, bias := c.leaves(dtype == torch.BFloat16)
	kink, image, params, middle, spread := 1e-4, 6e-6, 1.3e-5, 3e-7, 2.5e-6 // 3 times what is seen here, and below too
	if dtype == torch.BFloat16 {                                            // its rounding comes before the activation, and puts more of it on the other side
		kink, image, params, middle, spread = 0.01, 0.016, 0.04, 0.13, 6e-3
	} else {
		far := 10 * math.Sqrt(float64(c.in*c.kernel*c.kernel)) // from 0, as seen from the spread
		torch.NoGrad(func() { bias.SetData(bias.Add_(far)) })
	}
	before, mean, variance := n.plain(c.plain(x, weight, bias), true)
	want, g := torch.LeakyRelu(before, c.slope), gradAwayFromZero(dtype == torch.BFloat16, kink, before)
	wants := gradients(want, g, x, weight, n.weight, n.bias, bias)
	got := c.on(set).ForwardNorm(x.Type(dtype), weight, bias, n.native(true))
	assertClose(t, "output", got, want, image)
	grads := gradients(got, g, x, weight, n.weight, n.bias, bias)
	assertClose(t, "gradient of input", grads[0], wants[0], image)
	for i, name := range []string{"weight", "norm's weight", "norm's bias"} {
		assertClose(t, "gradient of "+name, grads[i+1], wants[i+1], params)
	}
	if values := grads[4].Float32s(); slices.Min(values) != 0 || slices.Max(values) != 0 {
		t.Errorf("the gradient of bias is %v, want zeros", values)
	}
	assertClose(t, "running mean", n.mean, mean, middle)
	assertClose(t, "running variance", n.variance, variance, spread)
}

func TestConvNormIsConvAndBatchNorm(t *testing.T) {
	onEverySet(t, func(t *testing.T, set *kernels.Set) {
		for name, c := range convCases {
			for _, dtype := range []torch.DType{torch.Float32, torch.BFloat16} {
				if c.classes > 0 || c.tooLong(set) {
					continue
				}
				t.Run(name+" "+dtype.String(), func(t *testing.T) {
					torchtest.Do(t, func() {
						torch.ManualSeed(c.batch)
						n := newNorm(c.out)
						x, weight, bias := c.leaves(dtype == torch.BFloat16)
						y, _, _ := n.plain(c.plain(x, weight, bias), false)
						want := torch.LeakyRelu(y, c.slope)
						got := c.on(set).ForwardNorm(x.Type(dtype), weight, bias, n.native(false))
						limit, _ := c.limits(dtype, want)
						assertClose(t, "in evaluation", got, want, limit)
						if y.Numel() > c.out {
							n.check(t, set, c, dtype)
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
func TestAdamIsAdam(t *testing.T) {
	const lr, beta1, beta2, eps = 0.1, 0.5, 0.999, 1e-3
	onEverySet(t, func(t *testing.T, set *kernels.Set) {
		torch.ManualSeed(1)
		var params, means, squares, want []*torch.Tensor
		var steps []int64
		for i, size := range [][]int64{{1}, {15}, {17, 3, 4, 4}, {33}, {40000}} {
			p, m := param(false, size...), torch.Randn(size, torch.CPU)
			v := torch.Full(size, 0, torch.CPU)
			if i%2 == 1 {
				v.Uniform_(0, 2)
			}
			if len(size) == 4 {
				LayOutPixelwise(p)
			}
			steps = append(steps, int64(1+40*i))
			want = append(want, adamOf(p, m, v, float64(steps[i]), lr, beta1, beta2, eps)...)
			params, means, squares = append(params, p), append(means, m), append(squares, v)
		}
		Adam{set, lr, beta1, beta2, eps}.Step(params, means, squares, steps)
		for i := range params {
			assertClose(t, "parameter", params[i], want[3*i], 4e-7)
			assertClose(t, "mean", means[i], want[3*i+1], 4e-7)
			assertClose(t, "mean of squares", squares[i], want[3*i+2], 4e-7)
		}
	})
}

func TestAdamTakesNothing(t *testing.T) {
	onEverySet(t, func(_ *testing.T, set *kernels.Set) {
		p, m, v := param(false, 0), torch.Zeros([]int64{0}, torch.Float32, torch.CPU), torch.Zeros([]int64{0}, torch.Float32, torch.CPU)
		p.Reshape(1, 0).Matmul(torch.Zeros([]int64{0, 1}, torch.Float32, torch.CPU)).Backward()
		Adam{set, 0.1, 0.5, 0.999, 1e-8}.Step([]*torch.Tensor{p}, []*torch.Tensor{m}, []*torch.Tensor{v}, []int64{1})
	})
}

// adamOf gives p a gradient, with zeros in it, and what a step then makes of p, m and v.
func adamOf(p, m, v *torch.Tensor, step, lr, beta1, beta2, eps float64) []*torch.Tensor {
	g := torch.Relu(torch.Randn(p.Shape(), torch.CPU))
	p.Reshape(1, -1).Matmul(g.Reshape(-1, 1)).Backward()
	ps, gs, ms, vs := p.Float32s(), g.Float32s(), m.Float32s(), v.Float32s()
	for i := range ps {
		p, m, v := adam(float64(ps[i]), float64(gs[i]), float64(ms[i]), float64(vs[i]), step, lr, beta1, beta2, eps)
		ps[i], ms[i], vs[i] = float32(p), float32(m), float32(v)
	}
	return []*torch.Tensor{torch.FromFloat32s(ps, p.Shape()), torch.FromFloat32s(ms, p.Shape()), torch.FromFloat32s(vs, p.Shape())}
}
