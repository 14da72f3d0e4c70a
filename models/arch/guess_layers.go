package arch

import (
	"maps"
	"slices"
)

// network writes the branches down as columns, with the layers without weights between them.
func (p *plan) network(habit *habit) *Network {
	n := &Network{Join: p.join, Values: [2]float64{-1, 1}, Doubts: p.doubts}
	if habit.labelFirst && p.classes > 0 && p.join.By == Cat {
		n.Join.LabelFirst = true
		n.Doubts["join"] = "or cat(noise, label)"
	}
	drawn := p.main
	if len(p.noise) > 0 {
		drawn = p.noise
	}
	noise := &writer{habit: habit.ofNoise(), column: Column{habit.noise(p.nz)}}
	if drawn[0].kind == convolution {
		noise.column[0] = habit.noise(p.nz, 1, 1)
	}
	p.writeNoise(noise)
	n.Source = noise.column
	if p.classes > 0 {
		n.Label = p.labelColumn(habit)
	}
	main := &writer{habit: habit, flat: p.main[0].kind != convolution}
	main.write(p.main)
	main.finish(p.main[len(p.main)-1])
	n.Layers = main.column
	if habit.last.Op == "Sigmoid" {
		n.Values = [2]float64{0, 1}
	}
	return n
}

// writeNoise adds the layers that noise has of its own.
func (p *plan) writeNoise(w *writer) {
	if len(p.noise) == 0 {
		return
	}
	w.write(p.noise)
	last := p.noise[len(p.noise)-1]
	w.end(last)
	if w.flat && p.main[0].kind == convolution {
		w.reshape(last.out/(p.width*p.width), p.width)
	}
}

func (p *plan) labelColumn(habit *habit) Column {
	w := &writer{habit: habit, flat: true, label: p.embedded}
	nodes := p.label
	if p.embedded {
		w.column = Column{New(nodes[0].key, "Embedding", nodes[0].in, nodes[0].out)}
		w.before, nodes = nodes[0].key, nodes[1:]
	} else {
		w.column = Column{New("", "one_hot", p.classes)}
	}
	if len(nodes) > 0 && nodes[0].kind == convolution {
		w.reshape(nodes[0].in, 1)
	}
	w.write(nodes)
	if len(nodes) > 0 {
		w.end(nodes[len(nodes)-1])
	}
	if p.side > 0 {
		w.reshape(p.channels, p.side)
	}
	return w.column
}

// writer writes nodes as a column.
type writer struct {
	*habit
	column Column
	before string // the key of the last layer with weights
	flat   bool   // what comes out so far has no height and width
	active bool   // an activation stands behind the last layer with weights that is no norm
	label  bool   // behind an embedding
}

func (w *writer) add(l Layer) { w.column = append(w.column, l) }

func (w *writer) reshape(channels, width int64) {
	w.add(New("", "Reshape", channels, width, width))
	w.flat = false
}

// write adds nodes with what stands between them.
func (w *writer) write(nodes []*node) {
	for i, n := range nodes {
		if i > 0 {
			w.between(nodes[i-1], n)
		}
		w.node(n)
	}
}

// node adds a node's layer and its norms.
func (w *writer) node(n *node) {
	w.add(n.layer())
	w.before, w.active, w.flat = n.key, false, n.kind != convolution
	shuffled := n.shuffle == 1 || n.kind == linear
	for _, m := range n.norms {
		size := m.weight[0]
		if !shuffled && size == n.channels() {
			w.shuffle(n)
			shuffled = true
		}
		spatial := w.flat && (size != n.out || len(m.weight) > 1)
		free, exact := gap(w.before, m.key)
		w.seen.loose = w.seen.loose || !exact
		if (exact && free-count(spatial) > 0 || !exact && w.normsBehind) && !w.active {
			w.activate()
		}
		if spatial {
			w.reshape(size, side(n.out, size))
		}
		w.add(w.norm(m, w.flat))
		w.before = m.key
	}
	if !shuffled {
		w.shuffle(n)
	}
}

func (w *writer) shuffle(n *node) { w.add(New("", "PixelShuffle", n.shuffle)) }

func count(b bool) int {
	if b {
		return 1
	}
	return 0
}

// between adds the layers without weights from a to b.
func (w *writer) between(a, b *node) {
	mapped := w.flat && b.kind == convolution
	slots, exact := gap(w.before, b.key)
	free := slots - count(mapped) - count(b.up > 1) - count(a.shuffle > 1 && (mapped || len(a.norms) == 0))
	unscaled := exact && free > 1 && a.kind == convolution && !w.active
	w.seen.unscaled = w.seen.unscaled || unscaled && w.unscaled
	if unscaled && w.unscaled {
		norm := New("", "InstanceNorm2d", a.channels())
		norm.Doubt = "or another layer without weights: the keys leave room for one"
		w.add(norm)
		free--
	}
	if exact && free > 0 && !w.active {
		w.activate()
		free--
	} else if !exact && !w.active && a.kind != embedding && !(mapped && a.out == b.in && len(a.norms) == 0) {
		w.activate()
	}
	if exact && free > 0 {
		drop := New("", "Dropout")
		drop.Doubt = "or another layer without weights: the keys leave room for one"
		w.add(drop)
	}
	if mapped {
		s := side(a.out, b.in) / a.shuffle
		w.reshape(a.out/(s*s), s)
		if a.shuffle > 1 {
			w.shuffle(a)
		}
	}
	if b.up > 1 {
		up := w.upsample
		up.Arguments = maps.Clone(up.Arguments)
		up.Arguments["scale_factor"] = float64(b.up)
		w.add(up)
		w.seen.upsampled = true
	}
}

// end adds what stands behind the last layer of the noise's or label's own: nothing behind a linear layer behind an embedding.
func (w *writer) end(last *node) {
	switch {
	case w.active:
	case w.label && len(last.norms) == 0:
		w.column[len(w.column)-1].Doubt = "or an activation, such as ReLU(), behind it"
	default:
		w.activate()
		w.column[len(w.column)-1].Doubt += ", or nothing here"
	}
}

func (w *writer) activate() {
	l := w.activation
	if other, ok := w.at[w.seen.places]; ok {
		l = other
	}
	w.seen.places++
	w.active = true
	if l.Op != "" {
		w.add(l)
	}
}

// finish adds what makes an image of what the last layer gives.
func (w *writer) finish(n *node) {
	if w.last.Op != "" {
		w.add(w.last)
	}
	if n.kind == linear {
		s := squareImage(n.out)
		w.reshape(n.out/(s*s), s)
	}
}

// layer is the node's layer with weights.
func (n *node) layer() Layer {
	switch {
	case n.kind == embedding:
		return New(n.key, "Embedding", n.in, n.out)
	case n.kind == linear:
		return New(n.key, "Linear", n.in, n.out, n.bias > 0)
	case n.transposed:
		return n.doubted(New(n.key, "ConvTranspose2d", n.in, n.out, n.weight[2], n.stride, n.padding, n.extra, 1, n.bias > 0))
	}
	return n.doubted(New(n.key, "Conv2d", n.in, n.out, n.weight[2], n.stride, n.padding, 1, 1, n.bias > 0))
}

func (n *node) doubted(l Layer) Layer {
	l.Doubt = n.doubt
	return l
}

// norm is a norm's layer, flat behind features without a height and width.
func (h *habit) norm(m moduleState, flat bool) Layer {
	size, op := m.weight[0], "BatchNorm2d"
	if flat {
		op = "BatchNorm1d"
	}
	switch {
	case m.kind == otherNorm && (flat || len(m.weight) > 1):
		return New(m.key, "LayerNorm", slices.Clone(m.weight))
	case m.kind == otherNorm:
		l := New(m.key, "InstanceNorm2d", size, 1e-5, 0.1, true)
		l.Doubt = "or GroupNorm, which is no layer here"
		return l
	case slices.Contains(h.wide, m.key):
		l := New(m.key, op, size, 0.8, 0.1, m.affine)
		l.Doubt = "or without eps=0.8"
		return l
	}
	return New(m.key, op, size, 1e-5, 0.1, m.affine)
}

// habit is what generators of one descent have in common and no shape tells.
type habit struct {
	activation Layer
	labelFirst bool
	wide       []string // keys of the norms with eps=0.8
	unscaled   bool     // convolutions have norms without weights behind them
	plane      bool     // a label becomes a channel beside those of the noise
	last       Layer    // behind all layers with weights; without Op for none
	upsample   Layer
	noise      func(size ...any) Layer

	// What is unusual, for Candidates.
	own         *Layer        // the activation of the layers that noise has of its own, where it is another
	normsBehind bool          // norms stand behind the activation where keys don't tell
	at          map[int]Layer // activations of single places, in the order of writing; without Op for none
	seen        *seen
}

// seen is what a writer met.
type seen struct {
	places    int  // of activations
	loose     bool // a norm whose place before or behind the activation no key tells
	upsampled bool
	unscaled  bool // a norm without weights
}

func leakyReLU() Layer {
	l := New("", "LeakyReLU", 0.2)
	l.Doubt = "or ReLU()"
	return l
}

func relu() Layer {
	l := New("", "ReLU")
	l.Doubt = "or LeakyReLU(0.2)"
	return l
}

// ofNoise is the habit of the layers that noise has of its own.
func (h *habit) ofNoise() *habit {
	of := *h
	if h.plane {
		of.activation = leakyReLU()
	}
	if h.own != nil {
		of.activation = *h.own
	}
	return &of
}

func upsampled() Layer {
	l := New("", "Upsample", nothing{}, 2.0)
	l.Doubt = "or mode='bilinear'"
	return l
}

func bilinear(alignCorners bool) Layer {
	l := New("", "Upsample", nothing{}, 2.0, "bilinear")
	if alignCorners {
		l.Arguments["align_corners"] = true
	}
	return l
}

func randn(size ...any) Layer { return New("", "randn", size...) }

func tanh() Layer {
	l := New("", "Tanh")
	l.Doubt = "or Sigmoid(), with values: [0, 1]"
	return l
}

// habit tells the descent by the widths of layers and by which have norms.
func (p *plan) habit() habit {
	all := p.drawn()
	first := all[0]
	h := habit{activation: leakyReLU(), last: tanh(), upsample: upsampled(), noise: randn, at: map[int]Layer{}, seen: &seen{}}
	convolutions, transposed, normed := 0, 0, 0
	for _, n := range all {
		convolutions += count(n.kind == convolution)
		transposed += count(n.transposed)
		normed += count(len(n.norms) > 0)
	}
	h.unscaled = convolutions > 0 && normed == 0
	switch {
	case convolutions > 0 && p.channels == 1: // a label as a plane
		h.plane = true
		if transposed > 0 && normed > 0 {
			h.activation = relu()
		}
		h.wide = batchNorms(all[1:])
	case transposed > 0:
		h.activation = relu()
	case convolutions > 0 && len(first.norms) > 0 && first.norms[0].kind == batchNorm && first.norms[0].weight[0] == first.out:
		h.activation = relu()
	case convolutions > 0:
		h.wide = batchNorms(all[1:])
	case len(p.noise) > 0 || len(first.norms) > 0 || normed == 0 && len(all) <= 3:
		h.activation = relu()
	case first.out == 128 && all[len(all)-2].out == 1024: // as in eriklindernoren/PyTorch-GAN
		h.wide = batchNorms(all[1:])
		h.labelFirst = len(h.wide) > 0
	}
	return h
}

// batchNorms is the keys of the layers' batch norms.
func batchNorms(all []*node) (keys []string) {
	for _, n := range all {
		for _, m := range n.norms {
			if m.kind == batchNorm {
				keys = append(keys, m.key)
			}
		}
	}
	return keys
}
