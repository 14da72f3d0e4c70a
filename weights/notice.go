package weights

import "strings"

// mostNames bounds the names in a notice.
const mostNames = 8

// NonFiniteNotice says which tensors of a value, by their dotted paths, are not finite, "" if none is.
func NonFiniteNotice(v Value, nonFinite func(*Tensor) bool) string {
	var names []string
	Walk(v, func(at *Path, v Value) bool {
		if t, ok := v.(*Tensor); ok && nonFinite(t) {
			names = append(names, Quote(at.String()))
		}
		return len(names) < mostNames
	})
	more := ""
	switch len(names) {
	case 0:
		return ""
	case mostNames:
		more = " and perhaps more"
	}
	return "NaN or infinity in " + strings.Join(names, ", ") + more
}
