package arch

import (
	"fmt"
	"slices"

	"cgan/weights"
)

// plan is the branches of a generator, and how they meet.
type plan struct {
	noise, label, main []*node // noise and label empty where they come in as they are
	nz, classes        int64   // classes 0 without a label
	embedded           bool    // label begins with an embedding
	join               Join
	channels, side     int64 // where noise meets a label of a height and a width, those of the label; 0 elsewhere
	width              int64 // of an image that a linear layer begins: height and width; 0 where noise is 1x1
	doubts             map[string]string
	known              Known
}

// drawn are the nodes from the noise to the image.
func (p *plan) drawn() []*node { return append(slices.Clone(p.noise), p.main...) }

// convolutions are all that have a setting.
func (p *plan) convolutions() (all []*node) {
	for _, n := range append(p.drawn(), p.label...) {
		if n.kind == convolution {
			all = append(all, n)
		}
	}
	return all
}

// usualNoise are sizes of noise that generators have.
var usualNoise = []int64{100, 64, 128, 10, 20, 2, 3, 5, 8, 16, 25, 32, 50, 62, 96, 200, 256, 500, 512, 784, 1000, 1024, 4, 48, 80, 300, 400, 2048}

// usualClasses are counts of classes of data sets, the most usual first: MNIST and its like, EMNIST, letters.
var usualClasses = []int64{10, 26, 47, 62, 27, 36, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 40, 100}

// meet says which branch is the noise's, which the label's, and what both run into.
func meet(all [][]*node, common string, known Known) (*plan, error) {
	p := &plan{doubts: map[string]string{}, known: known}
	if len(all) == 1 {
		p.label, p.main = splitLabel(all[0], common)
		return p, p.joinVectors()
	}
	if len(all) > 3 {
		return nil, notChained(all)
	}
	if len(all) == 2 {
		all = splitAtProduct(all, common)
	}
	all = slices.Clone(all)
	slices.SortStableFunc(all, func(a, b []*node) int { return count(endsInImage(a)) - count(endsInImage(b)) })
	labels := slices.DeleteFunc(slices.Clone(all), func(b []*node) bool { return !isLabel(b, common) })
	rest := slices.DeleteFunc(slices.Clone(all), func(b []*node) bool { return isLabel(b, common) })
	switch {
	case len(labels) == 0 && len(all) == 3:
		p.noise, p.label, p.main = twoInputs(all)
	case len(labels) == 0: // a branch and what comes in as it is
		p.main = rest[1]
		if p.noise = rest[0]; looksLikeClasses(rest[0][0].in) && rest[0][0].in < rest[1][0].in {
			p.noise, p.label = nil, rest[0]
		}
	case len(labels) == 1 && len(rest) > 0:
		p.label, p.main = labels[0], rest[len(rest)-1]
		if len(rest) == 2 {
			p.noise = rest[0]
		}
	default:
		return nil, notChained(all)
	}
	if p.noise == nil {
		return p, p.joinVectors()
	}
	return p, p.joinBranches()
}

// splitAtProduct makes three branches of two where what one gives is multiplied by what the other's first layers give.
func splitAtProduct(all [][]*node, common string) [][]*node {
	for i, branch := range all {
		whose, n := about(branch[0].key, common), 0
		for n < len(branch) && whose != 0 && about(branch[n].key, common) == whose {
			n++
		}
		other := all[1-i]
		if n > 0 && n < len(branch) && other[len(other)-1].channels() == branch[n].in {
			return [][]*node{other, branch[:n], branch[n:]}
		}
	}
	return all
}

func endsInImage(branch []*node) bool {
	last := branch[len(branch)-1]
	c := last.channels()
	return last.kind == convolution && (c == 1 || c == 3) || last.kind == linear && squareImage(last.out) > 0
}

func looksLikeClasses(n int64) bool { return slices.Contains(usualClasses, n) }

// isLabel says whether a branch begins with an embedding or a layer that is named after the label.
func isLabel(branch []*node, common string) bool {
	return branch[0].kind == embedding || about(branch[0].key, common) > 0
}

// splitLabel takes from a single column the label's layers, where noise is multiplied by what they give.
func splitLabel(branch []*node, common string) (label, main []*node) {
	n := 0
	for n < len(branch) && (branch[n].kind == embedding || about(branch[n].key, common) > 0) {
		n++
	}
	if n == len(branch) { // named after the label throughout
		n = 0
		if branch[0].kind == embedding {
			n = 1
		}
	}
	return branch[:n], branch[n:]
}

// twoInputs takes the branch of fewer inputs for the label's.
func twoInputs(all [][]*node) (noise, label, main []*node) {
	noise, label = all[0], all[1]
	if label[0].in > noise[0].in {
		noise, label = label, noise
	}
	return noise, label, all[2]
}

func notChained(all [][]*node) error {
	a, b := all[0][len(all[0])-1], all[1][0]
	return fmt.Errorf("the layers are no single column with one label: %s.weight %v takes %d channels, but %s before it gives %d, "+
		"and there are %d such places; a generator has one input of noise and at most one label", weights.Show(b.key), b.weight, b.in,
		weights.Show(a.key), a.channels(), len(all)-1)
}

// unfit is the error of a layer whose channels come from nowhere.
func unfit(n *node, gives string) error {
	return fmt.Errorf("%s.weight %v takes %d channels, but %s", weights.Show(n.key), n.weight, n.in, gives)
}

// joinVectors is noise as it is, and the label where there is one, at the first layer of main.
func (p *plan) joinVectors() error {
	if len(p.main) == 0 {
		return fmt.Errorf("the state dict has an embedding and no layer that draws")
	}
	in := p.main[0].in
	if len(p.label) == 0 {
		if nz := p.known.Noise; nz > 0 {
			if p.nz, p.classes = nz, in-nz; p.classes < 0 || p.classes > 0 && !p.known.Labels {
				return unfit(p.main[0], fmt.Sprintf("the noise has %d values", nz))
			}
			return nil
		}
		p.nz, p.classes = noiseAndClasses(in)
		p.doubtClasses(in)
		return nil
	}
	first, last := p.label[0], p.label[len(p.label)-1]
	if last.kind == convolution {
		return unfit(p.main[0], fmt.Sprintf("the label's last layer, %s, is a convolution", weights.Show(last.key)))
	}
	p.classes, p.embedded = first.in, first.kind == embedding
	switch p.nz = in - last.out; {
	case p.nz > 0:
		p.doubts["join"] = "or cat(label, noise)"
	case p.nz == 0:
		p.nz, p.join.By = in, Multiply
		p.doubts["join"] = "or noise + label, or the label alone, without noise"
	default:
		return unfit(p.main[0], fmt.Sprintf("the label's layer %s gives %d", weights.Show(last.key), last.out))
	}
	return nil
}

// noiseAndClasses splits the inputs of a first layer by what is usual.
func noiseAndClasses(in int64) (nz, classes int64) {
	if slices.Contains(usualNoise, in) {
		return in, 0
	}
	for _, classes := range usualClasses {
		if nz := in - classes; slices.Contains(usualNoise, nz) && nz >= classes {
			return nz, classes
		}
	}
	return in, 0
}

func (p *plan) doubtClasses(in int64) {
	switch {
	case p.classes > 0:
		p.doubts["label"] = fmt.Sprintf("or no label and randn(%d)", in)
		p.doubts["join"] = "or cat(label, noise)"
	case in > 10 && slices.Contains(usualNoise, in-10):
		p.doubts["noise"] = fmt.Sprintf("or randn(%d) with label: one_hot(10)", in-10)
	}
}

// joinBranches is noise with layers of its own, with a label as it is or with layers too.
func (p *plan) joinBranches() error {
	first, last := p.main[0], p.noise[len(p.noise)-1]
	p.nz = p.noise[0].in
	p.doubts["join"] = "or cat(label, noise)"
	if len(p.label) > 0 {
		p.classes, p.embedded = p.label[0].in, p.label[0].kind == embedding
	}
	switch {
	case first.kind != convolution && last.kind == convolution:
		return unfit(first, "a convolution stands before it")
	case last.kind == convolution || first.kind != convolution:
		return p.joinAlike(last.channels(), first)
	}
	return p.joinPlanes(last.out, first)
}

// joinAlike joins two vectors, or images of one height and width, where noise gives so many features or channels.
func (p *plan) joinAlike(gives int64, first *node) error {
	if len(p.label) == 0 {
		if p.classes = first.in - gives; p.classes < 2 {
			return unfit(first, fmt.Sprintf("the layers before it give %d", gives))
		}
		if slices.Contains(usualNoise, p.nz-p.classes) && !slices.Contains(usualNoise, p.nz) {
			return unfit(first, fmt.Sprintf("the layers before it give %d: as it seems the label comes in at several layers, which is not known here", gives))
		}
		return nil
	}
	last := p.label[len(p.label)-1]
	label := last.channels()
	switch {
	case last.kind == convolution && p.noise[len(p.noise)-1].kind != convolution:
		return unfit(first, "the label's convolution stands before it")
	case gives+label == first.in:
	case gives == first.in && label == gives:
		p.join.By = Multiply
		p.doubts["join"] = "or noise + label"
	default:
		return unfit(first, fmt.Sprintf("the layers of noise give %d and those of the label %d", gives, label))
	}
	return nil
}

// joinPlanes joins a vector of noise that becomes channels of an image with a label that becomes further ones.
func (p *plan) joinPlanes(features int64, first *node) error {
	label := int64(0)
	if len(p.label) > 0 {
		if last := p.label[len(p.label)-1]; last.kind != convolution {
			label = last.out
		}
	}
	for s := int64(2); s <= 64 && label > 0; s++ {
		if features%(s*s) != 0 || label%(s*s) != 0 {
			continue
		}
		channels, planes := features/(s*s), label/(s*s)
		if channels+planes == first.in || channels == first.in && planes == first.in {
			p.channels, p.side, p.width = planes, s, s
			if channels == first.in {
				p.join.By = Multiply
			}
			return nil
		}
	}
	if len(p.label) == 0 { // one-hot planes
		for _, n := range usualClasses {
			if s := side(features, first.in-n); s > 1 {
				p.classes, p.width = n, s
				return nil
			}
		}
	} else if s := side(features, first.in-label); label > 0 && s > 0 {
		p.width = s
		return nil
	}
	return unfit(first, fmt.Sprintf("the layers of noise give %d features and those of the label %d", features, label))
}
