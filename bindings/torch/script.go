package torch

import "cgan/bindings/libtorch"

// ScriptTensor is a tensor of a TorchScript module, under a key such as layer1.0.weight.
type ScriptTensor struct {
	Key    string
	Tensor *Tensor
	Buffer bool // not a parameter
}

// Script compiles a TorchScript module from the source of its methods and gives its archive, which
// torch.jit.load opens. The methods reach layer1.0.weight as getattr(self.layer1, "0").weight.
func Script(source string, state []ScriptTensor) []byte {
	const op = "script"
	var keys []string
	var tensors []libtorch.Handle
	var buffers []bool
	for _, s := range state {
		keys, tensors, buffers = append(keys, s.Key), append(tensors, handle(op, s.Tensor)), append(buffers, s.Buffer)
	}
	archive, err := libtorch.Script(source, keys, tensors, buffers)
	must(op, err)
	return archive
}
