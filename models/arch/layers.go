package arch

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// class is all that is known of one class of layers.
type class struct {
	name      string
	arguments []argument
	settle    func(Layer) error // makes one of several ways to write the same layer, where it is read
	fits      func(Layer) error // what no argument tells alone
	output    func(l Layer, in []int64) ([]int64, error)
	tensors   func(Layer) []Tensor // nil for none
}

// argument is one of a class. Those of numbers have bounds, which keep products of sizes within 64 bits.
type argument struct {
	name        string
	kind        kind
	usual       any // where it is not given; nil where it must be given
	least, most float64
	choices     []string // of a text
	named       bool     // by keyword alone
}

// nothing is Python's None.
type nothing struct{}

// The bounds of whole numbers: no size and no count of values is larger, no kernel nearly so large.
const (
	mostValues = 1 << 31
	mostPixels = 1 << 16
)

// mostImage bounds the values of an image that a generator gives, so that its drawing does not take all memory: 8192 x 8192 gray pixels.
const mostImage = 1 << 26

var classes = map[string]*class{}

// table is every layer, with torch.nn's names, order and defaults of the arguments, in the order of README.md.
var table []*class

func init() { // not where table is declared, because what it holds asks it for arguments
	table = []*class{
		{name: "randn", arguments: []argument{rest("size")}, fits: noiseFits, output: begins},
		{name: "rand", arguments: []argument{rest("size")}, fits: noiseFits, output: begins},
		{name: "uniform", arguments: []argument{{name: "low", kind: isNumber, least: -1e9, most: 1e9},
			{name: "high", kind: isNumber, least: -1e9, most: 1e9}, rest("size")}, fits: uniformFits, output: begins},
		{name: "image", arguments: []argument{rest("size")}, fits: imageFits, output: begins},
		{name: "one_hot", arguments: []argument{whole("num_classes")}, output: beginsWith("num_classes")},
		{name: "Embedding", arguments: []argument{whole("num_embeddings"), whole("embedding_dim")},
			output: beginsWith("embedding_dim"), tensors: embeddingTensors},
		{name: "Linear", arguments: []argument{whole("in_features"), whole("out_features"), truth("bias", true)},
			output: linearOutput, tensors: linearTensors},
		{name: "Conv2d", arguments: []argument{whole("in_channels"), whole("out_channels"), pair("kernel_size", nil, 1),
			pair("stride", 1, 1), padding(), pair("dilation", 1, 1), wholeOr("groups", 1), truth("bias", true),
			text("padding_mode", "zeros", "reflect", "replicate", "circular")},
			settle: settlePadding, fits: groupsFit, output: conv2dOutput, tensors: conv2dTensors},
		{name: "ConvTranspose2d", arguments: []argument{whole("in_channels"), whole("out_channels"), pair("kernel_size", nil, 1),
			pair("stride", 1, 1), pair("padding", 0, 0), pair("output_padding", 0, 0), wholeOr("groups", 1), truth("bias", true),
			pair("dilation", 1, 1), text("padding_mode", "zeros")},
			fits: transposedFits, output: transposedOutput, tensors: transposedTensors},
		{name: "BatchNorm1d", arguments: norm(true), settle: settleNorm, output: batchNorm1dOutput, tensors: normTensors},
		{name: "BatchNorm2d", arguments: norm(true), settle: settleNorm, output: norm2dOutput, tensors: normTensors},
		{name: "InstanceNorm2d", arguments: norm(false), settle: settleNorm, output: instanceNormOutput, tensors: normTensors},
		{name: "LayerNorm", arguments: []argument{sizes("normalized_shape"), number("eps", 1e-5, 0, 1e9),
			truth("elementwise_affine", true), truth("bias", true)},
			settle: settleLayerNorm, output: layerNormOutput, tensors: layerNormTensors},
		{name: "Dropout", arguments: []argument{number("p", 0.5, 0, 1), inplace}, output: same},
		{name: "Dropout2d", arguments: []argument{number("p", 0.5, 0, 1), inplace}, output: same},
		{name: "ReLU", arguments: []argument{inplace}, output: same},
		{name: "LeakyReLU", arguments: []argument{number("negative_slope", 0.01, -1e9, 1e9), inplace}, output: same},
		{name: "ELU", arguments: []argument{number("alpha", 1, -1e9, 1e9), inplace}, output: same},
		{name: "SiLU", arguments: []argument{inplace}, output: same},
		{name: "GELU", arguments: []argument{text("approximate", "none", "tanh")}, output: same},
		{name: "Sigmoid", output: same},
		{name: "Tanh", output: same},
		{name: "Identity", output: same},
		{name: "Upsample", arguments: []argument{pair("size", nothing{}, 1), {name: "scale_factor", kind: isFactor, usual: nothing{}, least: 1e-3, most: mostPixels},
			text("mode", "nearest", "bilinear"), truth("align_corners", nothing{})},
			fits: upsampleFits, output: upsampleOutput},
		{name: "PixelShuffle", arguments: []argument{{name: "upscale_factor", kind: isWhole, least: 1, most: mostPixels}}, output: pixelShuffleOutput},
		{name: "Flatten", arguments: []argument{dimension("start_dim", int64(1)), dimension("end_dim", int64(-1))}, output: flattenOutput},
		{name: "Unflatten", arguments: []argument{dimension("dim", nil), sizes("unflattened_size")}, output: unflattenOutput},
		{name: "Reshape", arguments: []argument{rest("size")}, fits: reshapeFits, output: reshapeOutput},
	}
	for _, c := range table {
		classes[c.name] = c
	}
}

// kind is what an argument can be.
type kind int

const (
	isWhole   kind = iota // int64
	isNumber              // float64
	isTruth               // bool
	isText                // string
	isPair                // int64 for both, or []int64 of two that differ
	isPadding             // isPair; where it is read also 'same' or 'valid'
	isFactor              // float64, where it is read also twice the same
	isSizes               // []int64
	isRest                // []int64, all arguments that follow
)

// String says what is asked for.
func (k kind) String() string {
	return [...]string{"a whole number", "a number", "True or False", "a text", "a whole number or a pair of them",
		"a whole number, a pair of them, 'same' or 'valid'", "one number for height and width", "a tuple of whole numbers", "whole numbers"}[k]
}

var inplace = truth("inplace", false) // which changes no result

func whole(name string) argument {
	return argument{name: name, kind: isWhole, least: 1, most: mostValues}
}

func wholeOr(name string, usual int64) argument {
	return argument{name: name, kind: isWhole, usual: usual, least: 1, most: mostValues}
}

// dimension is of a tensor with its batch, the batch not among them; -1 is the last.
func dimension(name string, usual any) argument {
	return argument{name: name, kind: isWhole, usual: usual, least: -8, most: 8}
}

func number(name string, usual, least, most float64) argument {
	return argument{name: name, kind: isNumber, usual: usual, least: least, most: most}
}

func truth(name string, usual any) argument {
	return argument{name: name, kind: isTruth, usual: usual}
}

// text is one of choices, the first where it is not given.
func text(name string, choices ...string) argument {
	return argument{name: name, kind: isText, usual: choices[0], choices: choices}
}

func pair(name string, usual any, least float64) argument {
	if n, ok := usual.(int); ok {
		usual = int64(n)
	}
	return argument{name: name, kind: isPair, usual: usual, least: least, most: mostPixels}
}

func padding() argument {
	return argument{name: "padding", kind: isPadding, usual: int64(0), most: mostPixels}
}

func sizes(name string) argument {
	return argument{name: name, kind: isSizes, least: 1, most: mostValues}
}

func rest(name string) argument {
	return argument{name: name, kind: isRest, least: 1, most: mostValues}
}

// norm is the arguments of BatchNorm and InstanceNorm, the latter without weights and statistics where nothing is said.
func norm(affine bool) []argument {
	bias := truth("bias", true)
	bias.named = true
	return []argument{whole("num_features"), number("eps", 1e-5, 0, 1e9), number("momentum", 0.1, 0, 1),
		truth("affine", affine), truth("track_running_stats", affine), bias}
}

func (of *class) argument(name string) (argument, bool) {
	i := slices.IndexFunc(of.arguments, func(a argument) bool { return a.name == name })
	if i < 0 {
		return argument{}, false
	}
	return of.arguments[i], true
}

// within says which number of v is out of the argument's bounds, or that v is none of its choices.
func (a argument) within(v any) error {
	switch v := v.(type) {
	case int64:
		return a.between(float64(v), v)
	case float64:
		return a.between(v, v)
	case []int64:
		if len(v) == 0 || len(v) > 8 {
			return fmt.Errorf("%s has %d sizes, not 1 to 8", a.name, len(v))
		}
		for _, n := range v {
			if err := a.between(float64(n), v); err != nil {
				return err
			}
		}
	case string:
		if a.kind == isText && !slices.Contains(a.choices, v) {
			return fmt.Errorf("%s is %s, not %s", a.name, literal(v), oneOf(a.choices))
		}
	}
	return nil
}

func (a argument) between(n float64, whole any) error {
	switch {
	case n < a.least:
		return fmt.Errorf("%s is %s, but at least %v is possible", a.name, literal(whole), a.least)
	case n > a.most:
		return fmt.Errorf("%s is %s, but at most %d is possible", a.name, literal(whole), int64(a.most))
	case math.IsNaN(n):
		return fmt.Errorf("%s is no number", a.name)
	}
	return nil
}

// valid says what is wrong with the layer's arguments, whatever comes into it.
func (l Layer) valid() error {
	c := classes[l.Op]
	if c == nil {
		return unknownLayer(l.Op)
	}
	for name := range l.Arguments {
		if _, known := c.argument(name); !known {
			return c.unknownArgument(name)
		}
	}
	for _, a := range c.arguments {
		v, given := l.Arguments[a.name]
		if !given && a.usual == nil {
			return fmt.Errorf("%s is missing", a.name)
		}
		if given && !a.holds(v) {
			return fmt.Errorf("%s is %s, not %s", a.name, literal(v), a.kind)
		}
	}
	if err := l.bounds(); err != nil || c.fits == nil {
		return err
	}
	return c.fits(l)
}

// bounds says which argument is too small or too large, or none of the choices.
func (l Layer) bounds() error {
	for _, a := range classes[l.Op].arguments {
		if err := a.within(l.Arguments[a.name]); err != nil {
			return err
		}
	}
	return nil
}

// holds reports whether v is of the type that the argument has in a Layer.
func (a argument) holds(v any) bool {
	switch v := v.(type) {
	case int64:
		return a.kind == isWhole || a.kind == isPair || a.kind == isPadding
	case float64:
		return a.kind == isNumber || a.kind == isFactor
	case bool:
		return a.kind == isTruth
	case string:
		return a.kind == isText
	case []int64:
		return a.kind == isSizes || a.kind == isRest || (a.kind == isPair || a.kind == isPadding) && len(v) == 2
	}
	return false
}

func noiseFits(l Layer) error {
	if s := l.Ints("size"); len(s) != 1 && !(len(s) == 3 && s[1] == 1 && s[2] == 1) {
		return fmt.Errorf("noise has one size, such as %s(100), or two of 1 behind it, %s(100, 1, 1)", l.Op, l.Op)
	}
	return nil
}

func uniformFits(l Layer) error {
	if l.Float("low") >= l.Float("high") {
		return fmt.Errorf("low is %v, which is not below high, %v", l.Float("low"), l.Float("high"))
	}
	return noiseFits(l)
}

func imageFits(l Layer) error {
	if len(l.Ints("size")) != 3 {
		return errors.New("an image has channels, height and width, such as image(1, 28, 28)")
	}
	return nil
}

func reshapeFits(l Layer) error {
	if len(l.Ints("size")) > 3 {
		return errors.New("the sizes are those of one image: channels, height and width, without the batch")
	}
	return nil
}

func groupsFit(l Layer) error {
	in, out, groups := l.Int("in_channels"), l.Int("out_channels"), l.Int("groups")
	if in%groups != 0 || out%groups != 0 {
		return fmt.Errorf("groups is %d, which does not divide in_channels %d and out_channels %d", groups, in, out)
	}
	return nil
}

func transposedFits(l Layer) error {
	extra, stride, dilation := l.Pair("output_padding"), l.Pair("stride"), l.Pair("dilation")
	for i := range extra {
		if extra[i] >= max(stride[i], dilation[i]) {
			return fmt.Errorf("output_padding is %d, but must be smaller than stride or dilation, which are %d and %d", extra[i], stride[i], dilation[i])
		}
	}
	return groupsFit(l)
}

func upsampleFits(l Layer) error {
	_, size := l.Arguments["size"]
	_, factor := l.Arguments["scale_factor"]
	switch {
	case size == factor:
		return errors.New("needs size or scale_factor, and not both")
	case l.Bool("align_corners") && l.Text("mode") == "nearest":
		return errors.New("align_corners needs mode='bilinear'")
	}
	return nil
}

// settlePadding puts numbers in place of 'same' and 'valid'.
func settlePadding(l Layer) error {
	named, ok := l.Arguments["padding"].(string)
	if !ok {
		return nil
	}
	delete(l.Arguments, "padding")
	if named == "valid" {
		return nil
	}
	var both []any
	kernel, stride, dilation := l.Pair("kernel_size"), l.Pair("stride"), l.Pair("dilation")
	for i := range kernel {
		total := dilation[i] * (kernel[i] - 1)
		if stride[i] != 1 {
			return errors.New("padding='same' needs stride 1")
		}
		if total%2 != 0 {
			return fmt.Errorf("padding='same' of kernel_size %d is not the same on both sides; an odd kernel_size is possible", kernel[i])
		}
		both = append(both, total/2)
	}
	a, _ := classes[l.Op].argument("padding")
	v, err := a.convert(both)
	if err == nil && v != a.usual {
		l.Arguments["padding"] = v
	}
	return err
}

// settleNorm drops a bias=False that print writes where there are no weights either.
func settleNorm(l Layer) error {
	if !l.Bool("affine") {
		delete(l.Arguments, "bias")
	}
	return nil
}

func settleLayerNorm(l Layer) error {
	if !l.Bool("elementwise_affine") {
		delete(l.Arguments, "bias")
	}
	return nil
}
