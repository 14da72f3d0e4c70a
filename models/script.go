package models

import (
	"fmt"
	"strings"

	"cgan/bindings/torch"
)

// TorchScript gives the generator as an archive that torch.jit.load opens in Python and C++: a module in
// evaluation mode that takes (noise [B, nz, 1, 1], label [B] int64) to images [B, channels, 28, 28], with the
// state_dict of cgan.py's Generator.
func (g *Generator) TorchScript(c Config) (archive []byte, err error) {
	err = torch.Do("write TorchScript", func() error {
		parameters := map[string]bool{}
		for _, p := range g.NamedParameters() {
			parameters[p.Name] = true
		}
		var state []torch.ScriptTensor
		for _, n := range g.StateDict() {
			state = append(state, torch.ScriptTensor{Key: n.Name, Tensor: n.Tensor, Buffer: !parameters[n.Name]})
		}
		archive = torch.Script(scriptSource(c), state)
		return nil
	})
	return archive, err
}

// scriptSource is Generator.forward of cgan.py behind concat_noise_label, in TorchScript's Python.
func scriptSource(c Config) string {
	var b strings.Builder
	fmt.Fprintf(&b, `def forward(self, noise: Tensor, label: Tensor) -> Tensor:
    onehot = torch.eye(%d, dtype=noise.dtype, device=noise.device)[label].view(-1, %[1]d, 1, 1)
    z = torch.cat([noise, onehot], 1)
`, c.Classes)
	for layer, conv := range []struct{ stride, padding int }{{1, 0}, {2, 0}, {2, 1}, {2, 1}} {
		fmt.Fprintf(&b, `    conv%[1]d = getattr(self.layer%[1]d, "0")
    z = torch.conv_transpose2d(z, conv%[1]d.weight, conv%[1]d.bias, [%[2]d, %[2]d], [%[3]d, %[3]d])
`, layer+1, conv.stride, conv.padding)
		if layer == 3 {
			break
		}
		fmt.Fprintf(&b, `    norm%[1]d = getattr(self.layer%[1]d, "1")
    z = torch.batch_norm(z, norm%[1]d.weight, norm%[1]d.bias, norm%[1]d.running_mean, norm%[1]d.running_var, False, 0.1, 1e-5, True)
    z = torch.relu(z)
`, layer+1)
	}
	b.WriteString("    return torch.tanh(z)\n")
	return b.String()
}
