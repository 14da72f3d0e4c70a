package arch

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"cgan/weights"
)

// node is a layer with weights and how it is read: which way its channels go, and what stands behind it.
type node struct {
	moduleState
	transposed bool
	in, out    int64         // features or channels; in of an embedding is its classes
	shuffle    int64         // the factor of a PixelShuffle behind it; 1 without
	norms      []moduleState // behind it
	setting                  // of a convolution
	others     []setting     // that the rest of the column would go with as well, the most usual first
	forced     *setting      // the only one that is looked at; nil for none
	doubt      string        // about the setting
}

// channels are those that the node gives to the next.
func (n *node) channels() int64 { return n.out / (n.shuffle * n.shuffle) }

// reading is one way to read a module, with a cost that is lower the more usual it is.
type reading struct {
	kind       role
	transposed bool
	in, out    int64
	cost       float64
}

// breakCost is what it costs when a layer doesn't go on from the one before it: another branch begins.
const breakCost = 10

// readings are the ways to read a module that follows others in the file; next is the module behind it, or nil.
func readings(m moduleState, next *moduleState, common string) []reading {
	if m.kind == linear {
		matrix := reading{linear, false, m.weight[1], m.weight[0], 0}
		table := reading{embedding, false, m.weight[0], m.weight[1], 4}
		if m.bias > 0 {
			return []reading{matrix}
		}
		if looksLikeClasses(m.weight[0]) {
			matrix.cost, table.cost = 2, 1
		}
		if about(m.key, common) > 0 || strings.Contains(m.key, "emb") {
			matrix.cost, table.cost = 3, 0
		}
		return []reading{matrix, table}
	}
	plain := reading{convolution, false, m.weight[1], m.weight[0], 0}
	transposed := reading{convolution, true, m.weight[0], m.weight[1], 0}
	name := strings.ToLower(m.key)
	if m.weight[2]%2 == 0 || strings.Contains(name, "trans") || strings.Contains(name, "deconv") || strings.Contains(name, "convt") {
		plain.cost = 0.5
	} else {
		transposed.cost = 0.3
	}
	if next != nil && next.kind > convolution && plain.out != transposed.out {
		wrong := 2.0
		if free, exact := gap(m.key, next.key); exact && free == 0 {
			wrong = 2 * breakCost
		}
		for _, r := range []*reading{&plain, &transposed} {
			if next.weight[0] != r.out {
				r.cost += wrong
			}
		}
	}
	if m.bias > 0 && m.weight[0] != m.weight[1] {
		if m.bias == plain.out {
			return []reading{plain}
		}
		return []reading{transposed}
	}
	return []reading{plain, transposed}
}

// step is what it costs that b comes behind a, and the factor of the PixelShuffle between them.
func step(a, b reading) (cost float64, shuffle int64) {
	switch {
	case b.kind == embedding || a.kind == convolution && b.kind == linear:
	case b.kind == linear && a.out == b.in:
		return 0, 1
	case b.kind == convolution && a.kind != convolution:
		if side(a.out, b.in) > 0 {
			return 0, 1
		}
	case b.kind == convolution && a.out == b.in:
		return 0, 1
	case b.kind == convolution && !a.transposed && !b.transposed:
		for r := int64(2); r <= 4; r++ {
			if a.out == r*r*b.in {
				return 1, r
			}
		}
	}
	return breakCost, 1
}

// side is the height and width of that many features as channels of an image, 0 where they are none of up to 64.
func side(features, channels int64) int64 {
	if channels < 1 || features%channels != 0 {
		return 0
	}
	s := int64(math.Sqrt(float64(features / channels)))
	if s > 64 || s*s != features/channels {
		return 0
	}
	return s
}

// branches reads the modules with weights as columns: each begins where the channels do not go on from the module before.
// Of all readings it takes that of the lowest cost.
func branches(modules []moduleState, common string) [][]*node {
	var layers []moduleState
	var options [][]reading
	for i, m := range modules {
		if m.kind > convolution {
			continue
		}
		var next *moduleState
		if i+1 < len(modules) {
			next = &modules[i+1]
		}
		layers, options = append(layers, m), append(options, readings(m, next, common))
	}
	var all [][]*node
	for i, r := range cheapest(layers, options, common) {
		n := &node{moduleState: layers[i], transposed: r.transposed, in: r.in, out: r.out, shuffle: 1}
		n.kind = r.kind
		if i > 0 {
			last := all[len(all)-1]
			before := last[len(last)-1]
			if cost, shuffle := follow(before.moduleState, before.reading(), n.moduleState, r, common); cost < breakCost {
				before.shuffle = shuffle
				all[len(all)-1] = append(last, n)
				continue
			}
		}
		all = append(all, []*node{n})
	}
	return all
}

func (n *node) reading() reading { return reading{n.kind, n.transposed, n.in, n.out, 0} }

// follow is step for two modules: what is the label's does not go on from what is the noise's.
func follow(a moduleState, as reading, b moduleState, bs reading, common string) (cost float64, shuffle int64) {
	cost, shuffle = step(as, bs)
	aboutA, aboutB := about(a.key, common), about(b.key, common)
	switch {
	case aboutA*aboutB < 0:
		return breakCost, 1
	case aboutA != aboutB:
		cost += 0.5
	}
	return cost, shuffle
}

// cheapest chooses the reading of each module such that the sum of all costs is the lowest.
func cheapest(layers []moduleState, options [][]reading, common string) []reading {
	sums, from := make([][]float64, len(layers)), make([][]int, len(layers))
	for i := range layers {
		sums[i], from[i] = make([]float64, len(options[i])), make([]int, len(options[i]))
		for j, r := range options[i] {
			sums[i][j] = r.cost
			if i == 0 {
				continue
			}
			best := math.Inf(1)
			for k, before := range options[i-1] {
				cost, _ := follow(layers[i-1], before, layers[i], r, common)
				if sum := sums[i-1][k] + cost; sum < best {
					best, from[i][j] = sum, k
				}
			}
			sums[i][j] += best
		}
	}
	chosen := make([]reading, len(layers))
	at := -1
	for i := len(layers) - 1; i >= 0; i-- {
		if at < 0 {
			at = slices.Index(sums[i], slices.Min(sums[i]))
		}
		chosen[i] = options[i][at]
		at = from[i][at]
	}
	return chosen
}

// joinEnds appends a branch to another one from which it goes on, where the file has them in another order.
func joinEnds(all [][]*node, common string) [][]*node {
	for range len(all) {
		a, b := endsThatMeet(all, common)
		if a < 0 {
			break
		}
		all[a] = append(slices.Clone(all[a]), all[b]...)
		all = slices.Delete(all, b, b+1)
	}
	return all
}

func endsThatMeet(all [][]*node, common string) (int, int) {
	for a, first := range all {
		for b, second := range all {
			end, start := first[len(first)-1], second[0]
			if c := end.channels(); a == b || end.kind == convolution && (c == 1 || c == 3) {
				continue
			}
			if cost, shuffle := follow(end.moduleState, end.reading(), start.moduleState, start.reading(), common); cost < 1 && shuffle == 1 {
				return a, b
			}
		}
	}
	return -1, -1
}

// attachNorms puts each norm behind the layer that it belongs to: by its number, by what stands before it, by its size.
func attachNorms(modules []moduleState, all [][]*node) error {
	nodes := map[string]*node{}
	var order []*node
	for _, m := range modules {
		for _, branch := range all {
			for _, n := range branch {
				if n.key == m.key {
					nodes[m.key] = n
					order = append(order, n)
				}
			}
		}
	}
	var before *node
	for i, m := range modules {
		if n, ok := nodes[m.key]; ok {
			before = n
			continue
		}
		at := placeOfNorm(m, before, modules[max(0, i-1)].key, order)
		if at == nil {
			return fmt.Errorf("norm %s of %d channels fits behind no layer", weights.Show(m.key), m.weight[0])
		}
		at.norms = append(at.norms, m)
	}
	return nil
}

func placeOfNorm(m moduleState, before *node, keyBefore string, order []*node) *node {
	if _, exact := gap(keyBefore, m.key); exact && before != nil && takesNorm(before, m) {
		return before
	}
	if number := digits(m.key); number != "" {
		if before != nil && digits(before.key) == number && takesNorm(before, m) {
			return before
		}
		for _, n := range order {
			if digits(n.key) == number && takesNorm(n, m) {
				return n
			}
		}
	}
	if before != nil && takesNorm(before, m) {
		return before
	}
	for _, n := range order {
		if takesNorm(n, m) {
			return n
		}
	}
	return nil
}

// takesNorm says whether a norm of that size may stand behind a layer that has none of that size yet.
func takesNorm(n *node, m moduleState) bool {
	size := m.weight[0]
	for _, other := range n.norms {
		if other.weight[0] == size {
			return false
		}
	}
	switch n.kind {
	case linear:
		if len(m.weight) == 3 {
			return m.weight[1] == m.weight[2] && side(n.out, size) == m.weight[1]
		}
		return n.out == size || side(n.out, size) > 1
	case convolution:
		return n.out == size || n.channels() == size
	}
	return false
}

// digits are the numbers in the last part of a key, such as 1_2 in deconv1_2_bn; none in an nn.Sequential.
func digits(key string) string {
	if _, number := sequential(key); number >= 0 {
		return ""
	}
	last := key[strings.LastIndexByte(key, '.')+1:]
	return strings.Join(strings.FieldsFunc(last, func(r rune) bool { return r < '0' || r > '9' }), "_")
}

// squareImage is the height and width of an image of that many features, of 1 or 3 channels; 0 where there is none.
func squareImage(features int64) int64 {
	for _, channels := range []int64{1, 3} {
		s := int64(math.Sqrt(float64(features / channels)))
		if s >= 8 && s <= 1024 && s*s*channels == features {
			return s
		}
	}
	return 0
}
