package weights

import (
	"fmt"
	"strings"
)

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
			s.names = append(s.names, quote(strings.TrimPrefix(path, ".")))
		}
	case *Dict:
		for key, item := range v.All() {
			s.walk(fmt.Sprintf("%s.%v", path, key), item)
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

// nonFiniteNotice says which tensors lie in storages that hold NaN or infinity, if any.
func nonFiniteNotice(root Value, views []view) []string {
	bad := map[*Tensor]bool{}
	for _, v := range views {
		if v.storage.nonFinite {
			bad[v.tensor] = true
		}
	}
	if len(bad) == 0 {
		return nil
	}
	s := tensorSearch{wanted: func(t *Tensor) bool { return bad[t] }}
	s.walk("", root)
	if len(s.names) == 0 {
		return nil
	}
	return []string{nonFiniteText(s.names)}
}

func nonFiniteText(names []string) string {
	more := ""
	if len(names) == mostNames {
		more = " and perhaps more"
	}
	return "NaN or infinity in " + strings.Join(names, ", ") + more
}
