package weights

import (
	"fmt"
	"strconv"
	"strings"
)

// usualKeys are the places where programs keep a generator's state dict, when none is asked for.
var usualKeys = []string{"generator", "state_dict", "model_state_dict", "model", "G", "G_ema", "netG"}

// FindStateDict returns the state dict in a value: under key, if one is given, else the value
// itself or the one that lies under one of the usual names (generator, state_dict,
// model_state_dict, model, G, G_ema, netG). A key may be a path with dots. The prefixes "module."
// (DataParallel) and "_orig_mod." (torch.compile) are taken off where every name has them. An
// error lists the state dicts that the value does hold.
func FindStateDict(v Value, key string) (StateDict, error) {
	if key != "" {
		if found, ok := asStateDict(descend(v, key)); ok {
			return stripPrefixes(found), nil
		}
		return nil, fmt.Errorf("there is no state dict under %s; %s", quote(key), candidates(v))
	}
	if found, ok := asStateDict(v); ok {
		return stripPrefixes(found), nil
	}
	var found []StateDict
	var names []string
	for _, name := range usualKeys {
		if s, ok := asStateDict(descend(v, name)); ok {
			found, names = append(found, s), append(names, name)
		}
	}
	switch len(found) {
	case 0:
		return nil, fmt.Errorf("there is no state dict under a usual name; %s", candidates(v))
	case 1:
		return stripPrefixes(found[0]), nil
	}
	return nil, fmt.Errorf("there are several state dicts, %s: say which by its key", strings.Join(names, " and "))
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
		if _, ok := asStateDict(d); ok && path != "" {
			names = append(names, show(path[1:]))
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

// stripPrefixes takes off what wrappers put in front of every name, in any order and number.
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
