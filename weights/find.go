package weights

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// usualKeys are the places where programs keep a generator's state dict, when none is asked for.
var usualKeys = []string{"generator", "state_dict", "model_state_dict", "model", "G", "netG"}

// averages are names of an average of the generator's weights over the training, which is what one draws with.
var averages = []string{"generator_ema", "G_ema", "netG_ema", "g_ema", "ema"}

// Find returns the state dict in a value: under key, if one is given, else the value
// itself or the one that lies under one of the usual names (generator, state_dict,
// model_state_dict, model, G, netG, or that of an average such as G_ema). Where an average lies beside what it is the
// average of, Find gives the latter, and FindAverage the average. A key may be a path with dots. In one flat dict of
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
	plain, average := under(v, usualKeys), under(v, averages)
	switch {
	case len(plain) == 1 && len(average) <= 1:
		return generatorOf(plain[0].state), nil
	case len(plain) == 0 && len(average) == 1:
		return generatorOf(average[0].state), nil
	case len(plain)+len(average) == 0:
		return nil, fmt.Errorf("there is no state dict under a usual name; %s", candidates(v))
	}
	var names []string
	for _, found := range append(plain, average...) {
		names = append(names, found.name)
	}
	return nil, fmt.Errorf("there are several state dicts, %s: say which by its key", strings.Join(names, " and "))
}

// FindAverage returns the average of weights that lies beside those that Find gives without a key, and its name; nil
// where there is none.
func FindAverage(v Value) (s StateDict, name string) {
	flat, ok := asStateDict(v)
	if !ok {
		plain, average := under(v, usualKeys), under(v, averages)
		if len(plain) != 1 {
			return nil, ""
		}
		if len(average) == 1 {
			return stripPrefixes(average[0].state), average[0].name
		}
		flat = plain[0].state
	}
	flat = stripPrefixes(flat)
	if firstOf(flat, prefixes) == "" {
		return nil, ""
	}
	if name = firstOf(flat, averages); name == "" {
		return nil, ""
	}
	return stripPrefixes(withPrefix(flat, name+".")), name
}

// named is a state dict with where it lies.
type named struct {
	name  string
	state StateDict
}

// under gives the state dicts that lie under names.
func under(v Value, names []string) (all []named) {
	for _, name := range names {
		if s, ok := asStateDict(descend(v, name)); ok {
			all = append(all, named{name, s})
		}
	}
	return all
}

// prefixes are what the generator's names begin with in a flat dict of several networks.
var prefixes = []string{"generator", "G", "netG", "gen"}

// generatorOf is s, or the generator's part of it where its names begin with those of several networks.
func generatorOf(s StateDict) StateDict {
	s = stripPrefixes(s)
	name := firstOf(s, append(slices.Clone(prefixes), averages...))
	if name != "" && (name == "generator" || len(firstParts(s)) > 1) {
		return stripPrefixes(withPrefix(s, name+"."))
	}
	return s
}

// firstOf is the first of names that names of s begin with, or "".
func firstOf(s StateDict, names []string) string {
	first := firstParts(s)
	for _, name := range names {
		if slices.Contains(first, name) {
			return name
		}
	}
	return ""
}

// group is the part of a flat dict whose names begin with the last parts of key; the first ones lead to the dict.
func group(v Value, key string) StateDict {
	places := []Value{v}
	for _, name := range usualKeys {
		places = append(places, descend(v, name))
	}
	for _, place := range places {
		if s, ok := asStateDict(place); ok {
			if found := withPrefix(stripPrefixes(s), key+"."); len(found) > 0 {
				return found
			}
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
	for _, e := range s {
		if first, _, ok := strings.Cut(e.Key, "."); ok && !slices.Contains(parts, first) {
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
	var walk func(path string, v Value, depth int)
	walk = func(path string, v Value, depth int) {
		d, ok := v.(*Dict)
		if !ok || depth > deepest || len(names) > most {
			return
		}
		if s, ok := asStateDict(d); ok {
			parts := firstParts(stripPrefixes(s))
			if path != "" {
				names = append(names, Show(path[1:]))
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
			walk(fmt.Sprintf("%s.%v", path, key), item, depth+1)
		}
	}
	walk("", v, 0)
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
