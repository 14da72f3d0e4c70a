package weights

import (
	"fmt"
	"slices"
	"strings"
)

// Path is where a value lies in another: the keys of the dicts and the places in the lists around it. Nil is the outermost. It
// is no text until that is asked for: a file can hold a long key around a great many values.
type Path struct {
	up  *Path
	key any // string or int64 of a dict, int of a list
}

// String joins the keys by dots.
func (p *Path) String() string {
	var keys []string
	for ; p != nil; p = p.up {
		keys = append(keys, fmt.Sprint(p.key))
	}
	slices.Reverse(keys)
	return strings.Join(keys, ".")
}

// mostSteps bounds a walk: what is shared is walked at each of its places.
const mostSteps = 1_000_000

// Walk calls visit for the values in v that hold no others, in order, until it says false. It reports whether it came to the
// end: a file of a few bytes can hold millions of values, of which Walk visits a million at most.
func Walk(v Value, visit func(at *Path, v Value) bool) bool {
	w := walker{visit: visit}
	return w.walk(nil, v)
}

type walker struct {
	visit func(*Path, Value) bool
	steps int
}

func (w *walker) walk(at *Path, v Value) bool {
	if w.steps++; w.steps > mostSteps {
		return false
	}
	switch v := v.(type) {
	case *Dict:
		for key, item := range v.All() {
			if !w.walk(&Path{at, key}, item) {
				return false
			}
		}
	case StateDict:
		for i := range v {
			if !w.walk(&Path{at, v[i].Key}, &v[i].Tensor) {
				return false
			}
		}
	case List:
		return w.walkItems(at, v)
	case Tuple:
		return w.walkItems(at, v)
	default:
		return w.visit(at, v)
	}
	return true
}

func (w *walker) walkItems(at *Path, items []Value) bool {
	for i, item := range items {
		if !w.walk(&Path{at, i}, item) {
			return false
		}
	}
	return true
}
