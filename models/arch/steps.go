package arch

// Step is a layer on its way through a network: what comes into it and what goes out, without the batch.
type Step struct {
	Layer
	In, Out []int64
}

// Steps are the layers of a column that gets in; nil where the column begins. The network passes Check.
func (c Column) Steps(in []int64) (steps []Step) {
	for _, l := range c {
		out := known(l.Output(in))
		steps = append(steps, Step{l, in, out})
		in = out
	}
	return steps
}

// Steps are the layers of the whole network, in the order of All.
func (n *Network) Steps() []Step {
	return append(append(n.Source.Steps(nil), n.Label.Steps(nil)...), n.Layers.Steps(n.Joined())...)
}
