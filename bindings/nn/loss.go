package nn

import "cgan/bindings/torch"

// BCELoss is torch.nn.BCELoss: the mean binary cross-entropy of probabilities.
type BCELoss struct{}

// Forward takes probabilities and targets of the same shape, all from 0 to 1, to one value.
func (BCELoss) Forward(input, target *torch.Tensor) *torch.Tensor {
	return torch.BinaryCrossEntropy(input, target)
}

// BCEWithLogitsLoss is torch.nn.BCEWithLogitsLoss: BCELoss of the sigmoid of what goes in.
type BCEWithLogitsLoss struct{}

// Forward takes any values, and targets from 0 to 1 of the same shape, to one value.
func (BCEWithLogitsLoss) Forward(input, target *torch.Tensor) *torch.Tensor {
	return torch.BinaryCrossEntropyWithLogits(input, target)
}

// MSELoss is torch.nn.MSELoss: the mean squared difference.
type MSELoss struct{}

// Forward takes two tensors of the same shape to one value.
func (MSELoss) Forward(input, target *torch.Tensor) *torch.Tensor {
	return torch.MSELoss(input, target)
}

// CrossEntropyLoss is torch.nn.CrossEntropyLoss.
type CrossEntropyLoss struct{ LabelSmoothing float64 }

// Forward takes scores [B, classes] and classes [B] int64 to one value.
func (l CrossEntropyLoss) Forward(input, target *torch.Tensor) *torch.Tensor {
	return torch.CrossEntropy(input, target, l.LabelSmoothing)
}
