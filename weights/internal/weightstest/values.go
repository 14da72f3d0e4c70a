package weightstest

import "cgan/weights"

// Dict makes a dict of keys and values in turn.
func Dict(items ...any) *weights.Dict {
	d := &weights.Dict{}
	for i := 0; i < len(items); i += 2 {
		if key, text := items[i].(string); text {
			d.Set(key, items[i+1])
		} else {
			d.SetInt(items[i].(int64), items[i+1])
		}
	}
	return d
}

// TensorDict is a dict of small tensors.
func TensorDict(keys ...string) *weights.Dict {
	d := &weights.Dict{}
	for _, key := range keys {
		t := Entry(key, weights.F32, 2).Tensor
		d.Set(key, &t)
	}
	return d
}

// Entry is a tensor of zeros.
func Entry(key string, d weights.DType, shape ...int64) weights.Entry {
	n, err := d.ByteSize(shape)
	if err != nil {
		panic(err)
	}
	return weights.Entry{Key: key, Tensor: weights.Tensor{DType: d, Shape: shape, Data: make([]byte, n)}}
}

// LayerState is the state dict of a layer and its BatchNorm.
func LayerState() weights.StateDict {
	return weights.StateDict{Entry("layer1.0.weight", weights.F32, 2, 3), Entry("layer1.0.bias", weights.BF16, 3),
		Entry("layer1.1.running_mean", weights.F32, 3), Entry("layer1.1.num_batches_tracked", weights.I64)}
}
