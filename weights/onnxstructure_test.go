package weights

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
)

// The operators are those of cgan.py, in its order and with its numbers.
func TestWriteONNXStructure(t *testing.T) {
	s := generator(t, smallSizes)
	var out bytes.Buffer
	if err := WriteONNX(&out, s, 3, map[string]string{"run": "7", "classes": "99"}); err != nil {
		t.Fatal(err)
	}
	model := fields(t, out.Bytes())
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
func TestWriteONNXInitializers(t *testing.T) {
	eye, err := FromFloat32s([]float32{1, 0, 0, 0, 1, 0, 0, 0, 1}, 3, 3, 1, 1)
	if err != nil {
		t.Fatal(err)
	}
	want := StateDict{{"identity", eye}}
	for _, e := range generator(t, smallSizes) {
		if e.DType == F32 {
			want = append(want, e)
		}
	}
	var out bytes.Buffer
	if err := WriteONNX(&out, generator(t, smallSizes), 3, nil); err != nil {
		t.Fatal(err)
	}
	var got StateDict
	for _, p := range sub(t, sub(t, fields(t, out.Bytes()), 7)[0], 5) {
		e := Entry{string(p[8][0].([]byte)), Tensor{DType: F32, Data: p[9][0].([]byte)}}
		for _, d := range p[1] {
			e.Shape = append(e.Shape, int64(d.(uint64)))
		}
		if p[2][0] != uint64(1) {
			t.Errorf("%s has element type %v", e.Key, p[2])
		}
		got = append(got, e)
	}
	if dump(got) != dump(want) || len(got) != 1+4*2+3*4 {
		t.Errorf("got  %s\nwant %s", dump(got), dump(want))
	}
}

// onnxWant is the generator of cgan.py with nz 5+3, nch_g 2 and nch 4.
const onnxWant = `ir [7] opset [13] by [cgan]: [generator]
architecture=Generator(nz=8, nch_g=2, nch=4)
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
