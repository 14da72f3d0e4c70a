package models

import (
	"fmt"

	"cgan/bindings/nn"
	"cgan/bindings/torch"
	"cgan/weights"
)

var fileTypes = map[torch.DType]weights.DType{torch.Float32: weights.F32, torch.Int64: weights.I64, torch.Uint8: weights.U8}

// StateDict copies parameters and buffers out under PyTorch's keys, in PyTorch's order.
func StateDict(named []nn.Named) (weights.StateDict, error) {
	var state weights.StateDict
	err := torch.Do("read the weights", func() error {
		for _, n := range named {
			t, err := FileTensor(n.Tensor)
			if err != nil {
				return fmt.Errorf("%s: %w", n.Name, err)
			}
			state = append(state, weights.Entry{Key: n.Name, Tensor: t})
		}
		return nil
	})
	return state, err
}

// FileTensor copies a tensor out for a file; float32, int64 and uint8 only. It runs inside torch.Do.
func FileTensor(t *torch.Tensor) (weights.Tensor, error) {
	dtype, ok := fileTypes[t.DType()]
	if !ok {
		return weights.Tensor{}, fmt.Errorf("no file type for %s", t.DType())
	}
	return weights.Tensor{DType: dtype, Shape: t.Shape(), Data: t.Bytes()}, nil
}
