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

// ScriptModule is a TorchScript module: torch.jit.ScriptModule.
type ScriptModule struct{ native libtorch.Module }

// LoadScript is torch.jit.load on the CPU, in evaluation mode. The file is a program, which runs: load none that you don't trust.
// Free the module. It runs inside torch.Do.
func LoadScript(path string) *ScriptModule {
	native, err := libtorch.LoadScript(path)
	must("load a TorchScript module", err)
	return &ScriptModule{native}
}

// Forward is the first tensor of what the module makes of x, without gradients. Where its forward has an argument called flag,
// that is True.
func (m *ScriptModule) Forward(x *Tensor, flag string) *Tensor {
	return Native("forward of a TorchScript module", []*Tensor{x}, func(out *libtorch.Handle, in []libtorch.Handle) error {
		return libtorch.ForwardScript(m.native, in[0], flag, out)
	})
}

// Free ends the module.
func (m *ScriptModule) Free() {
	must("free a TorchScript module", libtorch.FreeScript(m.native))
	m.native = nil
}
