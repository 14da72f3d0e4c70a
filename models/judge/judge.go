// Package judge has the classifier that evaluation rests on, beside its Python twin, judge.py.
package judge

import (
	"cgan/bindings/nn"
	"cgan/bindings/torch"
	"cgan/models"
)

// Features is how many numbers the judge makes of an image before it scores the classes.
const Features = 128

var widths = []int64{32, 64, Features}

// Judge takes images to features and to scores of the classes. It mirrors Judge in judge.py.
type Judge struct {
	nn.Base
	layers     *nn.Sequential
	classifier *nn.Linear
	channels   int64
	classes    int64
}

// New makes a judge of images of so many channels, initialised from the default random number generator as PyTorch does.
func New(channels, classes int64) *Judge {
	j := &Judge{channels: channels, classes: classes}
	var layers []nn.Module
	before := channels
	for _, width := range widths {
		layers = append(layers, block(before, width, 1)...)
		layers = append(layers, block(width, width, 2)...) // half the height and width
		before = width
	}
	j.layers = nn.NewSequential(layers...)
	j.Register("layers", j.layers)
	j.classifier = nn.NewLinear(Features, classes, true)
	j.Register("classifier", j.classifier)
	return j
}

// Use says how the judge computes, but for the precision: it is float32, in which its accuracy was measured.
func (j *Judge) Use(how models.Compute) {
	how.Precision = models.F32
	j.SetFast(how.Fast())
}

func block(before, channels, stride int64) []nn.Module {
	conv := nn.NewConv2dWith(nn.ConvOptions{
		InChannels: before, OutChannels: channels, KernelSize: [2]int64{3, 3}, Stride: [2]int64{stride, stride},
		Padding: [2]int64{1, 1}, Dilation: [2]int64{1, 1}, Groups: 1, PaddingMode: "zeros",
	})
	return []nn.Module{conv, nn.NewBatchNorm2d(channels), nn.NewReLU()}
}

// Channels is how many channels the judge's images have.
func (j *Judge) Channels() int64 { return j.channels }

// Features takes images [B, channels, H, W] in [-1, 1] to [B, 128].
func (j *Judge) Features(image *torch.Tensor) *torch.Tensor {
	x := j.layers.Forward(image)                // [B, channels, H, W] -> [B, 128, H/8, W/8]
	return x.Type(torch.Float32).MeanDims(2, 3) // -> [B, 128]
}

// Classify takes features to a score for each class, [B, classes].
func (j *Judge) Classify(features *torch.Tensor) *torch.Tensor {
	return j.classifier.Forward(features).Type(torch.Float32)
}

// Forward takes images to scores.
func (j *Judge) Forward(image *torch.Tensor) *torch.Tensor { return j.Classify(j.Features(image)) }

// The largest random changes of Augment: an angle in radians, a part of the size, and shifts in half sides.
const turn, scale, shift = 0.15, 0.1, 0.1

// Augment turns, scales and shifts each image of [B, C, H, W] in [-1, 1] at random, and mirrors every second one with flip. What
// comes in from outside is black. It draws from the default random number generator.
func Augment(image *torch.Tensor, flip bool) *torch.Tensor {
	n := image.Size(0)
	bounds := torch.FromFloat32s([]float32{turn, scale, shift, shift}, []int64{4, 1})
	draws := torch.Rand([]int64{4, n}, torch.CPU).MulScalar(2).AddScalar(-1).Mul(bounds)
	row := func(i int64) *torch.Tensor { return draws.Narrow(0, i, 1).View(-1) }
	angle, size, x, y := row(0), row(1).AddScalar(1), row(2), row(3)
	side := torch.Full([]int64{n}, 1, torch.CPU)
	if flip {
		side = torch.Where(torch.Rand([]int64{n}, torch.CPU).Lt(0.5), side.Neg(), side)
	}
	cos, sin := angle.Cos().Mul(size), angle.Sin().Mul(size)
	above := torch.Stack([]*torch.Tensor{cos.Mul(side), sin.Neg(), x}, 1)
	below := torch.Stack([]*torch.Tensor{sin.Mul(side), cos, y}, 1)
	theta := torch.Stack([]*torch.Tensor{above, below}, 1).To(image.Device()) // [B, 2, 3]
	grid := torch.AffineGrid(theta, image.Shape())
	return torch.GridSample(image.AddScalar(1), grid).AddScalar(-1)
}
