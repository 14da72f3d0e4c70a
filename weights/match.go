package weights

import (
	"fmt"
	"slices"
	"strings"
)

// Spec is one tensor that a model needs.
type Spec struct {
	Key   string
	Shape []int64
	DType DType
}

// MatchError lists everything in which a state dict differs from what a model needs.
type MatchError struct {
	Missing    []string // keys that the model needs
	Unexpected []string // keys that it does not know
	Wrong      []string // a key with its shape or type and the one that is needed
	Repeated   []string // keys that occur twice
	hints      []string
}

// Error joins the lists in one line, the first hundred entries of each.
func (e *MatchError) Error() string {
	var parts []string
	add := func(what string, names []string) {
		const most = 100
		if n := len(names); n > most {
			names = append(slices.Clone(names[:most]), fmt.Sprintf("and %d more", n-most))
		}
		if len(names) > 0 {
			parts = append(parts, what+strings.Join(names, ", "))
		}
	}
	missing := make([]string, len(e.Missing))
	for i, key := range e.Missing {
		missing[i] = Show(key)
	}
	add("missing: ", missing)
	add("unexpected: ", e.Unexpected)
	add("wrong: ", e.Wrong)
	add("repeated: ", e.Repeated)
	add("hint: ", e.hints)
	return "the state dict does not fit the model; " + strings.Join(parts, "; ")
}

// Match returns nil if the state dict has exactly the wanted keys with their shapes and types,
// else one *MatchError with all differences. Another floating-point type is no difference: Convert
// goes between them. A num_batches_tracked may be missing, as in files before torch 0.4.1.
func Match(have StateDict, want []Spec) error {
	e := &MatchError{}
	specs := make(map[string]Spec, len(want))
	for _, w := range want {
		specs[w.Key] = w
	}
	seen := make(map[string]bool, len(have))
	for _, h := range have {
		w, known := specs[h.Key]
		switch {
		case seen[h.Key]:
			e.Repeated = append(e.Repeated, Quote(h.Key))
		case !known:
			e.Unexpected = append(e.Unexpected, h.Key)
		default:
			e.Wrong = append(e.Wrong, differences(h, w)...)
		}
		seen[h.Key] = true
	}
	for _, w := range want {
		if !seen[w.Key] && !strings.HasSuffix("."+w.Key, ".num_batches_tracked") {
			e.Missing = append(e.Missing, w.Key)
		}
	}
	if len(e.Missing)+len(e.Unexpected)+len(e.Wrong)+len(e.Repeated) == 0 {
		return nil
	}
	e.addHints()
	return e
}

func differences(have Entry, want Spec) []string {
	var list []string
	if !slices.Equal(have.Shape, want.Shape) {
		list = append(list, fmt.Sprintf("%s has shape %v, not %v", Show(have.Key), have.Shape, want.Shape))
	}
	counter := want.DType == I64 && Convertible(have.DType, I64) && // .double() converts it too
		strings.HasSuffix("."+have.Key, ".num_batches_tracked")
	if have.DType != want.DType && !(have.DType.IsFloat() && want.DType.IsFloat()) && !counter {
		list = append(list, fmt.Sprintf("%s is %v, not %v", Show(have.Key), have.DType, want.DType))
	}
	return list
}

// addHints says what may be meant by the first unexpected keys, and quotes all of them.
func (e *MatchError) addHints() {
	const mostGuesses = 20
	wrapped := false
	for i, key := range e.Unexpected {
		wrapped = wrapped || strings.HasPrefix(key, "module.") || strings.HasPrefix(key, "_orig_mod.")
		e.Unexpected[i] = Quote(key)
		if near := Nearest(key, e.Missing); i < mostGuesses && near != "" {
			e.Unexpected[i] += fmt.Sprintf(" (perhaps %s)", Show(near))
		}
	}
	if wrapped {
		e.hints = append(e.hints, "some keys have the prefix of DataParallel or torch.compile and others have not; "+
			"save model.module.state_dict() or model._orig_mod.state_dict()")
	}
	if len(e.Wrong) > 0 && len(e.Missing) == 0 && len(e.Unexpected) == 0 {
		e.hints = append(e.hints, "the keys fit: the model was probably built with other sizes")
	}
}

// Nearest returns the name that takes the fewest edits to reach, "" if even that one differs in
// more than a third of its length.
func Nearest(name string, names []string) string {
	const longest = 200
	best, found := len(name)/3+1, ""
	if len(name) > longest {
		return ""
	}
	for _, candidate := range names {
		if len(candidate) > longest {
			continue
		}
		if d := editDistance(name, candidate); d < best {
			best, found = d, candidate
		}
	}
	return found
}

// editDistance counts the insertions, deletions and replacements between two strings of bytes.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
