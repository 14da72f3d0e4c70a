package nn

import "cgan/bindings/torch"

// NormOptions are the arguments of torch.nn's BatchNorm1d, BatchNorm2d and InstanceNorm2d. There are no defaults.
type NormOptions struct {
	NumFeatures               int64
	Eps, Momentum             float64 // Momentum moves running statistics, where there are any
	Affine, TrackRunningStats bool    // whether there are weight and bias; running statistics
	NoBias                    bool    // a weight alone, where Affine
}

// norm is what the normalisations of channels share.
type norm struct {
	Base
	NormOptions

	weight, bias                               *torch.Tensor // nil where not Affine
	runningMean, runningVar, numBatchesTracked *torch.Tensor // nil where not TrackRunningStats
}

func newNorm(o NormOptions) norm {
	n := norm{NormOptions: o}
	if o.Affine {
		n.weight = n.RegisterParameter("weight", full(1, o.NumFeatures))
	}
	if o.Affine && !o.NoBias {
		n.bias = n.RegisterParameter("bias", full(0, o.NumFeatures))
	}
	if o.TrackRunningStats {
		n.runningMean = n.RegisterBuffer("running_mean", full(0, o.NumFeatures))
		n.runningVar = n.RegisterBuffer("running_var", full(1, o.NumFeatures))
		n.numBatchesTracked = n.RegisterBuffer("num_batches_tracked", torch.ScalarTensor(0, torch.Int64, torch.CPU))
	}
	return n
}

// byInput says whether what goes in gives mean and variance, not the running statistics.
func (n *norm) byInput() bool { return n.Training() || !n.TrackRunningStats }

// batchNorm is what both batch normalisations are.
type batchNorm struct{ norm }

// Forward keeps the shape. In training it also moves the running statistics.
func (b *batchNorm) Forward(x *torch.Tensor) *torch.Tensor {
	b.count()
	if b.syncs() {
		return b.forwardSync(x)
	}
	return torch.BatchNorm(x, b.weight, b.bias, b.runningMean, b.runningVar, b.byInput(), b.Momentum, b.Eps)
}

// ByBatch says that in evaluation mode too mean and variance are those of the batch at hand.
func (b *batchNorm) ByBatch() bool { return !b.TrackRunningStats }

// count counts a batch in training.
func (b *batchNorm) count() {
	if b.Training() && b.TrackRunningStats {
		b.numBatchesTracked.Increment_()
	}
}

// BatchNorm1d is torch.nn.BatchNorm1d, of [B, C] or [B, C, L].
type BatchNorm1d struct{ batchNorm }

// NewBatchNorm1dWith makes a normalisation of the channels of a batch of rows.
func NewBatchNorm1dWith(o NormOptions) *BatchNorm1d { return &BatchNorm1d{batchNorm{newNorm(o)}} }

// BatchNorm2d is torch.nn.BatchNorm2d, of [B, C, H, W].
type BatchNorm2d struct{ batchNorm }

// NewBatchNorm2d makes a normalisation of the given number of channels, with torch.nn's defaults.
func NewBatchNorm2d(channels int64) *BatchNorm2d {
	return NewBatchNorm2dWith(NormOptions{NumFeatures: channels, Eps: 1e-5, Momentum: 0.1, Affine: true, TrackRunningStats: true})
}

// NewBatchNorm2dWith makes a normalisation of the channels of a batch of images.
func NewBatchNorm2dWith(o NormOptions) *BatchNorm2d { return &BatchNorm2d{batchNorm{newNorm(o)}} }

// InstanceNorm2d is torch.nn.InstanceNorm2d, of [B, C, H, W].
type InstanceNorm2d struct{ norm }

// NewInstanceNorm2d makes a normalisation of the channels of each image.
func NewInstanceNorm2d(o NormOptions) *InstanceNorm2d { return &InstanceNorm2d{newNorm(o)} }

// Forward keeps the shape. In training it also moves the running statistics, which it counts as little as PyTorch does.
func (n *InstanceNorm2d) Forward(x *torch.Tensor) *torch.Tensor {
	return torch.InstanceNorm(x, n.weight, n.bias, n.runningMean, n.runningVar, n.byInput(), n.Momentum, n.Eps)
}

// LayerNorm is torch.nn.LayerNorm.
type LayerNorm struct {
	Base
	NormalizedShape   []int64
	Eps               float64
	ElementwiseAffine bool

	weight, bias *torch.Tensor // of NormalizedShape, or nil
}

// NewLayerNorm makes a normalisation over the last dimensions, which have that shape. affine gives it a weight, and with bias
// a bias too.
func NewLayerNorm(shape []int64, eps float64, affine, bias bool) *LayerNorm {
	l := &LayerNorm{NormalizedShape: shape, Eps: eps, ElementwiseAffine: affine}
	if affine {
		l.weight = l.RegisterParameter("weight", full(1, shape...))
	}
	if affine && bias {
		l.bias = l.RegisterParameter("bias", full(0, shape...))
	}
	return l
}

// Forward keeps the shape [B, ..., shape...].
func (l *LayerNorm) Forward(x *torch.Tensor) *torch.Tensor {
	return torch.LayerNorm(wideOnCUDA(x), l.NormalizedShape, l.weight, l.bias, l.Eps)
}
