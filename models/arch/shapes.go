package arch

import (
	"errors"
	"fmt"
	"slices"
)

// Output is the shape that the layer makes of in, both without the batch. A class of labels is a number for each image, in
// is empty for it. An error names the layer.
func (l Layer) Output(in []int64) ([]int64, error) {
	err := l.valid()
	var out []int64
	if err == nil {
		out, err = classes[l.Op].output(l, in)
	}
	if err == nil {
		err = tooMany("values come out", out)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", l, err)
	}
	return out, nil
}

// tooMany refuses a shape of absurd size.
func tooMany(what string, shape []int64) error {
	if _, ok := numel(shape); !ok {
		return fmt.Errorf("%v: more than 2^31 %s", shape, what)
	}
	return nil
}

// numel is how many values a shape has; not ok where they are more than 2^31.
func numel(shape []int64) (n int64, ok bool) {
	n = 1
	for _, size := range shape {
		if size > mostValues || n*size > mostValues {
			return 0, false
		}
		n *= size
	}
	return n, true
}

func begins(l Layer, in []int64) ([]int64, error) { return l.Ints("size"), nil }

func beginsWith(size string) func(Layer, []int64) ([]int64, error) {
	return func(l Layer, in []int64) ([]int64, error) { return []int64{l.Int(size)}, nil }
}

func same(l Layer, in []int64) ([]int64, error) { return in, nil }

func linearOutput(l Layer, in []int64) ([]int64, error) {
	want, last := l.Int("in_features"), len(in)-1
	if last < 0 {
		return nil, errors.New("nothing comes in")
	}
	if in[last] != want {
		if all, ok := numel(in); ok && all == want {
			return nil, fmt.Errorf("in_features is %d, but %d values come in, the last of %v; Flatten() in front makes them %d", want, in[last], in, all)
		}
		return nil, fmt.Errorf("in_features is %d, but %s come in", want, values(in))
	}
	return append(slices.Clone(in[:last]), l.Int("out_features")), nil
}

// values says how many values Linear gets.
func values(in []int64) string {
	if len(in) == 1 {
		return fmt.Sprintf("%d values", in[0])
	}
	return fmt.Sprintf("%d values, the last of %v,", in[len(in)-1], in)
}

// image checks that in is channels, height and width, of as many channels as the argument called name says; "" for any.
func (l Layer) image(name string, in []int64) error {
	switch {
	case len(in) == 1:
		return fmt.Errorf("channels, height and width must come in, but %v comes in; Reshape(%d, 1, 1) in front makes them", in, in[0])
	case len(in) != 3:
		return fmt.Errorf("channels, height and width must come in, but %v comes in", in)
	case name != "" && in[0] != l.Int(name):
		return fmt.Errorf("%s is %d, but %d channels come in, of %v", name, l.Int(name), in[0], in)
	}
	return nil
}

func conv2dOutput(l Layer, in []int64) ([]int64, error) {
	if err := l.image("in_channels", in); err != nil {
		return nil, err
	}
	kernel, stride, padding, dilation := l.Pair("kernel_size"), l.Pair("stride"), l.Pair("padding"), l.Pair("dilation")
	out := []int64{l.Int("out_channels"), 0, 0}
	for i := range kernel {
		size := in[i+1]
		if err := l.padded(padding[i], size); err != nil {
			return nil, err
		}
		reach := dilation[i]*(kernel[i]-1) + 1
		if size+2*padding[i] < reach {
			return nil, fmt.Errorf("the kernel reaches over %d pixels, more than the %d that come in with their padding", reach, size+2*padding[i])
		}
		out[i+1] = (size+2*padding[i]-reach)/stride[i] + 1
	}
	return out, nil
}

// padded says that no such padding can be made of size pixels.
func (l Layer) padded(padding, size int64) error {
	mode := l.Text("padding_mode")
	if mode == "reflect" && padding >= size || mode == "circular" && padding > size {
		return fmt.Errorf("padding_mode '%s' can't make a padding of %d of %d pixels", mode, padding, size)
	}
	return nil
}

func transposedOutput(l Layer, in []int64) ([]int64, error) {
	if err := l.image("in_channels", in); err != nil {
		return nil, err
	}
	kernel, stride, padding, dilation, extra := l.Pair("kernel_size"), l.Pair("stride"), l.Pair("padding"), l.Pair("dilation"), l.Pair("output_padding")
	out := []int64{l.Int("out_channels"), 0, 0}
	for i := range kernel {
		out[i+1] = (in[i+1]-1)*stride[i] - 2*padding[i] + dilation[i]*(kernel[i]-1) + extra[i] + 1
		if out[i+1] < 1 {
			return nil, fmt.Errorf("padding %d leaves no pixel of %v", padding[i], in)
		}
	}
	return out, nil
}

func batchNorm1dOutput(l Layer, in []int64) ([]int64, error) {
	if len(in) != 1 && len(in) != 2 {
		return nil, fmt.Errorf("[C] or [C, L] must come in, but %v comes in; BatchNorm2d takes channels, height and width", in)
	}
	if in[0] != l.Int("num_features") {
		return nil, fmt.Errorf("num_features is %d, but %d come in", l.Int("num_features"), in[0])
	}
	return in, nil
}

func norm2dOutput(l Layer, in []int64) ([]int64, error) { return in, l.image("num_features", in) }

func instanceNormOutput(l Layer, in []int64) ([]int64, error) {
	if err := l.image("num_features", in); err != nil {
		return nil, err
	}
	if in[1]*in[2] == 1 && !l.Bool("track_running_stats") {
		return nil, fmt.Errorf("an image of one pixel comes in, %v, which has no variance", in)
	}
	return in, nil
}

func layerNormOutput(l Layer, in []int64) ([]int64, error) {
	shape := l.Ints("normalized_shape")
	if len(in) < len(shape) || !slices.Equal(shape, in[len(in)-len(shape):]) {
		return nil, fmt.Errorf("normalized_shape is %v, but %v comes in", shape, in)
	}
	return in, nil
}

func upsampleOutput(l Layer, in []int64) ([]int64, error) {
	if err := l.image("", in); err != nil {
		return nil, err
	}
	size, factor := l.Pair("size"), l.Float("scale_factor")
	for i := range size {
		if factor != 0 {
			size[i] = int64(float64(in[i+1]) * factor)
		}
		if size[i] < 1 {
			return nil, fmt.Errorf("scale_factor %v leaves no pixel of %v", factor, in)
		}
	}
	return []int64{in[0], size[0], size[1]}, nil
}

func pixelShuffleOutput(l Layer, in []int64) ([]int64, error) {
	if err := l.image("", in); err != nil {
		return nil, err
	}
	r := l.Int("upscale_factor")
	if in[0]%(r*r) != 0 {
		return nil, fmt.Errorf("%d channels come in, which %d does not divide, the square of upscale_factor", in[0], r*r)
	}
	return []int64{in[0] / (r * r), in[1] * r, in[2] * r}, nil
}

// dimension is the argument called name, a dimension of a tensor with its batch, as one of in.
func (l Layer) dimension(name string, in []int64) (int, error) {
	d := l.Int(name)
	if d == 0 {
		return 0, fmt.Errorf("%s is 0, the batch, which stays; the first that can change is 1", name)
	}
	if d < 0 {
		d += int64(len(in)) + 1
	}
	if d < 1 || d > int64(len(in)) {
		return 0, fmt.Errorf("%s is %d, but %v comes in, whose dimensions are 1 to %d", name, l.Int(name), in, len(in))
	}
	return int(d) - 1, nil
}

func flattenOutput(l Layer, in []int64) ([]int64, error) {
	first, err := l.dimension("start_dim", in)
	if err != nil {
		return nil, err
	}
	last, err := l.dimension("end_dim", in)
	if err != nil {
		return nil, err
	}
	if first > last {
		return nil, fmt.Errorf("start_dim %d comes after end_dim %d", l.Int("start_dim"), l.Int("end_dim"))
	}
	n, _ := numel(in[first : last+1])
	return slices.Concat(in[:first], []int64{n}, in[last+1:]), nil
}

func unflattenOutput(l Layer, in []int64) ([]int64, error) {
	at, err := l.dimension("dim", in)
	if err != nil {
		return nil, err
	}
	shape := l.Ints("unflattened_size")
	if n, ok := numel(shape); !ok || n != in[at] {
		return nil, fmt.Errorf("unflattened_size is %v, but %d values come in", shape, in[at])
	}
	return slices.Concat(in[:at], shape, in[at+1:]), nil
}

func reshapeOutput(l Layer, in []int64) ([]int64, error) {
	shape := l.Ints("size")
	have, _ := numel(in)
	if want, ok := numel(shape); !ok || want != have {
		return nil, fmt.Errorf("%v has %d values, but %d come in", shape, want, have)
	}
	return shape, nil
}
