package nn

import "cgan/bindings/torch"

// Sync is the other ranks of a training, for batch normalisations that take mean and variance over the images of all.
type Sync struct {
	Ranks        int                               // each with as many images
	AllReduceSum func(*torch.Tensor) *torch.Tensor // the sum over the ranks; its gradient is the sum of theirs
}

// SyncBatchNorm makes the batch normalisations of this module and all below it what torch.nn.SyncBatchNorm is, in training. On the
// CPU PyTorch has none: this is its arithmetic in PyTorch's ops, as sync_batch_norm of train.py has it.
func (b *Base) SyncBatchNorm(s Sync) {
	b.each("", func(_ string, b *Base) { b.sync = s })
}

// syncs says whether other ranks take part.
func (b *batchNorm) syncs() bool { return b.sync.Ranks > 1 && b.Training() }

// forwardSync is Forward over all ranks.
func (b *batchNorm) forwardSync(x *torch.Tensor) *torch.Tensor {
	x = cast(x, torch.Float32)
	count := float64(int64(b.sync.Ranks) * x.Numel() / x.Size(1))
	var dims []int64
	channels := []int64{1, -1}
	for i := range x.Shape() {
		if i != 1 {
			dims = append(dims, int64(i))
		}
		if i > 1 {
			channels = append(channels, 1)
		}
	}
	mean := b.sync.AllReduceSum(x.SumDims(dims...)).DivScalar(count) // [C]
	centred := x.Add(mean.Neg().View(channels...))
	variance := b.sync.AllReduceSum(centred.Square().SumDims(dims...)).DivScalar(count) // [C]
	y := centred.Div(variance.AddScalar(b.Eps).Sqrt().View(channels...))
	if b.weight != nil {
		y = y.Mul(b.weight.View(channels...))
	}
	if b.bias != nil {
		y = y.Add(b.bias.View(channels...))
	}
	if b.TrackRunningStats {
		torch.NoGrad(func() {
			b.runningMean.Lerp_(mean, b.Momentum)
			b.runningVar.Lerp_(variance.MulScalar(count/(count-1)), b.Momentum)
		})
	}
	return y
}
