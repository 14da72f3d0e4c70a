package arch

import "fmt"

// Tensors are those of the layer, in the order of its state dict.
func (l Layer) Tensors() []Tensor {
	c := classes[l.Op]
	if c == nil || c.tensors == nil {
		return nil
	}
	return c.tensors(l)
}

// bounded says which tensor of the layer is of absurd size.
func (l Layer) bounded() error {
	for _, t := range l.Tensors() {
		if err := tooMany("values of "+t.Name, t.Shape); err != nil {
			return fmt.Errorf("%s: %w", l, err)
		}
	}
	return nil
}

func embeddingTensors(l Layer) []Tensor {
	return []Tensor{{Name: "weight", Shape: []int64{l.Int("num_embeddings"), l.Int("embedding_dim")}}}
}

// weighted is a weight and, where the layer has one, a bias.
func (l Layer) weighted(biases int64, shape ...int64) []Tensor {
	list := []Tensor{{Name: "weight", Shape: shape}}
	if l.Bool("bias") {
		list = append(list, Tensor{Name: "bias", Shape: []int64{biases}})
	}
	return list
}

func linearTensors(l Layer) []Tensor {
	out := l.Int("out_features")
	return l.weighted(out, out, l.Int("in_features"))
}

func conv2dTensors(l Layer) []Tensor {
	out, kernel := l.Int("out_channels"), l.Pair("kernel_size")
	return l.weighted(out, out, l.Int("in_channels")/l.Int("groups"), kernel[0], kernel[1])
}

func transposedTensors(l Layer) []Tensor {
	out, kernel := l.Int("out_channels"), l.Pair("kernel_size")
	return l.weighted(out, l.Int("in_channels"), out/l.Int("groups"), kernel[0], kernel[1])
}

func normTensors(l Layer) (list []Tensor) {
	n := l.Int("num_features")
	if l.Bool("affine") {
		list = l.weighted(n, n)
	}
	if l.Bool("track_running_stats") {
		list = append(list, Tensor{"running_mean", []int64{n}, true}, Tensor{"running_var", []int64{n}, true},
			Tensor{"num_batches_tracked", nil, true})
	}
	return list
}

func layerNormTensors(l Layer) []Tensor {
	if !l.Bool("elementwise_affine") {
		return nil
	}
	list := []Tensor{{Name: "weight", Shape: l.Ints("normalized_shape")}}
	if l.Bool("bias") {
		list = append(list, Tensor{Name: "bias", Shape: l.Ints("normalized_shape")})
	}
	return list
}
