package train

import (
	"cgan/bindings/nn"
	"cgan/bindings/optim"
	"cgan/bindings/torch"
	"cgan/models"
)

// newAverage makes a generator that is the average of t's over the steps, and begins as that one is. It draws no random number.
func (t *Trainer) newAverage() {
	nn.SkipInit(func() { t.average = t.config.NewGenerator() })
	t.average.To(t.device)
	t.average.SetFast(t.config.Fast())
	t.average.Eval()
	torch.NoGrad(func() { copyAll(t.average.Parameters(), t.generator.Parameters()) })
	copyAll(t.average.Buffers(), t.generator.Buffers())
}

// updateAverage moves the average towards the generator as it is now. The running statistics are averages already. In the first steps
// the decay is lower, as that of TensorFlow's ExponentialMovingAverage with num_updates.
func (t *Trainer) updateAverage() {
	if t.average == nil {
		return
	}
	decay := t.config.EMA
	if decay >= minHalfLife {
		decay = torch.Pow(0.5, float64(t.config.Batch*t.ranks)/decay)
	}
	decay = min(decay, float64(1+t.done)/float64(10+t.done))
	optim.EMA(t.average.Parameters(), t.generator.Parameters(), decay)
	copyAll(t.average.Buffers(), t.generator.Buffers())
}

func copyAll(to, from []*torch.Tensor) {
	for i := range to {
		to[i].Copy_(from[i])
	}
}

// drawing is the generator that samples are drawn with.
func (t *Trainer) drawing() *models.Net {
	if t.average != nil {
		return t.average
	}
	return t.generator
}
