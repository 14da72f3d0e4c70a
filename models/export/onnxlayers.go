package export

import (
	"fmt"
	"math"
	"slices"

	"cgan/models/arch"
	"cgan/weights"
	"cgan/weights/onnx"
)

// layer adds one layer, whose output has that name, or one like it. A layer that does nothing in evaluation adds nothing.
func (g *graph) layer(s arch.Step, name, from string) (string, error) {
	switch s.Op {
	case "Linear":
		return g.linear(s, name, from), nil
	case "Conv2d":
		return g.conv(s, name, from), nil
	case "ConvTranspose2d":
		attributes := window(s.Layer, s.Pair("padding"))
		if extra := s.Pair("output_padding"); extra != [2]int64{} {
			attributes = append(attributes, ints("output_padding", extra[:]...))
		}
		return g.node(name, "ConvTranspose", g.weighted(s.Layer, from), attributes...), nil
	case "BatchNorm1d", "BatchNorm2d":
		return g.batchNorm(s, name, from), nil
	case "InstanceNorm2d":
		if s.Bool("track_running_stats") {
			return g.batchNorm(s, name, from), nil
		}
		n := s.Int("num_features")
		inputs := []string{from, g.parameter(s.Layer, name, "weight", n, 1), g.parameter(s.Layer, name, "bias", n, 0)}
		return g.node(name, "InstanceNormalization", inputs, epsilon(s.Layer)), nil
	case "LayerNorm":
		return g.layerNorm(s, name, from), nil
	case "Upsample":
		return g.upsample(s, name, from), nil
	case "PixelShuffle":
		return g.node(name, "DepthToSpace", []string{from}, ints("blocksize", s.Int("upscale_factor")), onnx.Attribute{Name: "mode", Value: "CRD"}), nil
	case "Flatten", "Unflatten", "Reshape":
		return g.reshape(name, from, s.Out), nil
	case "Dropout", "Dropout2d", "Identity":
		return from, nil
	}
	return g.activation(s.Layer, name, from)
}

func (g *graph) activation(l arch.Layer, name, from string) (string, error) {
	switch l.Op {
	case "ReLU":
		return g.node(name, "Relu", []string{from}), nil
	case "LeakyReLU":
		return g.node(name, "LeakyRelu", []string{from}, float("alpha", l.Float("negative_slope"))), nil
	case "ELU":
		return g.node(name, "Elu", []string{from}, float("alpha", l.Float("alpha"))), nil
	case "SiLU":
		return g.node(name, "Mul", []string{from, g.node(name+".sigmoid", "Sigmoid", []string{from})}), nil
	case "GELU":
		return g.gelu(l, name, from), nil
	case "Tanh", "Sigmoid":
		return g.node(name, l.Op, []string{from}), nil
	}
	return "", fmt.Errorf("there is no operator for it")
}

func float(name string, value float64) onnx.Attribute {
	return onnx.Attribute{Name: name, Value: float32(value)}
}

func epsilon(l arch.Layer) onnx.Attribute { return float("epsilon", l.Float("eps")) }

func pair(p [2]int64) []int64 { return p[:] }

// window is what both convolutions say, dilation and groups where they are not 1.
func window(l arch.Layer, padding [2]int64) []onnx.Attribute {
	all := []onnx.Attribute{
		ints("kernel_shape", pair(l.Pair("kernel_size"))...), ints("strides", pair(l.Pair("stride"))...),
		ints("pads", padding[0], padding[1], padding[0], padding[1]),
	}
	if dilation := l.Pair("dilation"); dilation != [2]int64{1, 1} {
		all = append(all, ints("dilations", dilation[:]...))
	}
	if groups := l.Int("groups"); groups != 1 {
		all = append(all, ints("group", groups))
	}
	return all
}

// has says that a layer has a tensor of that name.
func has(l arch.Layer, name string) bool {
	return slices.ContainsFunc(l.Tensors(), func(t arch.Tensor) bool { return t.Name == name })
}

// weighted are the inputs of a layer with a weight and perhaps a bias.
func (g *graph) weighted(l arch.Layer, from string) []string {
	inputs := []string{from, l.Key + ".weight"}
	if has(l, "bias") {
		inputs = append(inputs, l.Key+".bias")
	}
	return inputs
}

// parameter is a layer's tensor, or so many equal values where it has none.
func (g *graph) parameter(l arch.Layer, name, which string, n int64, value float32) string {
	if has(l, which) {
		return l.Key + "." + which
	}
	t, err := weights.FromFloat32s(slices.Repeat([]float32{value}, int(n)), n)
	return g.constant(name+"."+which, t, err)
}

// linear multiplies the last dimension.
func (g *graph) linear(s arch.Step, name, from string) string {
	if len(s.In) == 1 {
		return g.node(name, "Gemm", g.weighted(s.Layer, from), ints("transB", 1))
	}
	turned := g.node(name+".turned", "Transpose", []string{s.Key + ".weight"}, ints("perm", 1, 0))
	if !has(s.Layer, "bias") {
		return g.node(name, "MatMul", []string{from, turned})
	}
	return g.node(name, "Add", []string{g.node(name+".product", "MatMul", []string{from, turned}), s.Key + ".bias"})
}

func (g *graph) conv(s arch.Step, name, from string) string {
	padding, mode := s.Pair("padding"), s.Text("padding_mode")
	switch {
	case padding == [2]int64{}:
	case mode == "circular": // Pad has it from opset 19 on
		rows := g.node(name+".rows", "Gather", []string{from, g.numbers(name+".rows", around(s.In[1], padding[0])...)}, ints("axis", 2))
		from = g.node(name+".padded", "Gather", []string{rows, g.numbers(name+".padded", around(s.In[2], padding[1])...)}, ints("axis", 3))
		padding = [2]int64{}
	case mode != "zeros":
		modes := map[string]string{"reflect": "reflect", "replicate": "edge"}
		sizes := g.numbers(name+".padded", 0, 0, padding[0], padding[1], 0, 0, padding[0], padding[1])
		from = g.node(name+".padded", "Pad", []string{from, sizes}, onnx.Attribute{Name: "mode", Value: modes[mode]})
		padding = [2]int64{}
	}
	return g.node(name, "Conv", g.weighted(s.Layer, from), window(s.Layer, padding)...)
}

// around are the places of n pixels with so many of the other end before and behind them.
func around(n, padding int64) (places []int64) {
	for i := -padding; i < n+padding; i++ {
		places = append(places, (i+n)%n)
	}
	return places
}

// gelu is made of simpler operators: ONNX has one of its own from opset 20 on.
func (g *graph) gelu(l arch.Layer, name, from string) string {
	scaled := func(what, of string, by float64) string {
		return g.node(name+"."+what, "Mul", []string{of, g.scalar(name+"."+what+".by", by)})
	}
	var curve string
	if l.Text("approximate") == "tanh" { // tanh(sqrt(2/pi) * (x + 0.044715 * x^3))
		cube := g.node(name+".cube", "Mul", []string{g.node(name+".square", "Mul", []string{from, from}), from})
		sum := g.node(name+".sum", "Add", []string{from, scaled("small", cube, 0.044715)})
		curve = g.node(name+".curve", "Tanh", []string{scaled("scaled", sum, math.Sqrt(2/math.Pi))})
	} else { // erf(x / sqrt(2))
		curve = g.node(name+".curve", "Erf", []string{scaled("scaled", from, math.Sqrt2/2)})
	}
	share := g.node(name+".share", "Add", []string{curve, g.scalar(name+".one", 1)})
	return g.node(name, "Mul", []string{scaled("half", from, 0.5), share})
}

func (g *graph) scalar(name string, value float64) string {
	t, err := weights.FromFloat32s([]float32{float32(value)})
	return g.constant(name, t, err)
}

// batchNorm normalises by the running statistics, or by the batch's own where the layer keeps none.
func (g *graph) batchNorm(s arch.Step, name, from string) string {
	n := s.Int("num_features")
	if s.Bool("track_running_stats") {
		inputs := []string{from, g.parameter(s.Layer, name, "weight", n, 1), g.parameter(s.Layer, name, "bias", n, 0), s.Key + ".running_mean", s.Key + ".running_var"}
		return g.node(name, "BatchNormalization", inputs, epsilon(s.Layer))
	}
	axes, planes := []int64{0}, []int64{n} // all but the channels
	for axis := range len(s.In) - 1 {
		axes, planes = append(axes, int64(axis+2)), append(planes, 1)
	}
	return g.normalised(s.Layer, name, from, axes, planes)
}

func (g *graph) layerNorm(s arch.Step, name, from string) string {
	var axes []int64
	for i := range s.Ints("normalized_shape") {
		axes = append(axes, int64(i-len(s.Ints("normalized_shape"))))
	}
	return g.normalised(s.Layer, name, from, axes, s.Ints("normalized_shape"))
}

// normalised subtracts the mean over axes and divides by the deviation; then come the layer's weight and bias, in that shape.
func (g *graph) normalised(l arch.Layer, name, from string, axes, shape []int64) string {
	mean := func(what, of string) string {
		return g.node(name+"."+what, "ReduceMean", []string{of}, onnx.Attribute{Name: "axes", Value: axes}, ints("keepdims", 1))
	}
	centred := g.node(name+".centred", "Sub", []string{from, mean("mean", from)})
	variance := mean("variance", g.node(name+".squared", "Mul", []string{centred, centred}))
	deviation := g.node(name+".deviation", "Sqrt", []string{g.node(name+".variance_eps", "Add", []string{variance, g.scalar(name+".eps", l.Float("eps"))})})
	y := g.node(name+".normal", "Div", []string{centred, deviation})
	if has(l, "weight") {
		y = g.node(name+".weighted", "Mul", []string{y, g.shaped(l.Key+".weight", shape)})
	}
	if has(l, "bias") {
		y = g.node(name+".biased", "Add", []string{y, g.shaped(l.Key+".bias", shape)})
	}
	return g.node(name, "Identity", []string{y})
}

// shaped is a weight in another shape.
func (g *graph) shaped(key string, shape []int64) string {
	t, _ := g.Initializers.Get(key)
	if slices.Equal(t.Shape, shape) {
		return key
	}
	t.Shape = shape
	return g.constant(key+".shaped", t, t.Validate())
}

// upsample takes the pixels that torch takes. Resize rounds the places of pixels in its own way, which is torch's where the factor
// is whole; elsewhere nearest pixels are listed.
func (g *graph) upsample(s arch.Step, name, from string) string {
	mode := "pytorch_half_pixel"
	if s.Bool("align_corners") {
		mode = "align_corners"
	}
	whole := s.Out[1]%s.In[1] == 0 && s.Out[2]%s.In[2] == 0
	if s.Text("mode") == "nearest" {
		if !whole {
			rows := g.node(name+".rows", "Gather", []string{from, g.numbers(name+".rows", nearest(s, 0)...)}, ints("axis", 2))
			return g.node(name, "Gather", []string{rows, g.numbers(name, nearest(s, 1)...)}, ints("axis", 3))
		}
		mode = "asymmetric"
	}
	scales := []float32{1, 1, resizeScale(s, 0), resizeScale(s, 1)}
	t, err := weights.FromFloat32s(scales, 4)
	attributes := []onnx.Attribute{{Name: "coordinate_transformation_mode", Value: mode}}
	if mode == "asymmetric" {
		attributes = append(attributes, onnx.Attribute{Name: "mode", Value: "nearest"}, onnx.Attribute{Name: "nearest_mode", Value: "floor"})
	} else {
		attributes = append(attributes, onnx.Attribute{Name: "mode", Value: "linear"})
	}
	return g.node(name, "Resize", []string{from, "", g.constant(name+".scales", t, err)}, attributes...)
}

// resizeScale is by what Resize multiplies height (0) or width (1): the layer's factor, or what leads to its size.
func resizeScale(s arch.Step, dim int) float32 {
	scale := float32(s.Float("scale_factor"))
	if scale == 0 {
		scale = float32(float64(s.Out[dim+1]) / float64(s.In[dim+1]))
	}
	for int64(float64(s.In[dim+1])*float64(scale)) < s.Out[dim+1] { // rounding it took the last pixel
		scale = math.Nextafter32(scale, math.MaxFloat32)
	}
	return scale
}

// nearest are the rows (0) or columns (1) that torch's nearest takes, by its own arithmetic in float32.
func nearest(s arch.Step, dim int) []int64 {
	in, out := s.In[dim+1], s.Out[dim+1]
	scale := float32(in) / float32(out)
	if factor := s.Float("scale_factor"); factor != 0 {
		scale = float32(1 / factor)
	}
	places := make([]int64, out)
	for i := range places {
		places[i] = min(int64(float32(i)*scale), in-1)
	}
	return places
}
