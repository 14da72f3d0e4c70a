package arch

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"

	"cgan/weights"
)

// widest is the largest height and width of an image that is looked for.
const widest = 512

// setting is how a convolution moves over its image, and the factor of an Upsample before it.
type setting struct {
	stride, padding, extra int64 // extra is output_padding
	up                     int64
	cost                   float64 // lower the more usual it is
}

// insteadOf says in what s differs from what was chosen.
func (s setting) insteadOf(chosen setting) string {
	text := fmt.Sprintf("stride=%d, padding=%d", s.stride, s.padding)
	if s.extra > 0 {
		text += fmt.Sprintf(", output_padding=%d", s.extra)
	}
	switch same := s.stride == chosen.stride && s.padding == chosen.padding && s.extra == chosen.extra; {
	case same && s.up == 1:
		return "without Upsample before it"
	case same:
		return fmt.Sprintf("with Upsample(scale_factor=%d) before it", s.up)
	case s.up > chosen.up:
		text += fmt.Sprintf(", with Upsample(scale_factor=%d) before it", s.up)
	case s.up < chosen.up:
		text += ", without Upsample before it"
	}
	return text
}

// width is what the node makes of an image of a height and width of in, 0 where that can't be.
func (s setting) width(n *node, in int64) int64 {
	in, k := in*s.up, n.weight[2]
	out := (in-1)*s.stride - 2*s.padding + k + s.extra
	if !n.transposed {
		out = in + 2*s.padding - k
		if out < 0 {
			return 0
		}
		out = out/s.stride + 1
	}
	if out *= n.shuffle; out < 1 || out > widest {
		return 0
	}
	for _, m := range n.norms { // a LayerNorm tells the height and width
		if len(m.weight) == 3 && m.weight[1] != out {
			return 0
		}
	}
	return out
}

// settings are the usual ways of a convolution over an image of a height and width of in. unpadded prefers those without padding.
func settings(n *node, in int64, unpadded bool) []setting {
	k := n.weight[2]
	var all []setting
	add := func(stride, padding, extra int64, cost float64) {
		same := func(s setting) bool { return s.stride == stride && s.padding == padding && s.extra == extra }
		if padding < 0 || padding > k+1 || n.transposed && in == 1 && stride > 1 && padding == 0 || slices.ContainsFunc(all, same) {
			return
		}
		if unpadded && padding == 0 {
			cost = min(cost, 0.1)
		} else if unpadded {
			cost += 4
		}
		all = append(all, setting{stride, padding, extra, 1, cost})
	}
	if !n.transposed {
		add(1, (k-1)/2, 0, 0.5*float64((k+1)%2))
		if k == 5 { // from 32 to 28
			add(1, 0, 0, 0.9)
		}
		add(1, 0, 0, 2)
		add(1, k/2, 0, 1)
		add(1, 1, 0, 3)
		add(1, 2, 0, 3)
		return all
	}
	if in == 1 {
		add(1, 0, 0, 0)
		add(2, 1, 0, 4)
		return all
	}
	if k == 1 {
		add(1, 0, 0, 0)
		add(1, 2, 0, 0.5) // from 32 to 28
	}
	odd := k % 2
	add(2, (k-2+odd)/2, odd, 0.4*float64(odd)) // twice as large
	if odd == 1 {
		add(2, (k-1)/2, 0, 0.3)
		add(1, (k-1)/2, 0, 0.5) // as large
	}
	add(1, 0, 0, 1.5)
	add(2, 0, 0, 1.5)
	for padding := int64(1); padding <= 3; padding++ {
		add(1, padding, 0, 3)
		add(2, padding, 0, 3)
		add(2, padding, 1, 4)
	}
	add(4, (k-4)/2, 0, 1.5)
	return all
}

// withUpsample adds the settings behind an Upsample, where layers between before and the node leave it a place.
func withUpsample(all []setting, n *node, before string, in int64) []setting {
	free, exact := gap(before, n.key)
	usual := 0.3 // what an Upsample costs, and what it costs to leave it out
	without := 0.0
	switch {
	case before == "" || exact && free == 0 || in < 2:
		return all
	case free >= 2 || !exact && free == 1:
		usual, without = 0, 0.5
	case exact:
		usual = 1
	}
	if n.transposed {
		usual, without = usual+4, 0
	}
	count := len(all)
	for i := range count {
		s := all[i]
		s.up, s.cost = 2, s.cost+usual
		all[i].cost += without
		all = append(all, s)
	}
	return all
}

// imageCost is lower the more usual images of that width and so many channels are.
func imageCost(width, channels int64) float64 {
	costs := map[int64]float64{28: 0, 32: 1, 64: 1.5, 128: 3, 256: 3.5, 16: 4, 96: 3.5, 48: 4, 14: 5}
	if channels > 1 {
		costs = map[int64]float64{32: 0, 64: 0.5, 128: 1, 256: 1.5, 28: 1.5, 96: 2, 48: 2.5, 16: 4, 512: 3, 80: 3}
	}
	if cost, ok := costs[width]; ok {
		return cost
	}
	if width < 8 {
		return math.Inf(1)
	}
	return 8
}

// path is the widths that a column of convolutions can give, each with the lowest cost and how it came about.
type path struct {
	cost float64
	from int64
	by   setting
	ways []setting // of the node that follows
}

// settle chooses the settings of convolutions that begin at a width, such that the cost is the lowest with that of the last
// width. before is the key of what stands before the first.
func settle(nodes []*node, width int64, before string, last func(width int64) float64) error {
	padded, unpadded := walk(nodes, width, before, false), walk(nodes, width, before, true)
	steps := padded
	at, cost := cheapestEnd(padded[len(nodes)], last)
	if other, otherCost := cheapestEnd(unpadded[len(nodes)], last); otherCost+1.5 < cost {
		steps, at, cost = unpadded, other, otherCost
	}
	if math.IsInf(cost, 1) {
		n := nodes[len(nodes)-1]
		return fmt.Errorf("the output is no image: no usual stride and padding of the convolutions up to %s.weight %v, which begin with a height "+
			"and width of %d, gives a usual size", weights.Show(n.key), n.weight, width)
	}
	for i, s := range back(steps, at) {
		nodes[i].setting = s
	}
	doubtSettings(nodes, padded, last)
	return nil
}

// doubtSettings notes for each node another setting that the rest of the column would go with as well.
func doubtSettings(nodes []*node, steps []map[int64]path, last func(int64) float64) {
	const near = 2 // in cost
	type end struct {
		cost  float64
		width int64
	}
	rest := map[int64]end{}
	for w := range steps[len(nodes)] {
		rest[w] = end{last(w), w}
	}
	width, best := cheapestEnd(steps[len(nodes)], last)
	const within = near + 3 // what is no doubt any more may be tried
	for i := len(nodes) - 1; i >= 0; i-- {
		n, all := nodes[i], map[int64]end{}
		ends := map[setting]end{}
		for _, in := range slices.Sorted(maps.Keys(steps[i])) {
			so, least := steps[i][in], end{math.Inf(1), 0}
			for _, s := range so.ways {
				to, goesOn := rest[s.width(n, in)]
				if !goesOn {
					continue
				}
				if to.cost += s.cost; to.cost < least.cost {
					least = to
				}
				bare := s
				bare.cost = 0
				if to.cost += so.cost; !s.equal(n.setting) && to.cost < best+within {
					if known, ok := ends[bare]; !ok || to.cost < known.cost {
						ends[bare] = to
					}
				}
			}
			all[in] = least
		}
		n.others, n.doubt = slices.Collect(maps.Keys(ends)), ""
		slices.SortFunc(n.others, func(a, b setting) int { return cmp.Or(cmp.Compare(ends[a].cost, ends[b].cost), a.compare(b)) })
		if len(n.others) > 0 {
			n.doubt = doubtAbout(n.others[0], n.setting, ends[n.others[0]].width, width)
		}
		for k, s := range n.others {
			n.others[k].cost = ends[s].cost - best
		}
		if len(n.others) > 0 && n.others[0].cost >= near {
			n.doubt = ""
		}
		rest = all
	}
}

func doubtAbout(other, chosen setting, otherWidth, width int64) string {
	doubt := "or " + other.insteadOf(chosen)
	if otherWidth != width {
		doubt += fmt.Sprintf(", for images of %dx%d", otherWidth, otherWidth)
	}
	return doubt
}

func (s setting) equal(o setting) bool { return s.compare(o) == 0 }

func (s setting) compare(o setting) int {
	return cmp.Or(cmp.Compare(s.stride, o.stride), cmp.Compare(s.padding, o.padding), cmp.Compare(s.extra, o.extra), cmp.Compare(s.up, o.up))
}

// walk goes through the nodes with every width that can come out.
func walk(nodes []*node, width int64, before string, unpadded bool) []map[int64]path {
	steps := []map[int64]path{{width: {}}}
	for i, n := range nodes {
		next := map[int64]path{}
		for in, so := range steps[i] {
			for _, s := range withUpsample(settings(n, in, unpadded), n, before, in) {
				out := s.width(n, in)
				if out == 0 || n.forced != nil && !s.equal(*n.forced) {
					continue
				}
				s.cost += 0.01 * float64(i) * float64(s.up-1) // an Upsample rather early
				so.ways = append(so.ways, s)
				cost := so.cost + s.cost
				if old, known := next[out]; !known || cost < old.cost || cost == old.cost && in < old.from {
					next[out] = path{cost: cost, from: in, by: s}
				}
			}
			steps[i][in] = so
		}
		steps = append(steps, promising(next))
		before = n.lastKey()
	}
	return steps
}

// promising leaves out the widths that cost so much more than the cheapest that no last width makes up for it.
func promising(next map[int64]path) map[int64]path {
	const most = 12
	least := math.Inf(1)
	for _, p := range next {
		least = min(least, p.cost)
	}
	maps.DeleteFunc(next, func(_ int64, p path) bool { return p.cost > least+most })
	return next
}

// lastKey is the key of the node's last layer with weights.
func (n *node) lastKey() string {
	if len(n.norms) > 0 {
		return n.norms[len(n.norms)-1].key
	}
	return n.key
}

func cheapestEnd(ends map[int64]path, last func(int64) float64) (width int64, cost float64) {
	cost = math.Inf(1)
	for w, p := range ends {
		if c := p.cost + last(w); c < cost || c == cost && w < width {
			width, cost = w, c
		}
	}
	return width, cost
}

func back(steps []map[int64]path, width int64) []setting {
	all := make([]setting, len(steps)-1)
	for i := len(all) - 1; i >= 0; i-- {
		p := steps[i+1][width]
		all[i], width = p.by, p.from
	}
	return all
}
