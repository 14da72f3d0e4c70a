package arch

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"go.yaml.in/yaml/v3"
)

// Write writes a file that Read reads as the same, doubts as comments that begin with "# ?". Its networks pass Check.
func Write(f *File) []byte {
	var b strings.Builder
	f.Generator.write(&b, "generator")
	if f.Discriminator != nil {
		f.Discriminator.write(&b, "discriminator")
	}
	if len(f.Map) > 0 {
		b.WriteString("map:\n")
	}
	for _, r := range f.Map {
		fmt.Fprintf(&b, "  %s: %s\n", scalar(r.From), scalar(r.To))
	}
	return []byte(b.String())
}

func (n *Network) write(b *strings.Builder, name string) {
	source := n.sourceName()
	fmt.Fprintf(b, "%s:\n", name)
	n.Source.write(b, source, n.Doubts[source])
	if len(n.Label) > 0 {
		n.Label.write(b, "label", n.Doubts["label"])
		fmt.Fprintf(b, "  join: %s%s\n", n.Join.text(source), comment(n.Doubts["join"]))
	}
	n.Layers.writeList(b, "layers", "")
	if v, doubt := n.Values, n.Doubts["values"]; n.generates() && v != [2]float64{} && (v != usualValues(n.Layers) || doubt != "") {
		fmt.Fprintf(b, "  values: [%s, %s]%s\n", decimal(v[0]), decimal(v[1]), comment(doubt))
	}
}

func decimal(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }

// write writes a layer alone where there is one, unless it has a doubt of its own.
func (c Column) write(b *strings.Builder, name, doubt string) {
	switch {
	case len(c) > 1 || c[0].Doubt != "":
		c.writeList(b, name, doubt)
	case len(c[0].Tensors()) > 0:
		fmt.Fprintf(b, "  %s:\n    %s%s\n", name, c[0].item(), comment(doubt))
	default:
		fmt.Fprintf(b, "  %s: %s%s\n", name, c[0].item(), comment(doubt))
	}
}

func (c Column) writeList(b *strings.Builder, name, doubt string) {
	fmt.Fprintf(b, "  %s:%s\n", name, comment(doubt))
	for _, l := range c {
		fmt.Fprintf(b, "    - %s%s\n", l.item(), comment(l.Doubt))
	}
}

// item is the layer with its key, where it has tensors.
func (l Layer) item() string {
	if len(l.Tensors()) == 0 {
		return scalar(l.String())
	}
	return scalar(l.Key) + ": " + scalar(l.String())
}

func comment(doubt string) string {
	if doubt = oneLine(doubt); doubt == "" {
		return ""
	}
	return " # ? " + doubt
}

// oneLine is a text without what ends a line or can't be printed.
func oneLine(text string) string {
	printed := strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, text)
	return strings.Join(strings.Fields(printed), " ")
}

// scalar is a text in YAML, on one line, with quotes where it needs them.
func scalar(text string) string {
	node := yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: text}
	if strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) {
		node.Style = yaml.DoubleQuotedStyle
	}
	written, err := yaml.Marshal(&node)
	if err != nil {
		panic(err) // a text that is no UTF-8, which Check refuses
	}
	return strings.TrimSuffix(string(written), "\n")
}
