package arch

import (
	"fmt"

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
