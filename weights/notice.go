package weights

import (
	"fmt"
	"strings"
)

// NonFiniteNotice says which tensors of a value, by their dotted paths, are not finite, "" if none is.
func NonFiniteNotice(v Value, nonFinite func(*Tensor) bool) string {
	s := tensorSearch{wanted: nonFinite}
	s.walk("", v)
	more := ""
	switch len(s.names) {
	case 0:
		return ""
	case mostNames:
		more = " and perhaps more"
	}
	return "NaN or infinity in " + strings.Join(s.names, ", ") + more
}

// tensorSearch looks for tensors in a value, within bounds: shared parts are walked each time.
type tensorSearch struct {
	wanted func(*Tensor) bool
	names  []string // dotted paths of what was found
	steps  int
}

const (
	mostNames = 8
	mostSteps = 1_000_000
)

func (s *tensorSearch) walk(path string, v Value) {
	if s.steps++; s.steps > mostSteps || len(s.names) == mostNames {
		return
	}
	switch v := v.(type) {
	case *Tensor:
		if s.wanted(v) {
			s.names = append(s.names, Quote(strings.TrimPrefix(path, ".")))
		}
	case *Dict:
		for key, item := range v.All() {
			s.walk(fmt.Sprintf("%s.%v", path, key), item)
		}
	case StateDict:
		for i := range v {
			s.walk(path+"."+v[i].Key, &v[i].Tensor)
		}
	case List:
		s.walkItems(path, v)
	case Tuple:
		s.walkItems(path, v)
	}
}

func (s *tensorSearch) walkItems(path string, items []Value) {
	for i, item := range items {
		s.walk(fmt.Sprintf("%s.%d", path, i), item)
	}
}
