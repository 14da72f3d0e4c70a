package arch

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"cgan/weights"
)

const (
	mostModules = 300     // of a state dict that is looked at: generators of these forms have up to about 40
	largestSize = 1 << 24 // of one dimension
)

// role is what the tensors of a module say that it is.
type role int

const (
	linear      role = iota
	embedding        // a matrix without a bias may be this or a linear layer
	convolution      // transposed or not
	batchNorm
	otherNorm // a scale and a shift, without statistics
)

// moduleState is the tensors whose keys differ in the last part alone.
type moduleState struct {
	key    string
	kind   role
	weight []int64 // its shape; of a norm without scale that of its statistics
	bias   int64   // its length; 0 without
	affine bool    // a norm has a scale
}

// modulesOf puts the tensors of a state dict together by their modules, in the order of the file.
func modulesOf(state weights.StateDict) ([]moduleState, error) {
	var keys []string
	shapes := map[string]map[string][]int64{}
	for _, e := range state {
		key, name := "", e.Key
		if dot := strings.LastIndexByte(e.Key, '.'); dot >= 0 {
			key, name = e.Key[:dot], e.Key[dot+1:]
		}
		if err := knownTensor(key, name, e.Shape); err != nil {
			return nil, err
		}
		if shapes[key] == nil {
			shapes[key] = map[string][]int64{}
			keys = append(keys, key)
		}
		if _, twice := shapes[key][name]; twice {
			return nil, fmt.Errorf("tensor %s occurs twice", weights.Show(e.Key))
		}
		shapes[key][name] = e.Shape
	}
	if len(keys) > mostModules {
		return nil, fmt.Errorf("the state dict has %d layers with weights: a generator whose layers can be guessed has at most %d", len(keys), mostModules)
	}
	var all []moduleState
	for _, key := range keys {
		m, err := moduleOf(key, shapes[key])
		if err != nil {
			return nil, err
		}
		all = append(all, m)
	}
	return all, nil
}

// wrapped is what the names of tensors say that no layer here has.
var wrapped = map[string]string{
	"weight_orig":    "spectral or another norm of weights",
	"weight_u":       "a spectral norm of weights",
	"weight_g":       "a norm of weights",
	"weight_v":       "a norm of weights",
	"original0":      "a norm of weights",
	"original":       "a parametrization of weights",
	"in_proj_weight": "attention",
	"weight_ih_l0":   "a recurrent layer",
}

// knownTensor refuses names and shapes that no layer has whose form can be guessed.
func knownTensor(key, name string, shape []int64) error {
	full := weights.Show(strings.TrimPrefix(key+"."+name, "."))
	if what, ok := wrapped[name]; ok {
		return fmt.Errorf("tensor %s belongs to %s, which no layer here has", full, what)
	}
	if !slices.Contains([]string{"weight", "bias", "running_mean", "running_var", "num_batches_tracked"}, name) {
		return fmt.Errorf("tensor %s %v is of no layer that is known here", full, shape)
	}
	if key == "" {
		return fmt.Errorf("tensor %s has no layer's name before it: a generator of several layers is needed", full)
	}
	for _, n := range shape {
		if n < 1 || n > largestSize {
			return fmt.Errorf("tensor %s has shape %v: no layer of a generator has such a size", full, shape)
		}
	}
	return nil
}

func moduleOf(key string, shapes map[string][]int64) (moduleState, error) {
	weight, scaled := shapes["weight"]
	bias, biased := shapes["bias"]
	mean, counted := shapes["running_mean"]
	m := moduleState{key: key, weight: weight, affine: scaled}
	if len(bias) > 0 {
		m.bias = bias[0]
	}
	name := weights.Show(key)
	switch {
	case counted:
		m.kind, m.weight = batchNorm, mean
		if len(mean) != 1 || !slices.Equal(mean, shapes["running_var"]) || scaled != biased || scaled && !(slices.Equal(weight, mean) && slices.Equal(bias, mean)) {
			return m, fmt.Errorf("layer %s: running_mean %v, running_var %v, weight %v and bias %v are no BatchNorm's", name, mean, shapes["running_var"], weight, bias)
		}
	case !scaled:
		return m, fmt.Errorf("layer %s has no weight", name)
	case biased && slices.Equal(weight, bias) && (len(weight) == 1 || len(weight) == 3):
		m.kind = otherNorm
	case len(weight) == 1:
		return m, fmt.Errorf("tensor %s.weight %v: a PReLU or another layer that is not known here", name, weight)
	case len(weight) == 2 && (!biased || slices.Equal(bias, weight[:1])):
		m.kind = linear
	case len(weight) == 4 && (!biased || len(bias) == 1 && (bias[0] == weight[0] || bias[0] == weight[1])):
		m.kind = convolution
		if weight[2] != weight[3] {
			return m, fmt.Errorf("tensor %s.weight %v: a kernel that is not square, whose padding cannot be guessed", name, weight)
		}
	case len(weight) == 3 || len(weight) == 5:
		return m, fmt.Errorf("tensor %s.weight %v: a convolution of %d dimensions, not of images", name, weight, len(weight)-2)
	default:
		return m, fmt.Errorf("layer %s: weight %v and bias %v fit no layer that is known here", name, weight, bias)
	}
	return m, nil
}

// sequential splits a key into the part before its number in an nn.Sequential, and the number; -1 where it has none.
func sequential(key string) (parent string, number int) {
	parent, last := "", key
	if dot := strings.LastIndexByte(key, '.'); dot >= 0 {
		parent, last = key[:dot], key[dot+1:]
	}
	n, err := strconv.Atoi(last)
	if err != nil || n < 0 || n > 10_000 {
		return parent, -1
	}
	return parent, n
}

// gap is how many layers without weights stand between a and b: exactly, where the numbers in an nn.Sequential tell all of them,
// else at least.
func gap(a, b string) (n int, exact bool) {
	partsA, partsB := strings.Split(a, "."), strings.Split(b, ".")
	i := 0
	for i < len(partsA)-1 && i < len(partsB)-1 && partsA[i] == partsB[i] {
		i++
	}
	_, numberA := sequential(partsA[i])
	_, numberB := sequential(partsB[i])
	if numberA >= 0 && numberB > numberA {
		n, exact = numberB-numberA-1, i == len(partsA)-1 // else there may be more behind a in its block
	}
	for _, part := range partsB[i+1:] {
		_, number := sequential(part)
		n, exact = n+max(0, number), exact && number >= 0
	}
	return min(n, 100), exact
}

var (
	labelWords = []string{"label", "emb", "class", "cond", "lbl", "digit", "onehot", "one_hot", "y_", "_y"}
	noiseWords = []string{"noise", "latent", "z_", "_z", "rand"}
)

// about says which input a name speaks of: +1 the label, -1 the noise, 0 neither. common is what all keys begin with.
func about(key, common string) int {
	name := strings.ToLower(strings.TrimPrefix(key, common))
	has := func(words []string) bool {
		return slices.ContainsFunc(words, func(word string) bool { return strings.Contains(name, word) })
	}
	switch noise, label := has(noiseWords), has(labelWords); {
	case noise && !strings.Contains(name, "label"):
		return -1
	case label:
		return 1
	}
	return 0
}
