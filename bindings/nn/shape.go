package nn

import "fmt"

// OutputShape gives the shape [C, H, W] that a layer makes of an image of shape in, [C, H, W], by the formulas of
// torch.nn's documentation. It computes nothing and asks nothing of C, so that a convolution may be asked about
// some of its channels. A module that it does not know is an error.
func OutputShape(layer Module, in []int64) ([]int64, error) {
	switch l := layer.(type) {
	case *Conv2d:
		size := func(n int64) int64 { return (n+2*l.Padding-l.KernelSize)/l.Stride + 1 }
		return []int64{l.OutChannels, size(in[1]), size(in[2])}, nil
	case *ConvTranspose2d:
		size := func(n int64) int64 { return (n-1)*l.Stride - 2*l.Padding + l.KernelSize }
		return []int64{l.OutChannels, size(in[1]), size(in[2])}, nil
	case *BatchNorm2d, *ReLU, *LeakyReLU, *Tanh, *Sigmoid, *Identity:
		return in, nil
	}
	return nil, fmt.Errorf("the shape that a %T makes is not known", layer)
}
