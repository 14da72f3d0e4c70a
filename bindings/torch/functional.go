package torch

import (
	"fmt"

	"cgan/bindings/libtorch"

	"github.com/sugarme/gotch/libtch"
)

// optional is the native tensor of t, or none where t is nil.
func optional(op string, t *Tensor) libtch.Ctensor {
	if t == nil {
		return nil
	}
	return libtch.Ctensor(handle(op, t))
}

// Linear is input [B, in] times the transpose of weight [out, in], plus bias [out] or nil.
func Linear(input, weight, bias *Tensor) *Tensor {
	const op = "linear"
	return call(op, []*Tensor{input, weight}, func(out *libtch.Ctensor, in []libtch.Ctensor) {
		libtch.AtgLinear(out, in[0], in[1], optional(op, bias))
	})
}

// Conv2d is the convolution of input [B, in, H, W] with weight [out, in/groups, kh, kw] and bias [out] or nil. Pairs are of
// height and width.
func Conv2d(input, weight, bias *Tensor, stride, padding, dilation [2]int64, groups int64) *Tensor {
	const op = "conv2d"
	return call(op, []*Tensor{input, weight}, func(out *libtch.Ctensor, in []libtch.Ctensor) {
		libtch.AtgConv2d(out, in[0], in[1], optional(op, bias), stride[:], 2, padding[:], 2, dilation[:], 2, groups)
	})
}

// ConvTranspose2d is the transposed convolution of input [B, in, H, W] with weight [in, out/groups, kh, kw] and bias [out] or
// nil. Pairs are of height and width.
func ConvTranspose2d(input, weight, bias *Tensor, stride, padding, outputPadding [2]int64, groups int64, dilation [2]int64) *Tensor {
	const op = "conv_transpose2d"
	return call(op, []*Tensor{input, weight}, func(out *libtch.Ctensor, in []libtch.Ctensor) {
		libtch.AtgConvTranspose2d(out, in[0], in[1], optional(op, bias), stride[:], 2, padding[:], 2, outputPadding[:], 2, groups, dilation[:], 2)
	})
}

// padModes are PyTorch's numbers of them.
var padModes = map[string]int64{"reflect": 0, "replicate": 1, "circular": 2}

// Pad continues input [B, C, H, W] on each side by padding rows and columns, with values of its own: mode is reflect,
// replicate or circular.
func Pad(input *Tensor, padding [2]int64, mode string) *Tensor {
	number, ok := padModes[mode]
	if !ok {
		fail("pad", []*Tensor{input}, fmt.Sprintf("there is no mode %q: use reflect, replicate or circular", mode))
	}
	return call("pad", []*Tensor{input}, func(out *libtch.Ctensor, in []libtch.Ctensor) {
		sides := []int64{padding[1], padding[1], padding[0], padding[0]} // the last dimension comes first
		libtch.Atg_PadEnum(out, in[0], sides, len(sides), number, 0, 1)
	})
}

// BatchNorm normalises each channel of input [B, C, ...]: in training by the batch, whose mean and variance move the running
// ones by momentum, else by the running ones. weight and bias, and in training the running ones too, may be nil.
func BatchNorm(input, weight, bias, runningMean, runningVar *Tensor, training bool, momentum, eps float64) *Tensor {
	const op = "batch_norm"
	if training && input.Numel() == input.Size(1) {
		fail(op, []*Tensor{input}, "expected more than 1 value per channel when training")
	}
	return call(op, []*Tensor{input}, func(out *libtch.Ctensor, in []libtch.Ctensor) {
		libtch.AtgBatchNorm(out, in[0], optional(op, weight), optional(op, bias), optional(op, runningMean), optional(op, runningVar),
			flag(training), momentum, eps, flag(true))
	})
}

// InstanceNorm normalises each channel of each image of input [B, C, H, W]: by its own mean and variance where useInputStats,
// which move the running ones by momentum, else by the running ones. All but input may be nil.
func InstanceNorm(input, weight, bias, runningMean, runningVar *Tensor, useInputStats bool, momentum, eps float64) *Tensor {
	const op = "instance_norm"
	if useInputStats && input.Numel() == input.Size(0)*input.Size(1) {
		fail(op, []*Tensor{input}, "expected more than 1 spatial element when training")
	}
	return call(op, []*Tensor{input}, func(out *libtch.Ctensor, in []libtch.Ctensor) {
		libtch.AtgInstanceNorm(out, in[0], optional(op, weight), optional(op, bias), optional(op, runningMean), optional(op, runningVar),
			flag(useInputStats), momentum, eps, flag(true))
	})
}

// LayerNorm normalises input [..., shape...] over its last dimensions, by their own mean and variance. weight and bias are of
// that shape, or nil.
func LayerNorm(input *Tensor, shape []int64, weight, bias *Tensor, eps float64) *Tensor {
	const op = "layer_norm"
	return call(op, []*Tensor{input}, func(out *libtch.Ctensor, in []libtch.Ctensor) {
		libtch.AtgLayerNorm(out, in[0], shape, len(shape), optional(op, weight), optional(op, bias), eps, flag(true))
	})
}

// Embedding picks rows of weight [n, d] by input, int64 [B].
func Embedding(input, weight *Tensor) *Tensor {
	const noPadding = -1
	return call("embedding", []*Tensor{weight, input}, func(out *libtch.Ctensor, in []libtch.Ctensor) {
		libtch.AtgEmbedding(out, in[0], in[1], noPadding, flag(false), flag(false))
	})
}

// Dropout sets each value to 0 with probability p in training, and divides the others by 1 - p; else it is input.
func Dropout(input *Tensor, p float64, training bool) *Tensor {
	return call("dropout", []*Tensor{input}, func(out *libtch.Ctensor, in []libtch.Ctensor) { libtch.AtgDropout(out, in[0], p, flag(training)) })
}

// FeatureDropout is Dropout of whole channels of input [B, C, ...].
func FeatureDropout(input *Tensor, p float64, training bool) *Tensor {
	return call("feature_dropout", []*Tensor{input}, func(out *libtch.Ctensor, in []libtch.Ctensor) {
		libtch.AtgFeatureDropout(out, in[0], p, flag(training))
	})
}

// Interpolate takes input [B, C, H, W] to size, or where it is nil to scale times its own height and width, rounded down. mode
// is nearest or bilinear; alignCorners, which is for bilinear, keeps the corners' values: torch.nn.functional.interpolate.
func Interpolate(input *Tensor, size *[2]int64, scale [2]float64, mode string, alignCorners bool) *Tensor {
	const op = "interpolate"
	none := 1
	if size == nil {
		none = 0
		size = &[2]int64{int64(float64(input.Size(2)) * scale[0]), int64(float64(input.Size(3)) * scale[1])}
	}
	return call(op, []*Tensor{input}, func(out *libtch.Ctensor, in []libtch.Ctensor) {
		switch mode {
		case "nearest":
			libtch.AtgUpsampleNearest2d(out, in[0], size[:], 2, scale[0], none, scale[1], none)
		case "bilinear":
			libtch.AtgUpsampleBilinear2d(out, in[0], size[:], 2, flag(alignCorners), scale[0], none, scale[1], none)
		default:
			fail(op, []*Tensor{input}, fmt.Sprintf("there is no mode %q: use nearest or bilinear", mode))
		}
	})
}

// PixelShuffle takes input [B, C*r*r, H, W] to [B, C, H*r, W*r].
func PixelShuffle(input *Tensor, r int64) *Tensor {
	return call("pixel_shuffle", []*Tensor{input}, func(out *libtch.Ctensor, in []libtch.Ctensor) { libtch.AtgPixelShuffle(out, in[0], r) })
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

// Elu is x where x > 0 and alpha*(exp(x) - 1) elsewhere.
func Elu(input *Tensor, alpha float64) *Tensor {
	return Native("elu", []*Tensor{input}, func(out *libtorch.Handle, in []libtorch.Handle) error {
		return libtorch.Elu(in[0], alpha, out)
	})
}

// Silu is x * sigmoid(x).
func Silu(input *Tensor) *Tensor {
	return call("silu", []*Tensor{input}, func(out *libtch.Ctensor, in []libtch.Ctensor) { libtch.AtgSilu(out, in[0]) })
}

// Gelu is x times the normal distribution's function at x, or near it where approximate is tanh and not none.
func Gelu(input *Tensor, approximate string) *Tensor {
	return call("gelu", []*Tensor{input}, func(out *libtch.Ctensor, in []libtch.Ctensor) { libtch.AtgGelu(out, in[0], approximate) })
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

// CrossEntropy is the mean over a batch of minus the logarithm of the softmax of scores [B, classes] at target [B] int64. With
// labelSmoothing so much of the target is spread over all classes.
func CrossEntropy(scores, target *Tensor, labelSmoothing float64) *Tensor {
	return call("cross_entropy", []*Tensor{scores, target}, func(out *libtch.Ctensor, in []libtch.Ctensor) {
		const mean, ignoreIndex = 1, -100
		libtch.AtgCrossEntropyLoss(out, in[0], in[1], nil, mean, ignoreIndex, labelSmoothing)
	})
}

// AffineGrid is the places [B, H, W, 2] of an image's pixels under the maps theta [B, 2, 3], for GridSample; size is [B, C, H, W].
// Places go from -1 to 1, from the outer edge of one pixel to that of the other (align_corners=False).
func AffineGrid(theta *Tensor, size []int64) *Tensor {
	return call("affine_grid", []*Tensor{theta}, func(out *libtch.Ctensor, in []libtch.Ctensor) {
		libtch.AtgAffineGridGenerator(out, in[0], size, len(size), flag(false))
	})
}

// GridSample takes from input [B, C, H, W] the pixels at the places grid [B, h, w, 2], bilinear, with zeros outside
// (align_corners=False).
func GridSample(input, grid *Tensor) *Tensor {
	return call("grid_sample", []*Tensor{input, grid}, func(out *libtch.Ctensor, in []libtch.Ctensor) {
		const bilinear, zeros = 0, 0
		libtch.AtgGridSampler(out, in[0], in[1], bilinear, zeros, flag(false))
	})
}

func flag(b bool) int32 {
	if b {
		return 1
	}
	return 0
}
