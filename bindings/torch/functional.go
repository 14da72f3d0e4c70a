package torch

import (
	"cgan/bindings/libtorch"

	"github.com/sugarme/gotch/libtch"
)

// Conv2d is the convolution of input [B, in, H, W] with weight [out, in, k, k] and bias [out].
func Conv2d(input, weight, bias *Tensor, stride, padding int64) *Tensor {
	return call("conv2d", []*Tensor{input, weight, bias}, func(out *libtch.Ctensor, in []libtch.Ctensor) {
		s, p, dilation := []int64{stride, stride}, []int64{padding, padding}, []int64{1, 1}
		libtch.AtgConv2d(out, in[0], in[1], in[2], s, 2, p, 2, dilation, 2, 1)
	})
}

// ConvTranspose2d is the transposed convolution of input [B, in, H, W] with weight [in, out, k, k] and bias [out].
func ConvTranspose2d(input, weight, bias *Tensor, stride, padding int64) *Tensor {
	return call("conv_transpose2d", []*Tensor{input, weight, bias}, func(out *libtch.Ctensor, in []libtch.Ctensor) {
		s, p, zero, dilation := []int64{stride, stride}, []int64{padding, padding}, []int64{0, 0}, []int64{1, 1}
		libtch.AtgConvTranspose2d(out, in[0], in[1], in[2], s, 2, p, 2, zero, 2, 1, dilation, 2)
	})
}

// BatchNorm normalises each channel of input [B, C, H, W]: in training by the batch, whose mean and
// variance move the running ones by momentum, else by the running ones.
func BatchNorm(input, weight, bias, runningMean, runningVar *Tensor, training bool, momentum, eps float64) *Tensor {
	in := []*Tensor{input, weight, bias, runningMean, runningVar}
	return call("batch_norm", in, func(out *libtch.Ctensor, in []libtch.Ctensor) {
		libtch.AtgBatchNorm(out, in[0], in[1], in[2], in[3], in[4], flag(training), momentum, eps, flag(true))
	})
}

// Relu is max(x, 0).
func Relu(input *Tensor) *Tensor {
	return call("relu", []*Tensor{input}, func(out *libtch.Ctensor, in []libtch.Ctensor) { libtch.AtgRelu(out, in[0]) })
}

// LeakyRelu is x where x > 0 and negativeSlope*x elsewhere.
func LeakyRelu(input *Tensor, negativeSlope float64) *Tensor {
	return Native("leaky_relu", []*Tensor{input}, func(out *libtorch.Handle, in []libtorch.Handle) error {
		return libtorch.LeakyRelu(in[0], negativeSlope, out)
	})
}

// Tanh is the hyperbolic tangent.
func Tanh(input *Tensor) *Tensor {
	return call("tanh", []*Tensor{input}, func(out *libtch.Ctensor, in []libtch.Ctensor) { libtch.AtgTanh(out, in[0]) })
}

// Sigmoid is 1 / (1 + exp(-x)).
func Sigmoid(input *Tensor) *Tensor {
	return call("sigmoid", []*Tensor{input}, func(out *libtch.Ctensor, in []libtch.Ctensor) { libtch.AtgSigmoid(out, in[0]) })
}

// BinaryCrossEntropy is the mean of -(y*log(p) + (1-y)*log(1-p)) over probabilities p and targets y.
func BinaryCrossEntropy(input, target *Tensor) *Tensor {
	const reductionMean = 1
	return call("binary_cross_entropy", []*Tensor{input, target}, func(out *libtch.Ctensor, in []libtch.Ctensor) {
		libtch.AtgBinaryCrossEntropy(out, in[0], in[1], nil, reductionMean)
	})
}

// BinaryCrossEntropyWithLogits is BinaryCrossEntropy of the probabilities sigmoid(x), for any x.
func BinaryCrossEntropyWithLogits(input, target *Tensor) *Tensor {
	const reductionMean = 1
	return call("binary_cross_entropy_with_logits", []*Tensor{input, target}, func(out *libtch.Ctensor, in []libtch.Ctensor) {
		libtch.AtgBinaryCrossEntropyWithLogits(out, in[0], in[1], nil, nil, reductionMean)
	})
}

// MSELoss is the mean of (x - y)^2.
func MSELoss(input, target *Tensor) *Tensor {
	const reductionMean = 1
	return call("mse_loss", []*Tensor{input, target}, func(out *libtch.Ctensor, in []libtch.Ctensor) {
		libtch.AtgMseLoss(out, in[0], in[1], reductionMean)
	})
}

func flag(b bool) int32 {
	if b {
		return 1
	}
	return 0
}
