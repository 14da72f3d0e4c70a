package nn

import "fmt"

// OutputShape gives the shape [C, H, W] that a layer makes of an image of shape in, [C, H, W], by the formulas of
// torch.nn's documentation. It computes nothing and asks nothing of C, so that a convolution may be asked about
// some of its channels. A module that it does not know is an error.
func OutputShape(layer Module, in []int64) ([]int64, error) {
	switch l := layer.(type) {
	case *Conv2d:
		size := func(d int) int64 { return (in[d+1]+2*l.Padding[d]-l.Dilation[d]*(l.KernelSize[d]-1)-1)/l.Stride[d] + 1 }
		return []int64{l.OutChannels, size(0), size(1)}, nil
	case *ConvTranspose2d:
		size := func(d int) int64 {
			return (in[d+1]-1)*l.Stride[d] - 2*l.Padding[d] + l.Dilation[d]*(l.KernelSize[d]-1) + l.OutputPadding[d] + 1
		}
		return []int64{l.OutChannels, size(0), size(1)}, nil
	case *BatchNorm2d, *ReLU, *LeakyReLU, *Tanh, *Sigmoid, *Identity:
		return in, nil
	}
	return nil, fmt.Errorf("the shape that a %T makes is not known", layer)
}
