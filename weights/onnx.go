package weights

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"unicode/utf8"
)

// WriteONNX writes a generator's state dict as an ONNX model: noise [batch, nz, 1, 1] float32 and
// label [batch] int64 become image [batch, channels, 28, 28] float32, as the generator draws them in
// eval mode. The sizes are read off the shapes; only classes, how many of the inputs are the
// one-hot label, is not written there. A label that is no row of the identity matrix ends the run
// with an error in onnxruntime; as in PyTorch, -1 is the last class.
//
// The initializers carry PyTorch's keys. The metadata goes into the file with two more entries:
// "architecture", how cgan.py makes the generator, and "classes", which take the place of given
// ones. The file needs opset 13, which onnxruntime has from 1.6 on. The weights are written from
// where they lie, without a copy.
//
// An error says that the state dict is not this generator, that its parameters are not float32
// (Convert them first), or what else has no place in the file (then w has received nothing); or
// that w failed.
func WriteONNX(w io.Writer, generator StateDict, classes int, metadata map[string]string) error {
	sizes, err := generatorSizesOf(generator, classes)
	if err != nil {
		return fmt.Errorf("cannot write ONNX: %w", err)
	}
	props, err := sizes.metadata(metadata)
	if err != nil {
		return fmt.Errorf("cannot write ONNX: %w", err)
	}
	return sizes.model(generator, props).write(w)
}

// maxClasses bounds the identity matrix in the file, at 64 MB.
const maxClasses = 4096

// generatorSizes is what the generator of cgan.py is made with: inputs is its nz, noise and classes.
type generatorSizes struct{ classes, inputs, base, channels int64 }

// generatorSizesOf returns the sizes, if the state dict is a whole float32 generator.
func generatorSizesOf(state StateDict, classes int) (generatorSizes, error) {
	first, _ := state.Get("layer1.0.weight")
	last, _ := state.Get("layer4.0.weight")
	if !isKernel(first.Shape, 3) || !isKernel(last.Shape, 4) {
		return generatorSizes{}, errors.New("the state dict is no generator: it needs " +
			"layer1.0.weight [nz+classes, 4*ngf, 3, 3] and layer4.0.weight [ngf, channels, 4, 4]")
	}
	s := generatorSizes{int64(classes), first.Shape[0], last.Shape[0], last.Shape[1]}
	if classes < 1 || classes > maxClasses || s.classes >= s.inputs {
		return s, fmt.Errorf("%d classes: there must be from 1 to %d, and fewer than the generator's %d inputs", classes, maxClasses, s.inputs)
	}
	if err := Match(state, s.specs()); err != nil {
		return s, err
	}
	if err := state.Validate(); err != nil {
		return s, err
	}
	for _, e := range state {
		if e.DType.IsFloat() && e.DType != F32 {
			return s, fmt.Errorf("%s is %v: convert it to float32 first", e.Key, e.DType)
		}
	}
	return s, nil
}

// isKernel reports whether a shape is that of a convolution of size by size with channels.
func isKernel(shape []int64, size int64) bool {
	return len(shape) == 4 && shape[0] > 0 && shape[1] > 0 && shape[2] == size && shape[3] == size
}

// specs lists the state dict of the generator in PyTorch's order.
func (s generatorSizes) specs() []Spec {
	var specs []Spec
	for _, l := range s.layers() {
		specs = append(specs, Spec{l.name + ".0.weight", []int64{l.in, l.out, l.kernel, l.kernel}, F32})
		specs = append(specs, Spec{l.name + ".0.bias", []int64{l.out}, F32})
		if l.last {
			continue
		}
		for _, key := range []string{"weight", "bias", "running_mean", "running_var"} {
			specs = append(specs, Spec{l.name + ".1." + key, []int64{l.out}, F32})
		}
		specs = append(specs, Spec{l.name + ".1.num_batches_tracked", []int64{}, I64})
	}
	return specs
}

// metadata returns the sorted entries of the file. An error names one that is not UTF-8, which
// protobuf does not allow.
func (s generatorSizes) metadata(given map[string]string) ([][2]string, error) {
	all := map[string]string{}
	maps.Copy(all, given)
	all["architecture"] = fmt.Sprintf("Generator(nz=%d, nch_g=%d, nch=%d)", s.inputs, s.base, s.channels)
	all["classes"] = strconv.FormatInt(s.classes, 10)
	var props [][2]string
	for _, key := range slices.Sorted(maps.Keys(all)) {
		if !utf8.ValidString(key) || !utf8.ValidString(all[key]) {
			return nil, fmt.Errorf("the metadata entry %s is not UTF-8", quote(key))
		}
		props = append(props, [2]string{key, all[key]})
	}
	return props, nil
}
