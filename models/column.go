package models

import (
	"fmt"
	"strings"

	"cgan/bindings/nn"
	"cgan/bindings/torch"
	"cgan/models/arch"
)

// Column is a network that is given as data: the layers of an arch.Network, with their tensors under its keys. Layers
// without tensors have places among the modules too, so that Train and Eval reach them.
type Column struct {
	nn.Base
	source, label, layers nn.Chain
	join                  arch.Join
	judges                bool // it is a discriminator
}

// NewColumn makes the layers in the order of n.All(), initialised from the default random number generator as PyTorch does.
// n passes Check.
func NewColumn(n *arch.Network) *Column {
	c := &Column{join: n.Join, judges: n.Source[0].Op == "image"}
	b := builder{root: &c.Base, folders: map[string]*nn.Base{}}
	c.source, c.label, c.layers = b.chain(n.Source), b.chain(n.Label), b.chain(n.Layers)
	return c
}

// Condition takes noise [B, nz] or [B, nz, 1, 1], or images [B, C, H, W], and label [B] through their own layers and joins
// them. A label that has no height and width is the same at every place.
func (c *Column) Condition(x, label *torch.Tensor, _ int64) *torch.Tensor {
	x = c.source.Forward(x)
	if len(c.label) == 0 {
		return x
	}
	y := c.label.Forward(label)
	if shape := x.Shape(); len(shape) == 4 && len(y.Shape()) == 2 {
		y = y.View(y.Size(0), y.Size(1), 1, 1).Expand(shape[0], y.Size(1), shape[2], shape[3]) // [B, n] -> [B, n, H, W]
	}
	if c.join.LabelFirst {
		x, y = y, x
	}
	switch c.join.By {
	case arch.Multiply:
		return x.Mul(y)
	case arch.Add:
		return x.Add(y)
	}
	return torch.Cat([]*torch.Tensor{x, y}, 1)
}

// Forward runs what Condition gives through the layers. The verdicts of a discriminator are [B].
func (c *Column) Forward(z *torch.Tensor) *torch.Tensor {
	if z = c.layers.Forward(z); z.DType() != torch.Float32 { // bfloat16 of a last layer that multiplies
		z = z.Type(torch.Float32)
	}
	if c.judges {
		return z.View(-1)
	}
	return z
}

// ForwardLabels is Forward of what Condition gives.
func (c *Column) ForwardLabels(x, label *torch.Tensor, nClass int64) *torch.Tensor {
	return c.Forward(c.Condition(x, label, nClass))
}

// builder makes modules and registers them where their keys say.
type builder struct {
	root    *nn.Base
	folders map[string]*nn.Base // modules that hold others, by their keys
	others  int                 // modules without tensors
}

// chain makes the layers of a column. What a column begins with is no module, but for a label.
func (b *builder) chain(column arch.Column) (all nn.Chain) {
	for _, l := range column {
		m := moduleOf(l)
		if m == nil {
			continue
		}
		all = append(all, m)
		if len(l.Tensors()) > 0 {
			dir, name := b.folder(l.Key)
			dir.Register(name, m)
			continue
		}
		b.others++
		b.root.Register(fmt.Sprintf("%s-%d", l.Op, b.others), m)
	}
	return all
}

// folder is the module that a key lies in, made where it is not there yet, and the last part of the key.
func (b *builder) folder(key string) (dir *nn.Base, name string) {
	at := strings.LastIndexByte(key, '.')
	if at < 0 {
		return b.root, key
	}
	if dir, ok := b.folders[key[:at]]; ok {
		return dir, key[at+1:]
	}
	above, name := b.folder(key[:at])
	made := nn.NewSequential()
	above.Register(name, made)
	b.folders[key[:at]] = &made.Base
	return &made.Base, key[at+1:]
}

// oneHot is eye(classes)[label].
type oneHot struct {
	nn.Base
	classes int64
}

// Forward takes [B] to [B, classes].
func (o *oneHot) Forward(label *torch.Tensor) *torch.Tensor {
	return OnehotEncode(label, label.Device(), o.classes).View(-1, o.classes)
}

// moduleOf is the module of a layer; nil for noise and images, which come in from outside.
func moduleOf(l arch.Layer) nn.Module {
	if l.IsSource() {
		return nil
	}
	switch l.Op {
	case "one_hot":
		return &oneHot{classes: l.Int("num_classes")}
	case "Embedding":
		return nn.NewEmbedding(l.Int("num_embeddings"), l.Int("embedding_dim"))
	case "Linear":
		return nn.NewLinear(l.Int("in_features"), l.Int("out_features"), l.Bool("bias"))
	case "Conv2d":
		return nn.NewConv2dWith(convOptions(l))
	case "ConvTranspose2d":
		o := convOptions(l)
		o.OutputPadding = l.Pair("output_padding")
		return nn.NewConvTranspose2dWith(o)
	case "BatchNorm1d":
		return nn.NewBatchNorm1dWith(normOptions(l))
	case "BatchNorm2d":
		return nn.NewBatchNorm2dWith(normOptions(l))
	case "InstanceNorm2d":
		return nn.NewInstanceNorm2d(normOptions(l))
	case "LayerNorm":
		return nn.NewLayerNorm(l.Ints("normalized_shape"), l.Float("eps"), l.Bool("elementwise_affine"), l.Bool("bias"))
	case "Upsample":
		return nn.NewUpsample(upsampleOptions(l))
	case "PixelShuffle":
		return nn.NewPixelShuffle(l.Int("upscale_factor"))
	case "Flatten":
		return nn.NewFlatten(l.Int("start_dim"), l.Int("end_dim"))
	case "Unflatten":
		return nn.NewUnflatten(l.Int("dim"), l.Ints("unflattened_size"))
	case "Reshape":
		return nn.NewReshape(l.Ints("size"))
	}
	return activationOf(l)
}

// activationOf is the module of a layer that keeps the shape and has no tensors.
func activationOf(l arch.Layer) nn.Module {
	switch l.Op {
	case "Dropout":
		return nn.NewDropout(l.Float("p"))
	case "Dropout2d":
		return nn.NewDropout2d(l.Float("p"))
	case "ReLU":
		return nn.NewReLU()
	case "LeakyReLU":
		return nn.NewLeakyReLU(l.Float("negative_slope"))
	case "ELU":
		return nn.NewELU(l.Float("alpha"))
	case "GELU":
		return nn.NewGELU(l.Text("approximate"))
	case "SiLU":
		return nn.NewSiLU()
	case "Sigmoid":
		return nn.NewSigmoid()
	case "Tanh":
		return nn.NewTanh()
	case "Identity":
		return nn.NewIdentity()
	}
	panic(fmt.Sprintf("there is no module for the layer %s", l)) // Check knows no other layers
}

func convOptions(l arch.Layer) nn.ConvOptions {
	return nn.ConvOptions{
		InChannels: l.Int("in_channels"), OutChannels: l.Int("out_channels"), KernelSize: l.Pair("kernel_size"), Stride: l.Pair("stride"),
		Padding: l.Pair("padding"), Dilation: l.Pair("dilation"), Groups: l.Int("groups"), Bias: l.Bool("bias"), PaddingMode: l.Text("padding_mode"),
	}
}

func normOptions(l arch.Layer) nn.NormOptions {
	return nn.NormOptions{
		NumFeatures: l.Int("num_features"), Eps: l.Float("eps"), Momentum: l.Float("momentum"),
		Affine: l.Bool("affine"), NoBias: !l.Bool("bias"), TrackRunningStats: l.Bool("track_running_stats"),
	}
}

func upsampleOptions(l arch.Layer) nn.UpsampleOptions {
	factor := l.Float("scale_factor")
	o := nn.UpsampleOptions{ScaleFactor: [2]float64{factor, factor}, Mode: l.Text("mode"), AlignCorners: l.Bool("align_corners")}
	if factor == 0 {
		size := l.Pair("size")
		o.Size = &size
	}
	return o
}
