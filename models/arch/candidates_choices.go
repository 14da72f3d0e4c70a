package arch

import "slices"

var normOps = []string{"BatchNorm1d", "BatchNorm2d"}

// activations are layers that differ in their curve alone.
var activations = []string{"ReLU", "LeakyReLU", "ELU", "SiLU", "GELU", "Tanh", "Sigmoid"}

// activationOptions are other activations than l, the more usual ones first.
func activationOptions(l Layer) (all []possible) {
	for _, o := range []possible{
		{1, New("", "LeakyReLU", 0.2)}, {1, New("", "ReLU")}, {1.5, New("", "LeakyReLU")}, {2.5, New("", "LeakyReLU", 0.1)},
		{3.5, New("", "LeakyReLU", 0.02)}, {4, New("", "LeakyReLU", 0.05)}, {4, New("", "LeakyReLU", 0.25)},
		{3, New("", "ELU")}, {3, New("", "Tanh")}, {3.5, New("", "SiLU")}, {3.5, New("", "GELU")}, {4, New("", "LeakyReLU", 0.3)}, {4, New("", "Sigmoid")},
	} {
		if o.String() != l.String() {
			all = append(all, o)
		}
	}
	return all
}

// possible is a layer and what it costs.
type possible struct {
	cost float64
	Layer
}

// choices are what the usual network leaves open.
func (p *plan) choices(h *habit) (all []choice) {
	usual := h.activation.String()
	add := func(of subject, options ...option) {
		if len(options) > 0 {
			all = append(all, choice{of, "", append([]option{{name: usual}}, options...)})
		}
	}
	add(inputs, p.inputOptions()...)
	add(noise, option{cost: 2, apply: drawnAs("rand")}, option{cost: 2, apply: drawnAs("uniform", -1.0, 1.0)})
	if p.classes > 0 && p.join.By == Cat {
		add(order, option{cost: 1, apply: func(_ *plan, h *habit) { h.labelFirst = !h.labelFirst }})
	}
	if p.join.By == Multiply {
		add(order, option{cost: 1, apply: func(p *plan, _ *habit) { p.join.By = Add }})
	}
	for i, node := range p.convolutions() {
		var settings []option
		for _, s := range node.others {
			settings = append(settings, option{cost: 1 + s.cost, apply: func(p *plan, _ *habit) { p.convolutions()[i].forced = &s }})
		}
		if add(window, settings...); len(settings) > 0 {
			all[len(all)-1].key = node.key
		}
	}
	if h.seen.upsampled {
		add(window, option{cost: 1, apply: func(_ *plan, h *habit) { h.upsample = bilinear(false) }}, option{cost: 2, apply: func(_ *plan, h *habit) { h.upsample = bilinear(true) }})
	}
	if h.seen.unscaled {
		add(window, option{cost: 1, apply: func(_ *plan, h *habit) { h.unscaled = false }})
	}
	if h.seen.loose {
		add(norms, option{cost: 1.5, apply: func(_ *plan, h *habit) { h.normsBehind = true }})
	}
	var main, own []option
	for _, o := range activationOptions(h.activation) {
		o.Doubt = "or " + h.activation.String()
		main = append(main, option{cost: o.cost, name: o.String(), apply: func(_ *plan, h *habit) { h.activation = o.Layer }})
	}
	add(activation, main...)
	if h.plane && len(p.noise) > 0 {
		for _, o := range activationOptions(h.ofNoise().activation) {
			own = append(own, option{cost: o.cost, apply: func(_ *plan, h *habit) { h.own = &o.Layer }})
		}
		add(activation, own...)
	}
	add(epsilon, p.epsilonOptions(h)...)
	add(last, p.lastOptions(h)...)
	for i := range h.seen.places {
		nothing := []option{{cost: 2, apply: func(_ *plan, h *habit) { h.at[i] = Layer{} }}}
		for _, o := range activationOptions(Layer{Op: "none"}) {
			nothing = append(nothing, option{cost: 2 + o.cost/2, apply: func(_ *plan, h *habit) { h.at[i] = o.Layer }})
		}
		add(place, nothing...)
	}
	return all
}

// inputOptions are other parts of the inputs of a first layer that are the label's.
func (p *plan) inputOptions() (all []option) {
	if p.known.Noise > 0 || len(p.label)+len(p.noise) > 0 {
		return nil
	}
	in := p.main[0].in
	for i, n := range append([]int64{0}, usualClasses...) {
		if nz := in - n; n != p.classes && nz >= n && (i <= 1 || slices.Contains(usualNoise, nz)) {
			all = append(all, option{cost: 1 + 0.2*float64(i), apply: func(p *plan, _ *habit) { p.nz, p.classes = nz, n }})
		}
	}
	return all
}

// drawnAs is noise of another distribution.
func drawnAs(op string, arguments ...any) func(*plan, *habit) {
	return func(_ *plan, h *habit) {
		h.noise = func(size ...any) Layer { return New("", op, append(slices.Clone(arguments), size...)...) }
	}
}

// epsilonOptions are the eps of 0.8 that one lineage of generators has, behind other layers than is usual.
func (p *plan) epsilonOptions(h *habit) (all []option) {
	nodes := p.drawn()
	everywhere, behindFirst := batchNorms(nodes), batchNorms(nodes[1:])
	for _, wide := range [][]string{nil, behindFirst, everywhere} {
		if len(everywhere) > 0 && !slices.Equal(wide, h.wide) {
			all = append(all, option{cost: 1.5, apply: func(_ *plan, h *habit) { h.wide = wide }})
		}
	}
	return all
}

// lastOptions are other last layers than Tanh, as far as the values of images allow them.
func (p *plan) lastOptions(h *habit) (all []option) {
	last := func(cost float64, l Layer) {
		if l.String() != h.last.String() {
			all = append(all, option{cost: cost, apply: func(_ *plan, h *habit) { h.last = l }})
		}
	}
	switch low, high := p.known.Values[0], p.known.Values[1]; {
	case low == high:
		last(1, New("", "Sigmoid"))
		last(3, Layer{})
	case low < -1 || high > 1:
		last(0, Layer{})
	case low < 0:
		last(3, Layer{})
	default:
		last(0, New("", "Sigmoid"))
		last(3, New("", "ReLU"))
		last(4, Layer{})
	}
	return all
}
