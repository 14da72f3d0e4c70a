package nn

import "cgan/bindings/torch"

// BatchNorm2d is torch.nn.BatchNorm2d with its defaults.
type BatchNorm2d struct {
	Base
	NumFeatures   int64
	Eps, Momentum float64

	weight, bias                               *torch.Tensor
	runningMean, runningVar, numBatchesTracked *torch.Tensor
}

// NewBatchNorm2d makes a normalisation of the given number of channels.
func NewBatchNorm2d(channels int64) *BatchNorm2d {
	b, size := &BatchNorm2d{NumFeatures: channels, Eps: 1e-5, Momentum: 0.1}, []int64{channels}
	b.weight = b.RegisterParameter("weight", torch.Full(size, 1, torch.CPU))
	b.bias = b.RegisterParameter("bias", torch.Full(size, 0, torch.CPU))
	b.runningMean = b.RegisterBuffer("running_mean", torch.Full(size, 0, torch.CPU))
	b.runningVar = b.RegisterBuffer("running_var", torch.Full(size, 1, torch.CPU))
	b.numBatchesTracked = b.RegisterBuffer("num_batches_tracked", torch.ScalarTensor(0, torch.Int64, torch.CPU))
	return b
}

// Forward keeps the shape [B, C, H, W]. In training it also moves the running statistics.
func (b *BatchNorm2d) Forward(x *torch.Tensor) *torch.Tensor {
	b.count()
	return torch.BatchNorm(x, b.weight, b.bias, b.runningMean, b.runningVar, b.Training(), b.Momentum, b.Eps)
}

// count counts a batch in training.
func (b *BatchNorm2d) count() {
	if b.Training() {
		b.numBatchesTracked.Increment_()
	}
}
