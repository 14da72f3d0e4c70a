package export

import (
	"fmt"
	"strings"

	"cgan/bindings/nn"
	"cgan/bindings/torch"
	"cgan/models"
)

// TorchScript gives the generator as an archive that torch.jit.load opens in Python and C++: a module in
// evaluation mode that takes (noise [B, nz, 1, 1], label [B] int64) to images [B, channels, H, W], with the
// state_dict of cgan.py's Generator.
func TorchScript(g *models.Generator, c models.Config) (archive []byte, err error) {
	source, err := scriptSource(g.Leaves(), c)
	if err != nil {
		return nil, fmt.Errorf("cannot write TorchScript: %w", err)
	}
	err = torch.Do("write TorchScript", func() error {
		parameters := map[string]bool{}
		for _, p := range g.NamedParameters() {
			parameters[p.Name] = true
		}
		var state []torch.ScriptTensor
		for _, n := range g.StateDict() {
			state = append(state, torch.ScriptTensor{Key: n.Name, Tensor: n.Tensor, Buffer: !parameters[n.Name]})
		}
		archive = torch.Script(source, state)
		return nil
	})
	return archive, err
}

// scriptSource is Generator.forward of cgan.py after concat_noise_label, in TorchScript's Python.
func scriptSource(leaves []nn.Leaf, c models.Config) (string, error) {
	var b strings.Builder
	fmt.Fprintf(&b, `def forward(self, noise: Tensor, label: Tensor) -> Tensor:
    onehot = torch.eye(%d, dtype=noise.dtype, device=noise.device)[label].view(-1, %[1]d, 1, 1)
    z = torch.cat([noise, onehot], 1)
`, c.Classes)
	for i, leaf := range leaves {
		line, err := scriptLine(fmt.Sprintf("part%d", i), leaf)
		if err != nil {
			return "", err
		}
		if len(leaf.Module.Parameters()) > 0 {
			layer, part, _ := strings.Cut(leaf.Name, ".")
			fmt.Fprintf(&b, "    part%d = getattr(self.%s, %q)\n", i, layer, part)
		}
		fmt.Fprintf(&b, "    z = %s\n", line)
	}
	b.WriteString("    return z\n")
	return b.String(), nil
}

// scriptLine is what one layer makes of z; name is the module that has its tensors.
func scriptLine(name string, leaf nn.Leaf) (string, error) {
	switch l := leaf.Module.(type) {
	case *nn.ConvTranspose2d:
		return fmt.Sprintf("torch.conv_transpose2d(z, %s.weight, %[1]s.bias, [%d, %[2]d], [%d, %[3]d])", name, l.Stride[0], l.Padding[0]), nil
	case *nn.Conv2d:
		return fmt.Sprintf("torch.conv2d(z, %s.weight, %[1]s.bias, [%d, %[2]d], [%d, %[3]d])", name, l.Stride[0], l.Padding[0]), nil
	case *nn.BatchNorm2d:
		return fmt.Sprintf("torch.batch_norm(z, %s.weight, %[1]s.bias, %[1]s.running_mean, %[1]s.running_var, False, %g, %g, True)", name, l.Momentum, l.Eps), nil
	case *nn.ReLU:
		return "torch.relu(z)", nil
	case *nn.LeakyReLU:
		return fmt.Sprintf("torch.nn.functional.leaky_relu(z, %g)", l.NegativeSlope), nil
	case *nn.Tanh:
		return "torch.tanh(z)", nil
	case *nn.Sigmoid:
		return "torch.sigmoid(z)", nil
	}
	return "", fmt.Errorf("the layer %s is a %T, which TorchScript is not written for", leaf.Name, leaf.Module)
}
