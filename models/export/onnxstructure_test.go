package export

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"cgan/models"
	"cgan/weights"

	"google.golang.org/protobuf/encoding/protowire"
)

// The operators are those of cgan.py, in its order and with its numbers.
func TestONNXStructure(t *testing.T) {
	model := fields(t, writeONNX(t, newGenerator(t, small), small, map[string]string{"run": "7", "classes": "99"}))
	graph := sub(t, model, 7)[0]
	lines := []string{fmt.Sprintf("ir %v opset %v by %s: %s", model[1], sub(t, model, 8)[0][2], model[2], graph[2])}
	for _, p := range sub(t, model, 14) {
		lines = append(lines, fmt.Sprintf("%s=%s", p[1][0], p[2][0]))
	}
	for _, field := range []protowire.Number{11, 12} {
		for _, v := range sub(t, graph, field) {
			lines = append(lines, valueText(t, v))
		}
	}
	for _, n := range sub(t, graph, 1) {
		lines = append(lines, nodeText(t, n))
	}
	if got := strings.Join(lines, "\n"); got != onnxWant {
		t.Errorf("got\n%s\nwant\n%s", got, onnxWant)
	}
}

// The initializers are the identity matrix and every float32 tensor, bit for bit.
func TestONNXInitializers(t *testing.T) {
	eye, err := weights.FromFloat32s([]float32{1, 0, 0, 0, 1, 0, 0, 0, 1}, 3, 3, 1, 1)
	if err != nil {
		t.Fatal(err)
	}
	g := newGenerator(t, small)
	state, err := models.StateDict(g.StateDict())
	if err != nil {
		t.Fatal(err)
	}
	want := weights.StateDict{{Key: "identity", Tensor: eye}}
	for _, e := range state {
		if e.DType == weights.F32 {
			want = append(want, e)
		}
	}
	var got weights.StateDict
	for _, p := range sub(t, sub(t, fields(t, writeONNX(t, g, small, nil)), 7)[0], 5) {
		e := weights.Entry{Key: string(p[8][0].([]byte)), Tensor: weights.Tensor{DType: weights.F32, Data: p[9][0].([]byte)}}
		for _, d := range p[1] {
			e.Shape = append(e.Shape, int64(d.(uint64)))
		}
		if p[2][0] != uint64(1) {
			t.Errorf("%s has element type %v", e.Key, p[2])
		}
		got = append(got, e)
	}
	if !reflect.DeepEqual(got, want) || len(got) != 1+4*2+3*4 {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

// onnxWant is the generator of cgan.py with nz 5+3, nch_g 2 and nch 4.
const onnxWant = `ir [7] opset [14] by [cgan]: [generator]
architecture=Generator(nz=8, nch_g=2, nch=4, size=28)
classes=3
run=7
noise 1[batch 5 1 1]
label 7[batch]
image 1[batch 4 28 28]
Gather onehot_encode[identity label] axis=0
Concat concat_noise_label[noise onehot_encode] axis=1
ConvTranspose layer1.0[concat_noise_label layer1.0.weight layer1.0.bias] kernel_shape=3 3 strides=1 1 pads=0 0 0 0
BatchNormalization layer1.1[layer1.0 layer1.1.weight layer1.1.bias layer1.1.running_mean layer1.1.running_var] epsilon=1e-05
Relu layer1[layer1.1]
ConvTranspose layer2.0[layer1 layer2.0.weight layer2.0.bias] kernel_shape=3 3 strides=2 2 pads=0 0 0 0
BatchNormalization layer2.1[layer2.0 layer2.1.weight layer2.1.bias layer2.1.running_mean layer2.1.running_var] epsilon=1e-05
Relu layer2[layer2.1]
ConvTranspose layer3.0[layer2 layer3.0.weight layer3.0.bias] kernel_shape=4 4 strides=2 2 pads=1 1 1 1
BatchNormalization layer3.1[layer3.0 layer3.1.weight layer3.1.bias layer3.1.running_mean layer3.1.running_var] epsilon=1e-05
Relu layer3[layer3.1]
ConvTranspose layer4.0[layer3 layer4.0.weight layer4.0.bias] kernel_shape=4 4 strides=2 2 pads=1 1 1 1
Tanh image[layer4.0]`

// The nodes' own kernels, strides and paddings, read back from the file, lead to the images that a generator of
// these sizes draws.
func TestONNXDrawsImagesOfTheGeneratorsSize(t *testing.T) {
	for _, c := range []models.Config{small, models.Default()} {
		g := newGenerator(t, c)
		images, err := g.Draw(c, 1, []int64{0}, 1)
		if err != nil {
			t.Fatal(err)
		}
		graph, size := sub(t, fields(t, writeONNX(t, g, c, nil)), 7)[0], uint64(1)
		for _, n := range sub(t, graph, 1) {
			if string(n[4][0].([]byte)) != "ConvTranspose" {
				continue
			}
			window := map[string][]any{}
			for _, a := range sub(t, n, 5) {
				window[string(a[1][0].([]byte))] = a[8]
			}
			size = (size-1)*window["strides"][0].(uint64) - 2*window["pads"][0].(uint64) + window["kernel_shape"][0].(uint64)
		}
		if size != uint64(images.Height) {
			t.Errorf("the file's nodes draw %d pixels, the generator %d", size, images.Height)
		}
		if text := valueText(t, sub(t, graph, 12)[0]); !slices.Contains([]string{"image 1[batch 4 28 28]", "image 1[batch 1 28 28]"}, text) {
			t.Errorf("the output is %s", text)
		}
	}
}
