package torch

import (
	"cgan/bindings/libtorch"

	"github.com/sugarme/gotch/libtch"
)

// Add is t + other.
func (t *Tensor) Add(other *Tensor) *Tensor {
	return call("add", []*Tensor{t, other}, func(out *libtch.Ctensor, in []libtch.Ctensor) {
		libtch.AtgAdd(out, in[0], in[1])
	})
}

// AddScalar is t + value.
func (t *Tensor) AddScalar(value float64) *Tensor {
	return call("add", []*Tensor{t}, func(out *libtch.Ctensor, in []libtch.Ctensor) {
		withScalar(value, func(v libtch.Cscalar) { libtch.AtgAddScalar(out, in[0], v) })
	})
}

// Rsub is value - t.
func (t *Tensor) Rsub(value float64) *Tensor {
	return call("rsub", []*Tensor{t}, func(out *libtch.Ctensor, in []libtch.Ctensor) {
		withScalar(value, func(v libtch.Cscalar) { libtch.AtgRsubScalar(out, in[0], v) })
	})
}

// Neg is -t.
func (t *Tensor) Neg() *Tensor {
	return call("neg", []*Tensor{t}, func(out *libtch.Ctensor, in []libtch.Ctensor) { libtch.AtgNeg(out, in[0]) })
}

// Mul is t * other, elementwise; sizes of 1 are repeated.
func (t *Tensor) Mul(other *Tensor) *Tensor {
	return call("mul", []*Tensor{t, other}, func(out *libtch.Ctensor, in []libtch.Ctensor) { libtch.AtgMul(out, in[0], in[1]) })
}

// MulScalar is t * value.
func (t *Tensor) MulScalar(value float64) *Tensor {
	return call("mul", []*Tensor{t}, func(out *libtch.Ctensor, in []libtch.Ctensor) {
		withScalar(value, func(v libtch.Cscalar) { libtch.AtgMulScalar(out, in[0], v) })
	})
}

// Square is t * t, elementwise.
func (t *Tensor) Square() *Tensor {
	return call("square", []*Tensor{t}, func(out *libtch.Ctensor, in []libtch.Ctensor) { libtch.AtgSquare(out, in[0]) })
}

// ClampMin is the larger of each value and least.
func (t *Tensor) ClampMin(least float64) *Tensor {
	return call("clamp_min", []*Tensor{t}, func(out *libtch.Ctensor, in []libtch.Ctensor) {
		withScalar(least, func(v libtch.Cscalar) { libtch.AtgClampMin(out, in[0], v) })
	})
}

// Mv is the product of the matrix t [M, K] and vec [K].
func (t *Tensor) Mv(vec *Tensor) *Tensor {
	return call("mv", []*Tensor{t, vec}, func(out *libtch.Ctensor, in []libtch.Ctensor) { libtch.AtgMv(out, in[0], in[1]) })
}

// Dot is the sum of t * other, both of one dimension.
func (t *Tensor) Dot(other *Tensor) *Tensor {
	return call("dot", []*Tensor{t, other}, func(out *libtch.Ctensor, in []libtch.Ctensor) { libtch.AtgDot(out, in[0], in[1]) })
}

// Matmul is the matrix product of t [M, K] and other [K, N].
func (t *Tensor) Matmul(other *Tensor) *Tensor {
	return call("matmul", []*Tensor{t, other}, func(out *libtch.Ctensor, in []libtch.Ctensor) { libtch.AtgMatmul(out, in[0], in[1]) })
}

// Div is t / other, elementwise. On CUDA it rounds as on the CPU, where DivScalar and Div_ multiply by the inverse.
func (t *Tensor) Div(other *Tensor) *Tensor {
	return call("div", []*Tensor{t, other}, func(out *libtch.Ctensor, in []libtch.Ctensor) { libtch.AtgDiv(out, in[0], in[1]) })
}

// DivScalar is t / value.
func (t *Tensor) DivScalar(value float64) *Tensor {
	return call("div", []*Tensor{t}, func(out *libtch.Ctensor, in []libtch.Ctensor) {
		withScalar(value, func(v libtch.Cscalar) { libtch.AtgDivScalar(out, in[0], v) })
	})
}

// Sqrt is the square root of each value.
func (t *Tensor) Sqrt() *Tensor {
	return call("sqrt", []*Tensor{t}, func(out *libtch.Ctensor, in []libtch.Ctensor) { libtch.AtgSqrt(out, in[0]) })
}

// Mean is the mean of all values.
func (t *Tensor) Mean() *Tensor {
	return call("mean", []*Tensor{t}, func(out *libtch.Ctensor, in []libtch.Ctensor) {
		libtch.AtgMean(out, in[0], int32(t.DType()))
	})
}

// Sum is the sum of all values.
func (t *Tensor) Sum() *Tensor {
	return call("sum", []*Tensor{t}, func(out *libtch.Ctensor, in []libtch.Ctensor) { libtch.AtgSum(out, in[0], int32(t.DType())) })
}

// SumDims sums over the dimensions dims, which go.
func (t *Tensor) SumDims(dims ...int64) *Tensor {
	return call("sum", []*Tensor{t}, func(out *libtch.Ctensor, in []libtch.Ctensor) {
		libtch.AtgSumDimIntlist(out, in[0], dims, len(dims), flag(false), int32(t.DType()))
	})
}

// MeanDims is the mean over the dimensions dims, which go.
func (t *Tensor) MeanDims(dims ...int64) *Tensor {
	return call("mean", []*Tensor{t}, func(out *libtch.Ctensor, in []libtch.Ctensor) {
		libtch.AtgMeanDim(out, in[0], dims, len(dims), flag(false), int32(t.DType()))
	})
}

// Argmax is the place int64 of the largest value along dimension dim, which goes.
func (t *Tensor) Argmax(dim int64) *Tensor {
	return call("argmax", []*Tensor{t}, func(out *libtch.Ctensor, in []libtch.Ctensor) { libtch.AtgArgmax(out, in[0], dim, 0, flag(false)) })
}

// Sin is the sine of each value.
func (t *Tensor) Sin() *Tensor {
	return call("sin", []*Tensor{t}, func(out *libtch.Ctensor, in []libtch.Ctensor) { libtch.AtgSin(out, in[0]) })
}

// Cos is the cosine of each value.
func (t *Tensor) Cos() *Tensor {
	return call("cos", []*Tensor{t}, func(out *libtch.Ctensor, in []libtch.Ctensor) { libtch.AtgCos(out, in[0]) })
}

// VectorNorm is the Euclidean norm over the dimensions dims, which go, or stay as 1: torch.linalg.vector_norm. Where it is 0, so
// is its gradient.
func (t *Tensor) VectorNorm(dims []int64, keepdim bool) *Tensor {
	return call("vector_norm", []*Tensor{t}, func(out *libtch.Ctensor, in []libtch.Ctensor) {
		withScalar(2, func(p libtch.Cscalar) { libtch.AtgNormScalaroptDim(out, in[0], p, dims, len(dims), flag(keepdim)) })
	})
}

// Add_ adds value to t in place. It returns t, as all in-place ops do.
func (t *Tensor) Add_(value float64) *Tensor {
	return update("add_", []*Tensor{t}, func(out *libtch.Ctensor, in []libtch.Ctensor) {
		withScalar(value, func(v libtch.Cscalar) { libtch.AtgAddScalar_(out, in[0], v) })
	})
}

// Sub_ takes value from t in place.
func (t *Tensor) Sub_(value float64) *Tensor {
	return update("sub_", []*Tensor{t}, func(out *libtch.Ctensor, in []libtch.Ctensor) {
		withScalar(value, func(v libtch.Cscalar) { libtch.AtgSubScalar_(out, in[0], v) })
	})
}

// Div_ divides t by value in place.
func (t *Tensor) Div_(value float64) *Tensor {
	return update("div_", []*Tensor{t}, func(out *libtch.Ctensor, in []libtch.Ctensor) {
		withScalar(value, func(v libtch.Cscalar) { libtch.AtgDivScalar_(out, in[0], v) })
	})
}

// Copy_ sets t, in place, to the values of src, which may be on another device.
func (t *Tensor) Copy_(src *Tensor) *Tensor {
	NativeUpdate("copy_", []*Tensor{t, src}, func(in []libtorch.Handle) error {
		libtch.AtCopy_(libtch.Ctensor(in[0]), libtch.Ctensor(in[1]))
		return lastError()
	})
	return t
}

// Increment_ adds 1 to an integer t in place.
func (t *Tensor) Increment_() *Tensor {
	return update("add_", []*Tensor{t}, func(out *libtch.Ctensor, in []libtch.Ctensor) {
		one := libtch.AtsInt(1)
		defer libtch.AtsFree(one)
		libtch.AtgAddScalar_(out, in[0], one)
	})
}

// Mul_ multiplies t by value in place.
func (t *Tensor) Mul_(value float64) *Tensor {
	return update("mul_", []*Tensor{t}, func(out *libtch.Ctensor, in []libtch.Ctensor) {
		withScalar(value, func(v libtch.Cscalar) { libtch.AtgMulScalar_(out, in[0], v) })
	})
}

// Uniform_ draws every value in place from [from, to) with the default generator.
func (t *Tensor) Uniform_(from, to float64) *Tensor {
	return update("uniform_", []*Tensor{t}, func(out *libtch.Ctensor, in []libtch.Ctensor) {
		libtch.AtgUniform_(out, in[0], from, to)
	})
}

// Lerp_ moves t towards end by weight in place: t + weight * (end - t).
func (t *Tensor) Lerp_(end *Tensor, weight float64) *Tensor {
	return update("lerp_", []*Tensor{t, end}, func(out *libtch.Ctensor, in []libtch.Ctensor) {
		withScalar(weight, func(w libtch.Cscalar) { libtch.AtgLerp_(out, in[0], in[1], w) })
	})
}

// Addcmul_ adds value * tensor1 * tensor2 to t in place.
func (t *Tensor) Addcmul_(tensor1, tensor2 *Tensor, value float64) *Tensor {
	const op = "addcmul_"
	must(op, libtorch.Addcmul(handle(op, t), handle(op, tensor1), handle(op, tensor2), value), t, tensor1, tensor2)
	return t
}

// Addcdiv_ adds value * tensor1 / tensor2 to t in place.
func (t *Tensor) Addcdiv_(tensor1, tensor2 *Tensor, value float64) *Tensor {
	const op = "addcdiv_"
	must(op, libtorch.Addcdiv(handle(op, t), handle(op, tensor1), handle(op, tensor2), value), t, tensor1, tensor2)
	return t
}

// Pow is x to the power of y in the last bit of Python's **, on plain numbers.
func Pow(x, y float64) float64 { return libtorch.Pow(x, y) }

// Lt says of each value whether it is below value: a boolean tensor.
func (t *Tensor) Lt(value float64) *Tensor {
	return call("lt", []*Tensor{t}, func(out *libtch.Ctensor, in []libtch.Ctensor) {
		withScalar(value, func(v libtch.Cscalar) { libtch.AtgLt(out, in[0], v) })
	})
}

// Where takes each value from a where condition holds, and from b elsewhere.
func Where(condition, a, b *Tensor) *Tensor {
	return call("where", []*Tensor{condition, a, b}, func(out *libtch.Ctensor, in []libtch.Ctensor) {
		libtch.AtgWhereSelf(out, in[0], in[1], in[2])
	})
}

// Cos is math.cos of Python in the last bit, on a plain number.
func Cos(x float64) float64 { return libtorch.Cos(x) }
