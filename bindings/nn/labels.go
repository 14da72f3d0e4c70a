package nn

import (
	"cgan/bindings/torch"
)

// ForwardLabels is Forward of the image [B, C, H, W] with the one-hot planes of label [B] after its channels. Where
// the first module is a convolution that there are kernels for, it makes no planes; else ok is false.
func (c Chain) ForwardLabels(image, label *torch.Tensor) (y *torch.Tensor, ok bool) {
	first, ok := c.at(0).(*Conv2d)
	if !ok || !first.fast.fuses(image) || !first.covered() {
		return nil, false
	}
	slope, consumed := c.slopeAt(1)
	weight, label, _ := first.seeing(label, first.InChannels-image.Size(1))
	image = cast(image, first.fast.dtype())
	return c.from(1+consumed, first.fused(slope).ForwardLabels(image, label, weight, first.fusedBias())), true
}

// ForwardOnehot is Forward of x [B, C, 1, 1] with the one-hot label [B] of so many classes after it. Where the first module
// is a transposed convolution that there are kernels for, classes that are not in the batch cost nothing; else ok is false.
func (c Chain) ForwardOnehot(x, label *torch.Tensor, classes int64) (y *torch.Tensor, ok bool) {
	first, ok := c.at(0).(*ConvTranspose2d)
	if !ok || !first.fast.fuses(x) || !first.covered() || classes <= label.Size(0) {
		return nil, false
	}
	seen := *first
	seen.weight, label, classes = first.seeing(label, classes)
	seen.InChannels, seen.spectral = seen.weight.Size(0), nil
	onehot := torch.Eye(classes, x.Device()).IndexSelect(0, label).View(-1, classes, 1, 1)
	with := append(Chain{&seen}, c[1:]...)
	return with.Forward(torch.Cat([]*torch.Tensor{x, onehot}, 1)), true
}

// seeing is the weight with those of its last input channels alone, one for each class, that the labels of a batch see, where
// the classes are more than the labels; and the labels and classes counted anew.
func (c *conv) seeing(label *torch.Tensor, classes int64) (weight, of *torch.Tensor, n int64) {
	if weight = c.forwardWeight(); classes <= label.Size(0) {
		return weight, label, classes
	}
	before := c.InChannels - classes
	var channels []int64
	for i := range before {
		channels = append(channels, i)
	}
	values, number := label.Int64s(), map[int64]int64{}
	for i, class := range values {
		if _, known := number[class]; !known {
			number[class] = int64(len(number))
			channels = append(channels, before+class)
		}
		values[i] = number[class]
	}
	return c.pick(weight, torch.FromInt64s(channels)), torch.FromInt64s(values), int64(len(number))
}

// pick is a weight of some input channels. It goes by the order in which weights lie where kernels run, so that the gradient
// comes in that order too.
func (c *conv) pick(weight, channels *torch.Tensor) *torch.Tensor {
	dim := int64(3)
	if c.transposed {
		dim = 2
	}
	return weight.Permute(2, 3, 0, 1).IndexSelect(dim, channels).Permute(2, 3, 0, 1)
}
