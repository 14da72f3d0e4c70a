package arch

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"cgan/weights"
)

// Known is what somebody knows of a generator beside its state dict, such as from images that it drew. The zero value is
// nothing.
type Known struct {
	Noise  int64      // values of an image's noise; 0 for not known
	Labels bool       // with Noise: labels come in
	Image  []int64    // channels, height and width
	Values [2]float64 // the least and the largest value in the images
}

// Candidates are the networks that keys and shapes of a state dict leave open.
type Candidates struct {
	state   weights.StateDict
	known   Known
	choices []choice
}

// choice is one thing that is left open.
type choice struct {
	of      subject
	key     string   // of the layer, where it is one's window
	options []option // the usual one first
}

// option is one possibility, with a cost that is lower the more usual it is.
type option struct {
	cost  float64
	name  string              // of an activation or a join, for doubts
	apply func(*plan, *habit) // nil for what is usual
}

// subject is what a choice is of.
type subject int

const (
	inputs     subject = iota // noise and one-hot classes
	noise                     // how it is drawn, which no images tell
	order                     // of noise and label
	window                    // of a convolution, with an Upsample before it
	norms                     // before or behind the activation
	activation                // of all layers
	epsilon                   // of norms
	place                     // the activation of one layer
	last                      // behind all layers with weights, which running statistics don't tell
)

// CandidatesOf finds what keys and shapes leave open. The error says why the state dict is no generator of a form that is known.
//
// It works in steps, each of which takes the cheapest of few possibilities:
//
//	modulesOf     keys and shapes to layers        model.0.weight [256, 110] is Linear(110, 256)
//	branches      which layer goes on from which   by the channels; Conv2d or ConvTranspose2d
//	attachNorms   which norm stands behind which
//	meet          noise, label, and what both run into
//	settle        strides, paddings and Upsample   such that an image of a usual size comes out
//	columns       the layers without weights       by the numbers that nn.Sequential left out
func CandidatesOf(state weights.StateDict, known Known) (*Candidates, error) {
	c := &Candidates{state: state, known: known}
	p, h, _, err := c.write(nil)
	if err != nil {
		return nil, fmt.Errorf("no generator can be guessed from the keys and shapes: %w", err)
	}
	c.choices = p.choices(h)
	return c, nil
}

// Usual is the candidate with the usual value of everything, and a doubt where there are others.
func (c *Candidates) Usual() *Network { return c.network(make([]int, len(c.choices))) }

// network is the candidate of these options, one for each choice; nil where they don't go together.
func (c *Candidates) network(options []int) *Network {
	_, _, n, err := c.write(options)
	if err != nil {
		return nil
	}
	return n
}

func (c *Candidates) write(options []int) (*plan, *habit, *Network, error) {
	p, err := planOf(c.state, c.known)
	if err != nil {
		return nil, nil, nil, err
	}
	h := p.habit()
	forced := false
	for i, picked := range options {
		if apply := c.choices[i].options[picked].apply; apply != nil {
			apply(p, &h)
			forced = forced || c.choices[i].of == window
		}
	}
	if forced {
		if err := p.geometry(); err != nil {
			return nil, nil, nil, err
		}
	}
	n := p.network(&h)
	if nz := c.known.Noise; nz > 0 && n.Noise()[0] != nz {
		return nil, nil, nil, fmt.Errorf("the noise has %d values, and the network takes %d", nz, n.Noise()[0])
	}
	return p, &h, n, n.Check()
}

// Search goes through the candidates, the more usual ones first, up to the first one that fits, and gives it without doubts.
// An error of fits ends it. Nil is for none.
func (c *Candidates) Search(fits func(*Network) (bool, error)) (*Network, error) {
	const most, step = 14.0, 0.5
	s := search{c, fits, make([]int, len(c.choices)), map[string]bool{}}
	for budget := 0.0; budget <= most; budget += step {
		n, err := s.within(0, budget, step)
		if n != nil || err != nil {
			return n, err
		}
	}
	return nil, nil
}

// search is where Search is.
type search struct {
	*Candidates
	fits    func(*Network) (bool, error)
	options []int
	tried   map[string]bool // networks, as text: options may come to the same
}

// within tries the candidates whose costs from choice i on come to between budget-step and budget.
func (s *search) within(i int, budget, step float64) (*Network, error) {
	if i == len(s.choices) {
		if budget >= step {
			return nil, nil // it was tried with a smaller one
		}
		return s.try()
	}
	for picked, o := range s.choices[i].options {
		if o.cost > budget || picked > 0 && s.choices[i].of == noise {
			continue
		}
		s.options[i] = picked
		if n, err := s.within(i+1, budget-o.cost, step); n != nil || err != nil {
			return n, err
		}
	}
	s.options[i] = 0
	return nil, nil
}

func (s *search) try() (*Network, error) {
	n := s.network(s.options)
	if n == nil {
		return nil, nil
	}
	n.sure()
	text := string(Write(&File{Generator: n}))
	if s.tried[text] {
		return nil, nil
	}
	s.tried[text] = true
	ok, err := s.fits(n)
	if !ok || err != nil {
		return nil, err
	}
	return n, nil
}

const (
	prior = 1.2 // times better must be what costs 1 more
	far   = 1.6 // times the misfit is clearly worse
	small = 0.1 // a misfit that leaves no doubt
	floor = 1e-4
)

// Fit is the candidate of the least misfit, as running statistics tell it, with the doubts that they leave; from then on it
// is the usual one. misfit is 0 for statistics that agree and about 1 for those that have nothing to do with each other.
func (c *Candidates) Fit(misfit func(*Network) float64) *Network {
	options, told := make([]int, len(c.choices)), map[int]string{}
	misfit = remembered(misfit)
	least := misfit(c.Usual())
	for changed, rounds := true, 0; changed && rounds < 3; rounds++ {
		changed = false
		for i, choice := range c.choices {
			if choice.of == last || choice.of == place && least < small {
				continue
			}
			before := options[i]
			all := c.fitChoice(i, options, least, misfit)
			least = all[options[i]]
			changed = changed || options[i] != before
			if delete(told, i); least < small {
				told[i] = c.doubtOf(i, options[i], all)
			}
		}
	}
	c.prefer(options)
	n := c.Usual()
	for i, doubt := range told {
		n.doubtWhatIsTold(c.choices[i], doubt)
	}
	return n
}

// remembered computes the misfit of a network once.
func remembered(misfit func(*Network) float64) func(*Network) float64 {
	known := map[string]float64{}
	return func(n *Network) float64 {
		text := string(Write(&File{Generator: n}))
		m, ok := known[text]
		if !ok {
			m = misfit(n)
			known[text] = m
		}
		return m
	}
}

// fitChoice changes one choice to the option that fits best, for what it costs, and gives the misfits of all. least is that of
// what it is now.
func (c *Candidates) fitChoice(i int, options []int, least float64, misfit func(*Network) float64) []float64 {
	all := make([]float64, len(c.choices[i].options))
	for picked := range all {
		all[picked] = math.Inf(1)
		other := slices.Clone(options)
		if other[i] = picked; picked == options[i] {
			all[picked] = least
		} else if n := c.network(other); n != nil {
			all[picked] = misfit(n)
		}
	}
	best := math.Inf(1)
	for picked, o := range c.choices[i].options {
		if m := (all[picked] + floor) * math.Pow(prior, o.cost); m < best {
			best, options[i] = m, picked
		}
	}
	return all
}

// doubtOf names the options that fit hardly worse than the one that was chosen.
func (c *Candidates) doubtOf(i, chosen int, misfits []float64) string {
	var names []string
	for picked, m := range misfits {
		if picked != chosen && m <= far*misfits[chosen]+floor {
			names = append(names, c.choices[i].options[picked].name)
		}
	}
	if names == nil {
		return ""
	}
	return "or " + strings.Join(names, " or ")
}

// LabelFirst makes it usual that what the label gives stands before the noise, or behind it, where the two are joined by cat.
func (c *Candidates) LabelFirst(first bool) {
	if n := c.Usual(); len(n.Label) == 0 || n.Join.By != Cat || n.Join.LabelFirst == first {
		return
	}
	options := make([]int, len(c.choices))
	for i, choice := range c.choices {
		options[i] = count(choice.of == order)
	}
	c.prefer(options)
}

// prefer makes options the usual ones.
func (c *Candidates) prefer(options []int) {
	for i, picked := range options {
		if all := c.choices[i].options; picked > 0 {
			all[0].cost, all[picked].cost = 1, 0
			all[0], all[picked] = all[picked], all[0]
		}
	}
}

// doubtWhatIsTold changes the doubt about what a choice is of to what remains of it.
func (n *Network) doubtWhatIsTold(of choice, doubt string) {
	switch {
	case of.of == activation:
		n.beforeNorms(func(l *Layer) {
			if slices.Contains(activations, l.Op) {
				l.Doubt = doubt
			}
		})
	case doubt != "":
	case of.of == inputs:
		delete(n.Doubts, "label")
		delete(n.Doubts, "noise")
	case of.of == order:
		delete(n.Doubts, "join")
	case of.of == window || of.of == epsilon:
		n.beforeNorms(func(l *Layer) {
			if l.Key == of.key && of.key != "" || of.of == epsilon && slices.Contains(normOps, l.Op) {
				l.Doubt = ""
			}
		})
	}
}

// beforeNorms gives fn the layers before the last norm of each column, of which the norm's statistics tell.
func (n *Network) beforeNorms(fn func(*Layer)) {
	for _, column := range []Column{n.Source, n.Label, n.Layers} {
		end := len(column)
		for end > 0 && !slices.Contains(normOps, column[end-1].Op) {
			end--
		}
		for i := range end {
			fn(&column[i])
		}
	}
}

// sure drops all doubts.
func (n *Network) sure() {
	n.Doubts = map[string]string{}
	for _, column := range []Column{n.Source, n.Label, n.Layers} {
		for i := range column {
			column[i].Doubt = ""
		}
	}
}

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
