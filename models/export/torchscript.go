package export

import (
	"fmt"
	"go/token"
	"slices"
	"strings"
	"unicode"

	"cgan/bindings/torch"
	"cgan/models"
	"cgan/models/arch"
	"cgan/weights"
)

// TorchScript gives the generator as an archive that torch.jit.load opens in Python and C++: a module in
// evaluation mode that takes (noise [B, nz, 1, 1] or [B, nz], label [B] int64), or noise alone where it knows no classes, to
// images [B, channels, H, W], with the network's state_dict.
func TorchScript(g *models.Net) (archive []byte, err error) {
	source, err := scriptSource(g.Arch())
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

// script is the source of a forward in the making.
type script struct {
	strings.Builder
	parts int // layers so far
}

// scriptSource is forward of the network, its label in front, in TorchScript's Python.
func scriptSource(n *arch.Network) (string, error) {
	if err := checkKeys(n); err != nil {
		return "", err
	}
	var b script
	parameters := "noise: Tensor, label: Tensor"
	if len(n.Label) == 0 {
		parameters = "noise: Tensor"
	}
	fmt.Fprintf(&b, "def forward(self, %s) -> Tensor:\n", parameters)
	if err := b.condition(n); err != nil {
		return "", err
	}
	if err := b.column("z", n.Layers.Steps(n.Joined())); err != nil {
		return "", err
	}
	b.WriteString("    return z\n")
	return b.String(), nil
}

// condition makes z of noise and label.
func (b *script) condition(n *arch.Network) error {
	x := "noise"
	if source := n.Source.Steps(nil)[1:]; len(source) > 0 {
		x = "x"
		b.set(x, "noise")
		if err := b.column(x, source); err != nil {
			return err
		}
	}
	if len(n.Label) == 0 {
		b.set("z", x)
		return nil
	}
	y, err := b.label(n)
	if err != nil {
		return err
	}
	first, second := x, y
	if n.Join.LabelFirst {
		first, second = y, x
	}
	switch n.Join.By {
	case arch.Multiply:
		b.set("z", fmt.Sprintf("%s * %s", first, second))
	case arch.Add:
		b.set("z", fmt.Sprintf("%s + %s", first, second))
	default:
		b.set("z", fmt.Sprintf("torch.cat([%s, %s], 1)", first, second))
	}
	return nil
}

// label makes a variable of the label and gives its name. It has a height and a width where the noise has one.
func (b *script) label(n *arch.Network) (name string, err error) {
	steps, joined := n.Label.Steps(nil), n.Joined()
	planes := ""
	if out := steps[len(steps)-1].Out; len(out) == 1 && len(joined) == 3 {
		planes = fmt.Sprintf(".view(-1, %d, 1, 1)", out[0])
		if joined[1]*joined[2] > 1 {
			planes += fmt.Sprintf(".expand(-1, -1, %d, %d)", joined[1], joined[2])
		}
	}
	begin := ""
	if steps[0].Op == "one_hot" {
		name, begin = "onehot", fmt.Sprintf("torch.eye(%d, dtype=noise.dtype, device=noise.device)[label]", n.Classes())
	} else {
		name, begin = "embedded", fmt.Sprintf("torch.embedding(%s.weight, label)", b.part(steps[0].Layer))
	}
	if len(steps) == 1 {
		b.set(name, begin+planes)
		return name, nil
	}
	b.set(name, begin)
	if err := b.column(name, steps[1:]); err != nil {
		return "", err
	}
	if planes != "" {
		b.set(name, name+planes)
	}
	return name, nil
}

func (b *script) set(variable, value string) { fmt.Fprintf(b, "    %s = %s\n", variable, value) }

// column runs a variable through layers.
func (b *script) column(z string, steps []arch.Step) error {
	for _, s := range steps {
		part := ""
		if len(s.Tensors()) > 0 {
			part = b.part(s.Layer)
		} else {
			b.parts++
		}
		value, err := scriptLine(z, part, s)
		if err != nil {
			return fmt.Errorf("the layer %s: %w", s.Layer, err)
		}
		if value != z {
			b.set(z, value)
		}
	}
	return nil
}

// part makes a variable of the module that has a layer's tensors.
func (b *script) part(l arch.Layer) string {
	name, module := fmt.Sprintf("part%d", b.parts), "self"
	b.parts++
	for key := range strings.SplitSeq(l.Key, ".") {
		if isName(key) {
			module += "." + key
		} else {
			module = fmt.Sprintf("getattr(%s, %q)", module, key)
		}
	}
	b.set(name, module)
	return name
}

// isName says that Python takes a key as an attribute.
func isName(key string) bool {
	return token.IsIdentifier(key) && !strings.ContainsFunc(key, func(r rune) bool { return r > unicode.MaxASCII })
}

// keywords are Python's, which torch.jit.load takes for no attribute.
var keywords = strings.Fields(`False None True and as assert async await break class continue def del elif else except finally for from global if import in is
	lambda nonlocal not or pass raise return try while with yield`)

// checkKeys sees that the archive can be read.
func checkKeys(n *arch.Network) error {
	for _, l := range n.All() {
		for key := range strings.SplitSeq(l.Key, ".") {
			if slices.Contains(keywords, key) {
				return fmt.Errorf("the key %s has Python's word %s in it, with which torch.jit.load does not read it: rename it by a rule", weights.Show(l.Key), key)
			}
		}
	}
	return nil
}

// scriptLine is what one layer makes of z; part is the module that has its tensors.
func scriptLine(z, part string, s arch.Step) (string, error) {
	tensor := func(name string) string {
		if has(s.Layer, name) {
			return part + "." + name
		}
		return "None"
	}
	weighted := z + ", " + tensor("weight") + ", " + tensor("bias")
	switch s.Op {
	case "Linear":
		return fmt.Sprintf("torch.linear(%s)", weighted), nil
	case "Conv2d":
		return scriptConv(s, z, tensor("weight")+", "+tensor("bias")), nil
	case "ConvTranspose2d":
		return fmt.Sprintf("torch.conv_transpose2d(%s, %s, %s%s)", weighted, list(s, "stride"), list(s, "padding"), transposedRest(s)), nil
	case "BatchNorm1d", "BatchNorm2d":
		byInput := pyBool(!s.Bool("track_running_stats"))
		return fmt.Sprintf("torch.batch_norm(%s, %s, %s, %s, %s, %s, True)", weighted, tensor("running_mean"), tensor("running_var"), byInput,
			pyFloat(s.Float("momentum")), pyFloat(s.Float("eps"))), nil
	case "InstanceNorm2d":
		byInput := pyBool(!s.Bool("track_running_stats"))
		return fmt.Sprintf("torch.instance_norm(%s, %s, %s, %s, %s, %s, True)", weighted, tensor("running_mean"), tensor("running_var"), byInput,
			pyFloat(s.Float("momentum")), pyFloat(s.Float("eps"))), nil
	case "LayerNorm":
		return fmt.Sprintf("torch.layer_norm(%s, %s, %s, %s, %s)", z, sizes(s.Ints("normalized_shape")), tensor("weight"), tensor("bias"), pyFloat(s.Float("eps"))), nil
	case "Upsample":
		return scriptUpsample(s, z), nil
	case "PixelShuffle":
		return fmt.Sprintf("torch.pixel_shuffle(%s, %d)", z, s.Int("upscale_factor")), nil
	case "Flatten", "Unflatten", "Reshape":
		return fmt.Sprintf("%s.reshape([-1, %s])", z, strings.Trim(sizes(s.Out), "[]")), nil
	}
	return scriptActivation(s.Layer, z)
}

func scriptActivation(l arch.Layer, z string) (string, error) {
	switch l.Op {
	case "Dropout", "Dropout2d", "Identity":
		return z, nil
	case "ReLU":
		return fmt.Sprintf("torch.relu(%s)", z), nil
	case "LeakyReLU":
		return fmt.Sprintf("torch.leaky_relu(%s, %s)", z, pyFloat(l.Float("negative_slope"))), nil
	case "ELU":
		return fmt.Sprintf("torch.elu(%s, %s)", z, pyFloat(l.Float("alpha"))), nil
	case "GELU":
		return fmt.Sprintf("torch.gelu(%s, approximate='%s')", z, l.Text("approximate")), nil
	case "SiLU":
		return fmt.Sprintf("torch.silu(%s)", z), nil
	case "Tanh":
		return fmt.Sprintf("torch.tanh(%s)", z), nil
	case "Sigmoid":
		return fmt.Sprintf("torch.sigmoid(%s)", z), nil
	}
	return "", fmt.Errorf("TorchScript is not written for it")
}

func scriptConv(s arch.Step, z, tensors string) string {
	padding := list(s, "padding")
	if mode := s.Text("padding_mode"); mode != "zeros" && s.Pair("padding") != [2]int64{} {
		p := s.Pair("padding")
		z = fmt.Sprintf("torch.pad(%s, [%d, %d, %d, %d], %q)", z, p[1], p[1], p[0], p[0], mode)
		padding = "[0, 0]"
	}
	rest := ""
	if dilation, groups := s.Pair("dilation"), s.Int("groups"); dilation != [2]int64{1, 1} || groups != 1 {
		rest = fmt.Sprintf(", %s, %d", sizes(dilation[:]), groups)
	}
	return fmt.Sprintf("torch.conv2d(%s, %s, %s, %s%s)", z, tensors, list(s, "stride"), padding, rest)
}

// transposedRest are the arguments of conv_transpose2d after the padding, where they are not the usual ones.
func transposedRest(s arch.Step) string {
	extra, dilation, groups := s.Pair("output_padding"), s.Pair("dilation"), s.Int("groups")
	if extra == [2]int64{} && dilation == [2]int64{1, 1} && groups == 1 {
		return ""
	}
	return fmt.Sprintf(", %s, %d, %s", sizes(extra[:]), groups, sizes(dilation[:]))
}

func scriptUpsample(s arch.Step, z string) string {
	scale := "None"
	if factor := s.Float("scale_factor"); factor != 0 {
		scale = pyFloat(factor)
	}
	size := sizes(s.Out[1:])
	if s.Text("mode") == "nearest" {
		return fmt.Sprintf("torch.upsample_nearest2d(%s, %s, %s, %s)", z, size, scale, scale)
	}
	return fmt.Sprintf("torch.upsample_bilinear2d(%s, %s, %s, %s, %s)", z, size, pyBool(s.Bool("align_corners")), scale, scale)
}

// list is a pair as Python writes it.
func list(s arch.Step, name string) string {
	p := s.Pair(name)
	return sizes(p[:])
}

func sizes(values []int64) string { return strings.ReplaceAll(fmt.Sprint(values), " ", ", ") }

func pyBool(b bool) string {
	if b {
		return "True"
	}
	return "False"
}

// pyFloat is a number that Python reads as a float.
func pyFloat(v float64) string {
	text := fmt.Sprint(v)
	if !strings.ContainsAny(text, ".e") {
		text += ".0"
	}
	return text
}
