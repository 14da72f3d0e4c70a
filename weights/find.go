package weights

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// role is what a network is in a GAN, as its name tells.
type role int

const (
	other role = iota
	generator
	average // of the generator's weights over the training, which is what one draws with
	discriminator
	unnamed // a state dict that says nothing of itself, such as state_dict or model
)

var separators = strings.NewReplacer("_", "", "-", "", " ", "")

// roleOf reads a name without regard to capitals, underscores and what only says that it is a network or its weights: netG,
// G_state_dict, gen, model_G and generator are all generators.
func roleOf(name string) role {
	bare := separators.Replace(strings.ToLower(name))
	for _, word := range []string{"statedict", "weights", "params", "model", "network", "net"} {
		bare = strings.TrimPrefix(strings.TrimSuffix(bare, word), word)
	}
	ema := strings.TrimPrefix(strings.TrimSuffix(bare, "ema"), "ema")
	switch {
	case bare == "":
		return unnamed
	case ema != bare && slices.Contains([]string{"", "g", "gen", "generator"}, ema):
		return average
	case slices.Contains([]string{"g", "gen", "generator"}, bare):
		return generator
	case slices.Contains([]string{"d", "dis", "disc", "discriminator", "critic"}, bare):
		return discriminator
	}
	return other
}

// Find returns the state dict in a value: under key, if one is given, else the value itself or the one that lies under a name
// that programs give to a generator (generator, netG, gen_state_dict, model_G and so on), to a model (state_dict, model) or to an
// average of a generator's weights (G_ema). Where an average lies beside what it is the average of, Find gives the
// latter, and FindAverage the average. A key may be a path with dots. In one flat dict of
// several networks, as Lightning writes it, key is what their names begin with, and the generator's is taken without one. The
// prefixes "module." (DataParallel) and "_orig_mod." (torch.compile) are taken off where every name has them. An
// error lists the state dicts that the value does hold.
func Find(v Value, key string) (StateDict, error) {
	if key != "" {
		if found, ok := asStateDict(descend(v, key)); ok {
			return stripPrefixes(found), nil
		}
		if found := group(v, key); found != nil {
			return stripPrefixes(found), nil
		}
		return nil, fmt.Errorf("there is no state dict under %s; %s", Quote(key), candidates(v))
	}
	if found, ok := asStateDict(v); ok {
		return generatorOf(found), nil
	}
	plain, averages := generators(v), under(v, average)
	switch {
	case len(plain) == 1 && len(averages) <= 1:
		return generatorOf(plain[0].state), nil
	case len(plain) == 0 && len(averages) == 1:
		return generatorOf(averages[0].state), nil
	case len(plain)+len(averages) == 0:
		return nil, fmt.Errorf("there is no state dict under a usual name; %s", candidates(v))
	}
	var names []string
	for _, found := range append(plain, averages...) {
		names = append(names, found.name)
	}
	return nil, fmt.Errorf("there are several state dicts, %s: say which by its key", strings.Join(names, " and "))
}

// FindAverage returns the average of weights that lies beside those that Find gives without a key, and its name; nil
// where there is none.
func FindAverage(v Value) (s StateDict, name string) {
	flat, ok := asStateDict(v)
	if !ok {
		plain, averages := generators(v), under(v, average)
		if len(plain) != 1 {
			return nil, ""
		}
		if len(averages) == 1 {
			return stripPrefixes(averages[0].state), averages[0].name
		}
		flat = plain[0].state
	}
	flat = stripPrefixes(flat)
	if partOf(flat, generator) == "" {
		return nil, ""
	}
	if name = partOf(flat, average); name == "" {
		return nil, ""
	}
	return stripPrefixes(withPrefix(flat, name+".")), name
}

// FindDiscriminator returns the state dict that lies beside the generator's under a name that programs give to a
// discriminator, and its name; nil where there is none, or more than one.
func FindDiscriminator(v Value) (s StateDict, name string) {
	if found := under(v, discriminator); len(found) == 1 {
		return stripPrefixes(found[0].state), found[0].name
	}
	flat, ok := asStateDict(v)
	if plain := generators(v); !ok && len(plain) == 1 {
		flat = plain[0].state
	}
	flat = stripPrefixes(flat)
	if name = partOf(flat, discriminator); name == "" {
		return nil, ""
	}
	return stripPrefixes(withPrefix(flat, name+".")), name
}

// named is a state dict with where it lies.
type named struct {
	name  string
	state StateDict
}

// under gives the state dicts that lie in v under names of a role, in their order there.
func under(v Value, wanted role) (all []named) {
	d, ok := v.(*Dict)
	if !ok {
		return nil
	}
	for key, item := range d.All() {
		name, text := key.(string)
		if s, ok := asStateDict(item); ok && text && roleOf(name) == wanted {
			all = append(all, named{name, s})
		}
	}
	return all
}

// generators are the state dicts that lie in v under a generator's name or, where there are none, under one that says nothing.
func generators(v Value) []named {
	if all := under(v, generator); len(all) > 0 {
		return all
	}
	return under(v, unnamed)
}

// generatorOf is s, or the generator's part of it where its names begin with those of several networks. A layer may have a
// generator's name too: then other layers stand beside it, and no discriminator.
func generatorOf(s StateDict) StateDict {
	s = stripPrefixes(s)
	plain, averaged := partOf(s, generator), partOf(s, average)
	several := partOf(s, discriminator) != "" || plain != "" && averaged != ""
	if name := cmp.Or(plain, averaged); name != "" && (several || commonPrefix(s, "generator.") != "") {
		return stripPrefixes(withPrefix(s, name+"."))
	}
	return s
}

// partOf is the first part of names in s that is a name of a role, or "".
func partOf(s StateDict, wanted role) string {
	first := firstParts(s)
	if at := slices.IndexFunc(first, func(name string) bool { return roleOf(name) == wanted }); at >= 0 {
		return first[at]
	}
	return ""
}

// group is the part of a flat dict whose names begin with the last parts of key; the first ones lead to the dict.
func group(v Value, key string) StateDict {
	places := append(under(v, generator), under(v, unnamed)...)
	if s, ok := asStateDict(v); ok {
		places = []named{{"", s}}
	}
	for _, place := range places {
		if found := withPrefix(stripPrefixes(place.state), key+"."); len(found) > 0 {
			return found
		}
	}
	for i := range key {
		if s, ok := asStateDict(descend(v, key[:i])); ok && key[i] == '.' {
			if found := withPrefix(stripPrefixes(s), key[i+1:]+"."); len(found) > 0 {
				return found
			}
		}
	}
	return nil
}

// withPrefix is the entries whose names begin with prefix, without it.
func withPrefix(s StateDict, prefix string) (found StateDict) {
	for _, e := range s {
		if name, ok := strings.CutPrefix(e.Key, prefix); ok {
			found = append(found, Entry{Key: name, Tensor: e.Tensor})
		}
	}
	return found
}

// firstParts are the first parts of all names, each once.
func firstParts(s StateDict) (parts []string) {
	known := map[string]bool{}
	for _, e := range s {
		if first, _, ok := strings.Cut(e.Key, "."); ok && !known[first] {
			known[first] = true
			parts = append(parts, first)
		}
	}
	return parts
}

// asStateDict accepts what a state dict is: names and tensors, at least one, and nothing else.
func asStateDict(v Value) (StateDict, bool) {
	if s, ok := v.(StateDict); ok {
		return s, true
	}
	d, ok := v.(*Dict)
	if !ok || d.Len() == 0 {
		return nil, false
	}
	s := make(StateDict, 0, d.Len())
	for key, item := range d.All() {
		name, text := key.(string)
		t, tensor := item.(*Tensor)
		if !text || !tensor {
			return nil, false
		}
		s = append(s, Entry{Key: name, Tensor: *t})
	}
	return s, true
}

// descend follows a path; a key may itself hold dots, so the longest that fits is taken.
func descend(v Value, path string) Value {
	d, ok := v.(*Dict)
	if !ok {
		return nil
	}
	for end := len(path); end > 0; end = strings.LastIndexByte(path[:end], '.') {
		item, known := d.Get(path[:end])
		if number, err := strconv.ParseInt(path[:end], 10, 64); !known && err == nil {
			item, known = d.GetInt(number)
		}
		if known && end == len(path) {
			return item
		}
		if known {
			return descend(item, path[end+1:])
		}
	}
	return nil
}

// candidates lists the state dicts of a value by their paths.
func candidates(v Value) string {
	const most, deepest = 20, 4
	var names []string
	var walk func(at *Path, v Value, depth int)
	walk = func(at *Path, v Value, depth int) {
		d, ok := v.(*Dict)
		if !ok || depth > deepest || len(names) > most {
			return
		}
		if s, ok := asStateDict(d); ok {
			parts := firstParts(stripPrefixes(s))
			if at != nil {
				names = append(names, Show(at.String()))
			}
			if len(parts) > 1 && len(parts) <= 8 {
				names = append(names, fmt.Sprintf("names that begin with %s", Show(strings.Join(parts, " or "))))
			}
			return
		}
		if _, optimizer := d.Get("param_groups"); optimizer {
			return
		}
		for key, item := range d.All() {
			walk(&Path{at, key}, item, depth+1)
		}
	}
	walk(nil, v, 0)
	if len(names) == 0 {
		return "the file holds none"
	}
	return "the file holds: " + strings.Join(names, ", ")
}

// stripPrefixes takes off what wrappers put before every name, in any order and number.
func stripPrefixes(s StateDict) StateDict {
	for {
		prefix := commonPrefix(s, "module.", "_orig_mod.")
		if prefix == "" {
			return s
		}
		bare := make(StateDict, len(s))
		for i, e := range s {
			bare[i] = Entry{Key: e.Key[len(prefix):], Tensor: e.Tensor}
		}
		s = bare
	}
}

// commonPrefix returns the one of prefixes that every name has, "" if none.
func commonPrefix(s StateDict, prefixes ...string) string {
	for _, prefix := range prefixes {
		all := len(s) > 0
		for _, e := range s {
			all = all && strings.HasPrefix(e.Key, prefix)
		}
		if all {
			return prefix
		}
	}
	return ""
}
