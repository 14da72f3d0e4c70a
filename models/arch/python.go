package arch

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Python prints the network as a module of that name, Generator or Discriminator, whose state dict has the same keys. Its
// forward takes noise or images and, where the network has a label, the classes [B]. The network passes Check.
func (n *Network) Python(class string) string {
	p := &printer{made: map[string]bool{}, places: n.places()}
	p.printf("import torch\nfrom torch import nn\n\n\nclass %s(nn.Module):\n", class)
	if n.generates() {
		p.printf("    values = (%s, %s)  # what black and white are in the images\n\n", decimal(n.Values[0]), decimal(n.Values[1]))
	}
	p.printf("    def __init__(self):\n        super().__init__()\n")
	for i, l := range n.All() {
		p.module(p.places[i], l)
	}
	if n.generates() {
		size := strings.Trim(strings.Join(strings.Fields(fmt.Sprint(n.Noise())), ", "), "[]")
		source := n.Source[0]
		draw, then := source.Op, ""
		if draw == "uniform" {
			draw, then = "empty", fmt.Sprintf(".uniform_(%s, %s)", decimal(source.Float("low")), decimal(source.Float("high")))
		}
		p.printf("\n    def noise(self, batch, device=\"cpu\"):\n        return torch.%s(batch, %s, device=device)%s\n", draw, size, then)
	}
	source := n.sourceName()
	if p.printf("\n    def forward(self, %s", source); len(n.Label) > 0 {
		p.printf(", label")
	}
	p.printf("):%s\n", n.inputs())
	shape := p.column(p.places, n.Source, nil, source, source)
	x, from := "x", source
	if len(n.Label) > 0 {
		label := p.column(p.places[len(n.Source):], n.Label, nil, "label", "label")
		p.join(n, shape, label)
		shape, from = n.Joined(), x
	}
	shape = p.column(p.places[len(n.Source)+len(n.Label):], n.Layers, shape, x, from)
	if n.generates() {
		p.printf("        return x%s\n", batch(shape))
	} else {
		p.printf("        return x.view(-1)  # [B]\n")
	}
	return p.String()
}

// inputs are the shapes of forward's arguments.
func (n *Network) inputs() string {
	shapes := batch(n.Source[0].Ints("size"))
	if len(n.Label) > 0 {
		shapes += ", [B]"
	}
	return shapes
}

// batch is a comment that says a shape.
func batch(shape []int64) string {
	text := "  # [B"
	for _, size := range shape {
		text += fmt.Sprintf(", %d", size)
	}
	return text + "]"
}

type printer struct {
	strings.Builder
	places [][]string      // of all layers, the names that lead to them
	made   map[string]bool // modules that hold others
}

func (p *printer) printf(format string, args ...any) { fmt.Fprintf(p, format, args...) }

// module registers a layer at its place. Those of several parts have plain modules around them.
func (p *printer) module(parts []string, l Layer) {
	if !registered(l) {
		return
	}
	for depth := 1; depth < len(parts); depth++ {
		if path := strings.Join(parts[:depth], "."); !p.made[path] {
			p.made[path] = true
			p.register(parts[:depth], "nn.Module()")
		}
	}
	p.register(parts, "nn."+l.String())
}

func (p *printer) register(parts []string, module string) {
	parent, name := parts[:len(parts)-1], parts[len(parts)-1]
	if identifier(name) {
		p.printf("        %s.%s = %s\n", attribute(parent), name, module)
	} else {
		p.printf("        %s.add_module(%s, %s)\n", attribute(parent), strconv.QuoteToASCII(name), module)
	}
}

// registered reports whether the layer is a module in Python.
func registered(l Layer) bool {
	return !l.IsSource() && l.Op != "one_hot" && l.Op != "Reshape"
}

// places are the names of all layers, in parts: those of their keys, or where they have no tensors one that no key begins with.
func (n *Network) places() (places [][]string) {
	taken := map[string]bool{}
	for _, l := range n.All() {
		places = append(places, strings.Split(l.Key, "."))
		taken[places[len(places)-1][0]] = true
	}
	for i, l := range n.All() {
		if len(l.Tensors()) > 0 {
			continue
		}
		name := fmt.Sprintf("%s%d", strings.ToLower(l.Op), i)
		for taken[name] {
			name += "_"
		}
		places[i] = []string{name}
	}
	return places
}

// attribute is how Python reaches a module of self.
func attribute(parts []string) string {
	path := "self"
	for _, name := range parts {
		if identifier(name) {
			path += "." + name
		} else {
			path = fmt.Sprintf("getattr(%s, %s)", path, strconv.QuoteToASCII(name))
		}
	}
	return path
}

var (
	word     = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
	keywords = strings.Fields("False None True and as assert async await break class continue def del elif else except finally for from " +
		"global if import in is lambda nonlocal not or pass raise return try while with yield")
)

// identifier reports whether Python takes a name behind a dot as it is; within a class it changes names that begin with __.
func identifier(name string) bool {
	return word.MatchString(name) && !strings.HasPrefix(name, "__") && !slices.Contains(keywords, name)
}

// column runs layers that stand at places, the first of them on the variable from, into the variable to.
func (p *printer) column(places [][]string, c Column, shape []int64, to, from string) []int64 {
	for i, l := range c {
		in := shape
		shape = known(l.Output(in))
		if l.IsSource() {
			continue
		}
		switch l.Op {
		case "one_hot":
			p.printf("        %s = torch.eye(%d, device=%s.device)[%s]", to, shape[0], from, from)
		case "Reshape":
			p.printf("        %s = %s.reshape(len(%s), %s)", to, from, from, strings.Trim(literal(shape), "(,)"))
		default:
			p.printf("        %s = %s(%s)", to, attribute(places[i]), from)
		}
		p.printf("%s\n", batch(shape))
		from = to
	}
	return shape
}

// join makes x of the source and the label.
func (p *printer) join(n *Network, source, label []int64) {
	if planes(source, label) {
		p.printf("        label = label[:, :, None, None].expand(-1, -1, %d, %d)%s\n", source[1], source[2], batch([]int64{label[0], source[1], source[2]}))
	}
	text := n.Join.text(n.sourceName())
	if n.Join.By == Cat {
		text = "torch." + strings.NewReplacer("(", "((", ")", "), 1)").Replace(text)
	}
	p.printf("        x = %s%s\n", text, batch(n.Joined()))
}
