package arch

import (
	"math"
	"slices"
	"strings"
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
