package arch

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"cgan/weights"
)

// New is a layer of that class with arguments by their place, as in Python: New("model.0", "Linear", 110, 256). They are of
// type int, int64, float64, bool, string or []int64, or nil for None. It panics on a class or arguments that torch.nn has not; sizes that
// can't be are for Check to tell.
func New(key, op string, arguments ...any) Layer {
	values := make([]any, len(arguments))
	for i, v := range arguments {
		switch v := v.(type) {
		case nil:
			values[i] = nothing{}
		case int:
			values[i] = int64(v)
		case []int64:
			values[i] = anys(v)
		default:
			values[i] = v
		}
	}
	l, err := bind(call{op: op, values: values})
	if err != nil {
		panic(fmt.Sprintf("arch.New: %s%v: %v", op, arguments, err))
	}
	l.Key = key
	return l
}

func anys(list []int64) []any {
	values := make([]any, len(list))
	for i, n := range list {
		values[i] = n
	}
	return values
}

// bind makes a layer of a call. What equals the default is left out, and so is inplace, so that equal layers are equal.
func bind(c call) (Layer, error) {
	of := classes[c.op]
	if of == nil {
		return Layer{}, unknownLayer(c.op)
	}
	given, err := of.byName(c)
	if err != nil {
		return Layer{}, err
	}
	l := Layer{Op: c.op, Arguments: map[string]any{}}
	for _, a := range of.arguments {
		v, ok := given[a.name]
		if !ok {
			if a.usual == nil {
				return Layer{}, fmt.Errorf("%s is missing", a.name)
			}
			continue
		}
		if v, err = a.convert(v); err != nil {
			return Layer{}, err
		}
		if v != a.usual && a.name != inplace.name {
			l.Arguments[a.name] = v
		}
	}
	return l, nil
}

// byName gives each argument of a call its name.
func (of *class) byName(c call) (map[string]any, error) {
	given := map[string]any{}
	for i, v := range c.values {
		switch {
		case i < len(of.arguments) && of.arguments[i].kind == isRest && len(c.values) > 1:
			given[of.arguments[i].name] = c.values[i:]
			return given, nil
		case i >= len(of.arguments) || of.arguments[i].named:
			return nil, fmt.Errorf("too many arguments; %s", of.takes())
		}
		given[of.arguments[i].name] = v
	}
	for _, k := range c.keywords {
		if _, known := of.argument(k.name); !known {
			return nil, of.unknownArgument(k.name)
		}
		if _, twice := given[k.name]; twice {
			return nil, fmt.Errorf("%s is given twice", k.name)
		}
		given[k.name] = k.value
	}
	return given, nil
}

// takes says which arguments the class has.
func (of *class) takes() string {
	if len(of.arguments) == 0 {
		return of.name + " takes none"
	}
	return "there are only those of " + of.signature()
}

// signature is the class with its arguments and their defaults, as Python would declare it.
func (of *class) signature() string {
	var list []string
	for _, a := range of.arguments {
		switch {
		case a.kind == isRest:
			list = append(list, "*"+a.name)
		case a.usual == nil:
			list = append(list, a.name)
		case a.named:
			list = append(list, "*, "+a.name+"="+literal(a.usual))
		default:
			list = append(list, a.name+"="+literal(a.usual))
		}
	}
	return of.name + "(" + strings.Join(list, ", ") + ")"
}

// convert gives a literal the type that it has in a Layer.
func (a argument) convert(v any) (any, error) {
	if v == any(nothing{}) || a.kind == isTruth && v == false { // where None is the default it is false
		if a.usual == any(nothing{}) {
			return a.usual, nil
		}
	}
	if n, ok := v.(int64); ok {
		switch a.kind {
		case isNumber, isFactor:
			return float64(n), nil
		case isSizes, isRest:
			return []int64{n}, nil
		}
	}
	if list, ok := v.([]any); ok {
		if converted := a.convertList(list); converted != nil {
			return converted, nil
		}
	}
	if s, ok := v.(string); ok && a.kind == isPadding && (s == "same" || s == "valid") {
		return v, nil
	}
	if !a.holds(v) {
		return nil, fmt.Errorf("%s is %s, not %s", a.name, literal(v), a.kind)
	}
	return v, nil
}

// convertList is convert of a tuple; nil where the argument can't be one.
func (a argument) convertList(list []any) any {
	if a.kind == isFactor {
		if len(list) != 2 || list[0] != list[1] {
			return nil
		}
		f, err := a.convert(list[0])
		if err != nil {
			return nil
		}
		return f
	}
	var whole []int64
	for _, v := range list {
		n, ok := v.(int64)
		if !ok {
			return nil
		}
		whole = append(whole, n)
	}
	switch {
	case a.kind == isSizes || a.kind == isRest:
		return whole
	case (a.kind == isPair || a.kind == isPadding) && len(whole) == 2 && whole[0] == whole[1]:
		return whole[0]
	case (a.kind == isPair || a.kind == isPadding) && len(whole) == 2:
		return whole
	}
	return nil
}

func unknownLayer(op string) error {
	var names []string
	for _, c := range table {
		names = append(names, c.name)
	}
	if near := nearest(op, names); near != "" {
		return fmt.Errorf("there is no layer %s; the nearest is %s", weights.Show(op), near)
	}
	return fmt.Errorf("there is no layer %s; there are %s", weights.Show(op), strings.Join(names, ", "))
}

func (of *class) unknownArgument(name string) error {
	if name == "device" || name == "dtype" {
		return fmt.Errorf("%s has no place in a file", name)
	}
	var names []string
	for _, a := range of.arguments {
		names = append(names, a.name)
	}
	if near := nearest(name, names); near != "" {
		return fmt.Errorf("there is no argument %s; the nearest is %s", weights.Show(name), near)
	}
	return fmt.Errorf("there is no argument %s; %s", weights.Show(name), of.takes())
}

// nearest is the name that is meant, whatever its case; "" where none is near.
func nearest(name string, names []string) string {
	for _, candidate := range names {
		if strings.EqualFold(name, candidate) {
			return candidate
		}
	}
	return weights.Nearest(name, names)
}

// oneOf lists what is possible.
func oneOf(names []string) string {
	if len(names) == 1 {
		return names[0]
	}
	return strings.Join(names[:len(names)-1], ", ") + " or " + names[len(names)-1]
}

// Int is an argument that is a whole number; Float, Bool, Text and Pair are the same for others. An argument that was not
// given has torch.nn's default, 0 or false where that is None. They panic on a name or kind that the layer has not.
func (l Layer) Int(name string) int64 { return value[int64](l, name, isWhole) }

func (l Layer) Float(name string) float64 { return value[float64](l, name, isNumber, isFactor) }
func (l Layer) Bool(name string) bool     { return value[bool](l, name, isTruth) }
func (l Layer) Text(name string) string   { return value[string](l, name, isText) }

// Pair is an argument of height and width, which may be given as one number for both.
func (l Layer) Pair(name string) [2]int64 {
	v := value[any](l, name, isPair, isPadding)
	if list, ok := v.([]int64); ok {
		return [2]int64{list[0], list[1]}
	}
	n, _ := v.(int64) // 0 for None
	return [2]int64{n, n}
}

// Ints is an argument that is a list of whole numbers, such as the size of Reshape.
func (l Layer) Ints(name string) []int64 { return value[[]int64](l, name, isSizes, isRest) }

// value is an argument of one of kinds, or its default; the zero value where that is None.
func value[T any](l Layer, name string, kinds ...kind) (v T) {
	c := classes[l.Op]
	if c == nil {
		panic(fmt.Sprintf("arch: there is no layer %q", l.Op))
	}
	a, known := c.argument(name)
	if !known || !slices.Contains(kinds, a.kind) {
		panic(fmt.Sprintf("arch: %s has no such argument: %q", l.Op, name))
	}
	given, ok := l.Arguments[name]
	if !ok {
		given = a.usual
	}
	if _, none := given.(nothing); none {
		return v
	}
	return given.(T)
}

// String is the layer as a call in Python, such as Linear(110, 256): by place what must be given and the first argument, by
// keyword what else differs from the default.
func (l Layer) String() string {
	c := classes[l.Op]
	if c == nil {
		return l.Op + "()"
	}
	var list []string
	for i, a := range c.arguments {
		v, given := l.Arguments[a.name]
		switch {
		case !given || v == a.usual:
		case a.kind == isRest:
			list = append(list, strings.Trim(literal(v), "(,)"))
		case i == 0 || a.usual == nil:
			list = append(list, literal(v))
		default:
			list = append(list, a.name+"="+literal(v))
		}
	}
	return l.Op + "(" + strings.Join(list, ", ") + ")"
}

// literal is a value as Python writes it.
func literal(v any) string {
	switch v := v.(type) {
	case nothing:
		return "None"
	case bool:
		if v {
			return "True"
		}
		return "False"
	case float64:
		s := strconv.FormatFloat(v, 'g', -1, 64)
		if !strings.ContainsAny(s, ".eIN") {
			s += ".0"
		}
		return s
	case string:
		return "'" + weights.Show(v) + "'"
	case []int64:
		return literal(anys(v))
	case []any:
		var list []string
		for _, item := range v {
			list = append(list, literal(item))
		}
		if len(list) == 1 {
			return "(" + list[0] + ",)"
		}
		return "(" + strings.Join(list, ", ") + ")"
	}
	return fmt.Sprint(v)
}
