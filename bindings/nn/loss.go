package nn

import "cgan/bindings/torch"

// BCELoss is torch.nn.BCELoss: the mean binary cross-entropy of probabilities.
type BCELoss struct{}

// Forward takes probabilities and targets of the same shape, all from 0 to 1, to one value.
func (BCELoss) Forward(input, target *torch.Tensor) *torch.Tensor {
	return torch.BinaryCrossEntropy(input, target)
}
