package arch

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"cgan/weights"
)

// Check says which layer does not fit what comes into it, on which line.
func (n *Network) Check() error {
	for _, l := range n.All() {
		if err := l.valid(); err != nil {
			return l.at(fmt.Errorf("%s: %w", l, err))
		}
	}
	if err := n.checkBeginnings(); err != nil {
		return err
	}
	if err := checkKeys(n.All()); err != nil {
		return err
	}
	source, err := n.Source.output()
	if err != nil {
		return err
	}
	label, err := n.Label.output()
	if err != nil {
		return err
	}
	joined, err := n.join(source, label)
	if err != nil {
		return err
	}
	out, err := n.Layers.after(joined)
	if err != nil {
		return err
	}
	return n.checkEnd(out)
}

// generates reports whether the network begins with noise.
func (n *Network) generates() bool { return len(n.Source) > 0 && n.Source[0].Op != "image" }

// sourceName is what the network begins with, as join calls it.
func (n *Network) sourceName() string {
	if n.generates() {
		return "noise"
	}
	return "image"
}

var (
	sources = []string{"randn", "rand", "uniform", "image"}
	labels  = []string{"one_hot", "Embedding"}
)

// IsSource reports whether the layer is noise or an image, which come in from outside.
func (l Layer) IsSource() bool { return slices.Contains(sources, l.Op) }

// checkBeginnings sees to it that what begins a column stands there and nowhere else.
func (n *Network) checkBeginnings() error {
	if len(n.Source) == 0 || len(n.Layers) == 0 {
		return errors.New("a network needs noise or image, and layers")
	}
	if first := n.Source[0]; !first.IsSource() {
		return first.at(fmt.Errorf("%s: what comes first must be %s", first, oneOf([]string{"randn(100)", "rand(100)", "image(1, 28, 28)"})))
	}
	if len(n.Label) > 0 && !slices.Contains(labels, n.Label[0].Op) {
		first := n.Label[0]
		return first.at(fmt.Errorf("%s: a label begins with one_hot(10) or Embedding(10, 50)", first))
	}
	for _, l := range slices.Concat(n.Source[1:], n.Label[min(1, len(n.Label)):], n.Layers) {
		if l.IsSource() || slices.Contains(labels, l.Op) {
			return l.at(fmt.Errorf("%s: can only be the first, of %s", l, beginning(l.Op)))
		}
	}
	return nil
}

func beginning(op string) string {
	switch {
	case slices.Contains(labels, op):
		return "a label"
	case op == "image":
		return "an image"
	}
	return "noise"
}

// at puts the layer's line, or else its key, in front of an error.
func (l Layer) at(err error) error {
	switch {
	case l.Line > 0:
		return fmt.Errorf("line %d: %w", l.Line, err)
	case l.Key != "":
		return fmt.Errorf("%s: %w", weights.Show(l.Key), err)
	}
	return err
}

// mostKey keeps a key, however it is quoted, below what YAML allows for one, 1024 characters.
const mostKey = 200

// checkKeys sees to it that each layer with tensors has its own place in the state dict.
func checkKeys(layers []Layer) error {
	seen := map[string]int{}
	for _, l := range layers {
		if len(l.Tensors()) == 0 {
			continue
		}
		if err := checkKey(l, seen); err != nil {
			return l.at(err)
		}
		seen[l.Key] = l.Line
	}
	for _, l := range layers {
		for at := range len(l.Key) {
			if _, above := seen[l.Key[:at]]; l.Key[at] == '.' && above && len(l.Tensors()) > 0 {
				return l.at(fmt.Errorf("%s: the key %s lies inside the layer of key %s", l, weights.Quote(l.Key), weights.Quote(l.Key[:at])))
			}
		}
	}
	return nil
}

func checkKey(l Layer, seen map[string]int) error {
	key := weights.Quote(l.Key)
	switch line, twice := seen[l.Key]; {
	case l.Key == "":
		return fmt.Errorf("%s: has weights and needs their key in the state dict, such as model.0: %s", l, l)
	case twice && line > 0:
		return fmt.Errorf("%s: the key %s is that of line %d too", l, key, line)
	case twice:
		return fmt.Errorf("%s: two layers have the key %s", l, key)
	case len(l.Key) > mostKey:
		return fmt.Errorf("%s: the key %s is longer than %d bytes", l, key, mostKey)
	case !utf8.ValidString(l.Key):
		return fmt.Errorf("%s: the key %s is no UTF-8", l, key)
	case slices.Contains(strings.Split(l.Key, "."), ""):
		return fmt.Errorf("%s: the key %s has nothing before or after a dot", l, key)
	}
	return nil
}

// output is what a column gives that begins with nothing.
func (c Column) output() ([]int64, error) { return c.after(nil) }

// after is what a column makes of in.
func (c Column) after(in []int64) ([]int64, error) {
	for _, l := range c {
		out, err := l.Output(in)
		if err == nil {
			err = l.bounded()
		}
		if err != nil {
			return nil, l.at(err)
		}
		in = out
	}
	return in, nil
}

// planes reports whether a label of that shape is the same at every place of the source.
func planes(source, label []int64) bool { return len(label) == 1 && len(source) == 3 }

// joinError is about how source and label come together, which Read knows the line of.
type joinError struct{ error }

// join is the shape of source and label together.
func (n *Network) join(source, label []int64) ([]int64, error) {
	if len(n.Label) == 0 {
		return source, nil
	}
	if planes(source, label) {
		label = []int64{label[0], source[1], source[2]}
	}
	wrong := func(what string) error {
		name := n.sourceName()
		return joinError{fmt.Errorf("%s: %s is %v and label is %v, %s", n.Join.text(name), name, source, label, what)}
	}
	if n.Join.By != Cat {
		if !slices.Equal(source, label) {
			return nil, wrong(fmt.Sprintf("which can't be %s: both must be equal", map[Operation]string{Multiply: "multiplied", Add: "added"}[n.Join.By]))
		}
		return source, nil
	}
	if len(source) != len(label) || len(source) != 1 && len(source) != 3 || !slices.Equal(source[1:], label[1:]) {
		return nil, wrong("which can't be concatenated: height and width must be equal")
	}
	joined := append([]int64{source[0] + label[0]}, source[1:]...)
	if err := tooMany("values", joined); err != nil {
		return nil, joinError{err}
	}
	return joined, nil
}

// text is the join as a file has it.
func (j Join) text(source string) string {
	first, second := source, "label"
	if j.LabelFirst {
		first, second = second, first
	}
	switch j.By {
	case Multiply:
		return first + " * " + second
	case Add:
		return first + " + " + second
	}
	return "cat(" + first + ", " + second + ")"
}

// checkEnd sees to it that a generator gives images and a discriminator verdicts.
func (n *Network) checkEnd(out []int64) error {
	last := n.Layers[len(n.Layers)-1]
	values, _ := numel(out)
	switch {
	case !n.generates() && values != 1:
		return last.at(fmt.Errorf("%s: a discriminator ends with one value for each image, but this gives %v", last, out))
	case n.generates() && len(out) != 3:
		return last.at(fmt.Errorf("%s: a generator ends with channels, height and width, but this gives %v; end with a layer such as Reshape(%s)", last, out, square(values)))
	case n.generates() && values > mostImage:
		return last.at(fmt.Errorf("%s: an image of %v is too large to draw: at most %d values are possible, such as [1 8192 8192]", last, out, mostImage))
	case n.Values != [2]float64{} && !(n.Values[0] < n.Values[1]):
		return fmt.Errorf("values: %v is not below %v", n.Values[0], n.Values[1])
	}
	return nil
}

// square is the sizes of an image of so many values.
func square(values int64) string {
	for _, channels := range []int64{1, 3} {
		for side := int64(1); side*side*channels <= values && side < mostPixels; side++ {
			if side*side*channels == values {
				return fmt.Sprintf("%d, %d, %d", channels, side, side)
			}
		}
	}
	return "1, 28, 28"
}

// Classes is how many classes the label tells apart; 0 without a label.
func (n *Network) Classes() int64 {
	if len(n.Label) == 0 {
		return 0
	}
	if n.Label[0].Op == "Embedding" {
		return n.Label[0].Int("num_embeddings")
	}
	return n.Label[0].Int("num_classes")
}

// Noise is the shape of a generator's noise without the batch, [nz] or [nz, 1, 1].
func (n *Network) Noise() []int64 { return n.Source[0].Ints("size") }

// Joined is the shape that Join gives. The network passes Check.
func (n *Network) Joined() []int64 {
	return known(n.join(known(n.Source.output()), known(n.Label.output())))
}

// Output is the shape that Layers give, without the batch. The network passes Check.
func (n *Network) Output() []int64 { return known(n.Layers.after(n.Joined())) }

// known is a shape that Check has seen.
func known(shape []int64, err error) []int64 {
	if err != nil {
		panic(err)
	}
	return shape
}

// All is every layer that is run, in the order in which a Python module makes them: of the source, of the label, then the others.
func (n *Network) All() []Layer { return slices.Concat(n.Source, n.Label, n.Layers) }
