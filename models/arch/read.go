package arch

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"sort"
	"strconv"
	"strings"

	"cgan/weights"

	"go.yaml.in/yaml/v3"
)

// mostText is how large an arch file can be, in bytes: one of a thousand layers has a twentieth of it.
const mostText = 1 << 20

// mostRules is how many rules map can have.
const mostRules = 1000

// Read reads an arch file and checks its networks. An error names the line and, where there is one, the layer.
func Read(text []byte) (*File, error) {
	root, err := document(text)
	if err != nil {
		return nil, err
	}
	top, err := fieldsOf(root, "generator", "discriminator", "map")
	if err != nil {
		return nil, err
	}
	if top["generator"].value == nil {
		return nil, at(root, "there is no generator")
	}
	f := &File{}
	if f.Generator, err = readNetwork("generator", top["generator"]); err != nil {
		return nil, err
	}
	if d := top["discriminator"]; d.value != nil {
		if f.Discriminator, err = readNetwork("discriminator", d); err != nil {
			return nil, err
		}
		if err := f.matches(); err != nil {
			return nil, err
		}
	}
	f.Map, err = readMap(top["map"].value)
	return f, err
}

// matches sees to it that the discriminator takes what the generator gives.
func (f *File) matches() error {
	g, d := f.Generator, f.Discriminator
	if image := d.Source[0]; !slices.Equal(g.Output(), image.Ints("size")) {
		return image.at(fmt.Errorf("%s: the generator gives %v", image, g.Output()))
	}
	if g.Classes() > 0 && d.Classes() > 0 && g.Classes() != d.Classes() {
		label := d.Label[0]
		return label.at(fmt.Errorf("%s: the generator has %d classes", label, g.Classes()))
	}
	return nil
}

// at is an error on the line of a node.
func at(n *yaml.Node, format string, args ...any) error {
	return fmt.Errorf("line %d: %w", max(n.Line, 1), fmt.Errorf(format, args...))
}

// document is the one that a text holds, without anchors.
func document(text []byte) (*yaml.Node, error) {
	if len(text) > mostText {
		return nil, fmt.Errorf("line 1: %d bytes are too many for an arch file; %d are possible", len(text), mostText)
	}
	var root yaml.Node
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	switch err := decoder.Decode(&root); {
	case err == io.EOF:
		return nil, errors.New("line 1: the file is empty")
	case err != nil:
		return nil, syntaxError(text, err)
	case decoder.Decode(new(yaml.Node)) != io.EOF:
		return nil, at(root.Content[0], "a second document stands behind the first, or something that is no YAML")
	}
	return root.Content[0], withoutAnchors(root.Content[0])
}

// syntaxError names the line from which on the text is no YAML, because the one that yaml names is often that before, or
// the first of what the line belongs to.
func syntaxError(text []byte, err error) error {
	lines := bytes.SplitAfter(text, []byte("\n"))
	line := sort.Search(len(lines)-1, func(i int) bool {
		return yaml.Unmarshal(bytes.Join(lines[:i+1], nil), new(yaml.Node)) != nil
	})
	reason := strings.TrimPrefix(err.Error(), "yaml: ")
	if _, rest, ok := strings.Cut(reason, ": "); ok && strings.HasPrefix(reason, "line ") {
		reason = rest
	}
	return fmt.Errorf("line %d: no YAML: %s", line+1, weights.Show(reason))
}

func withoutAnchors(n *yaml.Node) error {
	if n.Kind == yaml.AliasNode || n.Anchor != "" {
		return at(n, "& and * in front of a value have no place here; a text that begins with one needs quotes")
	}
	for _, child := range n.Content {
		if err := withoutAnchors(child); err != nil {
			return err
		}
	}
	return nil
}

// field is a key and its value in a file.
type field struct{ key, value *yaml.Node }

// fieldsOf is what a mapping of those names holds.
func fieldsOf(n *yaml.Node, names ...string) (map[string]field, error) {
	if n.Kind != yaml.MappingNode {
		return nil, at(n, "fields are needed, such as %s:", names[0])
	}
	fields := map[string]field{}
	for i := 0; i < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		name := key.Value
		switch {
		case !slices.Contains(names, name):
			if near := nearest(name, names); near != "" {
				return nil, at(key, "there is no field %s; the nearest is %s", weights.Quote(name), near)
			}
			return nil, at(key, "there is no field %s; there are %s", weights.Quote(name), strings.Join(names, ", "))
		case fields[name].key != nil:
			return nil, at(key, "%s is given twice, before on line %d", name, fields[name].key.Line)
		}
		fields[name] = field{key, value}
	}
	return fields, nil
}

// readNetwork reads a generator or a discriminator.
func readNetwork(name string, of field) (*Network, error) {
	fields, err := fieldsOf(of.value, "noise", "image", "label", "join", "layers", "values")
	if err != nil {
		return nil, err
	}
	source, wrong := "noise", "image"
	if name == "discriminator" {
		source, wrong = wrong, source
	}
	switch {
	case fields[wrong].key != nil:
		return nil, at(fields[wrong].key, "a %s begins with %s, not with %s", name, source, wrong)
	case fields[source].key == nil:
		return nil, at(of.key, "the %s has no %s", name, source)
	case fields["layers"].key == nil:
		return nil, at(of.key, "the %s has no layers", name)
	case fields["label"].key != nil && fields["join"].key == nil:
		return nil, at(fields["label"].key, "a label needs a join: %s", oneOf(joins(source)))
	case fields["label"].key == nil && fields["join"].key != nil:
		return nil, at(fields["join"].key, "join needs a label, such as label: one_hot(10)")
	case name == "discriminator" && fields["values"].key != nil:
		return nil, at(fields["values"].key, "values are what a generator's images have; the discriminator takes those")
	}
	n := &Network{Doubts: map[string]string{}}
	if err := n.read(source, fields); err != nil {
		return nil, err
	}
	var join joinError
	if err := n.Check(); errors.As(err, &join) {
		return nil, at(fields["join"].key, "%w", err)
	} else if err != nil {
		return nil, err
	}
	if first := n.Source[0]; n.sourceName() != source {
		return nil, first.at(fmt.Errorf("%s: %s can't begin so", first, source))
	}
	return n, nil
}

// read fills in the fields that are there.
func (n *Network) read(source string, fields map[string]field) (err error) {
	if n.Source, err = n.readColumn(source, fields[source]); err != nil {
		return err
	}
	if label := fields["label"]; label.value != nil {
		if n.Label, err = n.readColumn("label", label); err != nil {
			return err
		}
		if err := n.readJoin(source, fields["join"].value); err != nil {
			return err
		}
	}
	if n.Layers, err = n.readColumn("layers", fields["layers"]); err != nil {
		return err
	}
	if source == "image" {
		return nil
	}
	n.Values = usualValues(n.Layers)
	return n.readValues(fields["values"].value)
}

// readColumn reads one layer or a list of them. A doubt of a layer that stands alone is the field's.
func (n *Network) readColumn(name string, of field) (Column, error) {
	items, doubts := []*yaml.Node{of.value}, []string{of.key.LineComment, of.value.LineComment}
	if of.value.Kind == yaml.SequenceNode {
		items = of.value.Content
	}
	flow := of.value.Style&yaml.FlowStyle != 0
	var c Column
	for _, item := range items {
		l, err := readLayer(item, flow)
		if err != nil {
			return nil, err
		}
		c = append(c, l)
	}
	if len(c) == 0 {
		return nil, at(of.key, "%s has no layer", name)
	}
	if alone := of.value.Kind != yaml.SequenceNode; alone && name != "layers" {
		doubts = append(doubts, "# ?"+c[0].Doubt)
		c[0].Doubt = ""
	}
	if name != "layers" {
		n.doubt(name, doubts...)
	}
	return c, nil
}

// doubt keeps the first of some comments that is a doubt.
func (n *Network) doubt(name string, comments ...string) {
	for _, comment := range comments {
		if reason := doubtOf(comment); reason != "" {
			n.Doubts[name] = reason
			return
		}
	}
}

// doubtOf is the reason in a comment such as "# ? not to be told from shapes".
func doubtOf(comment string) string {
	reason, _ := strings.CutPrefix(comment, "# ?")
	if reason == comment {
		return ""
	}
	first, _, _ := strings.Cut(reason, "\n")
	return oneLine(first)
}

// readLayer reads "Call(...)" or "KEY: Call(...)".
func readLayer(item *yaml.Node, flow bool) (Layer, error) {
	key, value := "", item
	flow = flow || item.Style&yaml.FlowStyle != 0
	if item.Kind == yaml.MappingNode && len(item.Content) >= 2 {
		key, value = item.Content[0].Value, item.Content[1]
	}
	switch {
	case flow && strings.Count(value.Value, "(") > strings.Count(value.Value, ")"):
		return Layer{}, at(value, "%s: between [ ] and { } a layer needs quotes, such as 'Linear(110, 256)'", weights.Show(value.Value))
	case value.Kind != yaml.ScalarNode || value != item && item.Content[0].Kind != yaml.ScalarNode:
		return Layer{}, at(value, "a layer is a call such as ReLU(), or one with its key, model.0: Linear(110, 256)")
	case len(item.Content) > 2:
		return Layer{}, at(item.Content[2], "%s: a second key; each layer is an item of its own, with a - in front", weights.Quote(item.Content[2].Value))
	}
	l, err := parseLayer(value.Value)
	if err != nil {
		return Layer{}, at(value, "%w", err)
	}
	if l.Line = value.Line; len(l.Tensors()) > 0 {
		l.Key = key
	}
	l.Doubt = doubtOf(item.LineComment)
	if l.Doubt == "" {
		l.Doubt = doubtOf(value.LineComment)
	}
	return l, nil
}

// joins are the ways to bring source and label together.
func joins(source string) (all []string) {
	for _, j := range []Join{{}, {LabelFirst: true}, {By: Multiply}, {By: Add}} {
		all = append(all, j.text(source))
	}
	return all
}

func (n *Network) readJoin(source string, value *yaml.Node) error {
	bare := func(s string) string { return strings.Join(strings.Fields(s), "") }
	for _, by := range []Operation{Cat, Multiply, Add} {
		for _, labelFirst := range []bool{false, true} {
			j := Join{by, labelFirst}
			if value.Kind == yaml.ScalarNode && bare(value.Value) == bare(j.text(source)) {
				n.Join = j
				n.doubt("join", value.LineComment)
				return nil
			}
		}
	}
	return at(value, "join is %s, not %s", weights.Quote(value.Value), oneOf(joins(source)))
}

func (n *Network) readValues(value *yaml.Node) error {
	if value == nil {
		return nil
	}
	wrong := at(value, "values is what black and white are, such as [-1, 1], the first below the second")
	if value.Kind != yaml.SequenceNode || len(value.Content) != 2 {
		return wrong
	}
	for i, item := range value.Content {
		v, err := strconv.ParseFloat(item.Value, 64)
		if err != nil || math.IsInf(v, 0) || math.IsNaN(v) {
			return wrong
		}
		n.Values[i] = v
	}
	if !(n.Values[0] < n.Values[1]) {
		return wrong
	}
	n.doubt("values", value.LineComment)
	return nil
}

// usualValues is what black and white are after the last layer that says so: 0 and 1 after a Sigmoid, else -1 and 1.
func usualValues(c Column) [2]float64 {
	for _, l := range slices.Backward(c) {
		switch l.Op {
		case "Reshape", "Flatten", "Unflatten", "Identity", "PixelShuffle", "Upsample":
			continue
		case "Sigmoid":
			return [2]float64{0, 1}
		}
		break
	}
	return [2]float64{-1, 1}
}

func readMap(n *yaml.Node) (rules []Rename, err error) {
	if n == nil {
		return nil, nil
	}
	if n.Kind != yaml.MappingNode {
		return nil, at(n, "map has rules such as gen.fc: model")
	}
	for i := 0; i < len(n.Content); i += 2 {
		from, to := n.Content[i], n.Content[i+1]
		r := Rename{from.Value, to.Value}
		if from.Kind != yaml.ScalarNode || to.Kind != yaml.ScalarNode {
			return nil, at(from, "map has rules such as gen.fc: model")
		}
		if err := r.valid(); err != nil {
			return nil, at(from, "%w", err)
		}
		if len(rules) == mostRules {
			return nil, at(from, "more than %d rules", mostRules)
		}
		if slices.ContainsFunc(rules, func(other Rename) bool { return other.From == r.From }) {
			return nil, at(from, "%s is renamed twice", weights.Quote(r.From))
		}
		rules = append(rules, r)
	}
	return rules, nil
}
