package models

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"cgan/weights"
	"cgan/weights/formats"
)

// Classes are the names of a generator's classes: class i, as Draw takes it, has name i.
type Classes []string

// ClassNames is the key of Classes in a checkpoint, a list, and in the metadata of a safetensors or ONNX file, JSON.
const ClassNames = "class_names"

// NumberedClasses are the names of n classes that have none: 0, 1, and so on.
func NumberedClasses(n int) Classes {
	names := make(Classes, n)
	for i := range names {
		names[i] = strconv.Itoa(i)
	}
	return names
}

// List is the names for a checkpoint.
func (c Classes) List() weights.List {
	list := make(weights.List, len(c))
	for i, name := range c {
		list[i] = name
	}
	return list
}

// JSON is the names for a file's metadata.
func (c Classes) JSON() string {
	text, _ := json.Marshal(c) // texts can't fail
	return string(text)
}

// classesOf is what a file says of its classes: their names, or their number, or nothing.
func classesOf(file *formats.File) (c Classes) {
	if err := json.Unmarshal([]byte(file.Metadata[ClassNames]), &c); err == nil && len(c) > 0 {
		return c
	}
	if n, err := strconv.Atoi(file.Metadata["classes"]); err == nil && n > 0 && n <= maxClasses {
		return NumberedClasses(n)
	}
	root, _ := file.Root.(*weights.Dict)
	if root == nil {
		return nil
	}
	value, _ := root.Get(ClassNames)
	list, _ := value.(weights.List)
	for _, item := range list {
		name, ok := item.(string)
		if !ok {
			return nil
		}
		c = append(c, name)
	}
	return c
}

// consecutive says that the names are numbers that go up by 1.
func (c Classes) consecutive() bool {
	first, err := strconv.Atoi(c[0])
	for i, name := range c {
		if err != nil || name != strconv.Itoa(first+i) {
			return false
		}
	}
	return true
}

func isNumber(name string) bool {
	_, err := strconv.Atoi(name)
	return err == nil
}

// Parse reads what a person writes for some classes: names, and ranges such as 0-9, with commas between. Where no name is
// a number, a number is the class of that place, from 0. Empty is all of them. To name more than a generator can have is an error.
func (c Classes) Parse(text string) (classes []int64, err error) { return c.Parser()(text) }

// Parser is Parse for many texts: it looks at all names once.
func (c Classes) Parser() func(text string) (classes []int64, err error) {
	known := knownClasses{c, map[string]int{}, map[string]int{}, slices.ContainsFunc(c, isNumber)}
	for i, name := range slices.Backward(c) {
		known.byName[name] = i
		if _, before := known.byFolded[fold(name)]; before {
			i = unclear
		}
		known.byFolded[fold(name)] = i
	}
	return known.parse
}

// knownClasses finds classes by what a person writes.
type knownClasses struct {
	names    Classes
	byName   map[string]int
	byFolded map[string]int // the names in any case of letters
	numbers  bool           // a name is one, so that a number is no place
}

const unclear = -1 // which of two names is meant

func (k knownClasses) parse(text string) (classes []int64, err error) {
	if text == "" {
		for i := range k.names {
			classes = append(classes, int64(i))
		}
		return classes, nil
	}
	if i := k.index(text); i >= 0 { // a name may have a comma or a dash
		return []int64{int64(i)}, nil
	}
	for part := range strings.SplitSeq(text, ",") {
		first, last, err := k.parsePart(strings.TrimSpace(part))
		if err != nil {
			return nil, err
		}
		if len(classes)+last-first >= maxClasses {
			return nil, fmt.Errorf("it names more than %d classes", maxClasses)
		}
		for i := first; i <= last; i++ {
			classes = append(classes, int64(i))
		}
	}
	return classes, nil
}

// parsePart reads a name or a range.
func (k knownClasses) parsePart(part string) (first, last int, err error) {
	if i := k.index(part); i >= 0 {
		return i, i, nil
	}
	from, to, isRange := strings.Cut(part, "-")
	first, last = k.index(from), k.index(to)
	if !isRange || first < 0 || last < 0 {
		return 0, 0, fmt.Errorf("%q is none of the classes: there are %s", part, k.names)
	}
	if last < first {
		return 0, 0, fmt.Errorf("the range %s does not go up", part)
	}
	return first, last, nil
}

// index is the class of a name in any case of letters, where that is clear, or of a number; -1 for none.
func (k knownClasses) index(text string) int {
	if i, ok := k.byName[text]; ok {
		return i
	}
	if i, ok := k.byFolded[fold(text)]; ok {
		return i
	}
	if n, err := strconv.Atoi(text); err == nil && n >= 0 && n < len(k.names) && !k.numbers {
		return n
	}
	return -1
}

// fold makes those names one that strings.EqualFold calls equal.
func fold(name string) string {
	return strings.Map(func(r rune) rune {
		least := r
		for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
			least = min(least, next)
		}
		return least
	}, name)
}

// Of are the names of some classes, as Parse gives them.
func (c Classes) Of(classes []int64) (names Classes) {
	for _, class := range classes {
		names = append(names, c[class])
	}
	return names
}

// String is the names for a message, cut where they are many.
func (c Classes) String() string {
	const most = 20
	if len(c) > 2 && c.consecutive() {
		return c[0] + " to " + c[len(c)-1]
	}
	var names []string
	for _, name := range c[:min(len(c), most)] {
		names = append(names, weights.Show(name))
	}
	text := strings.Join(names, ", ")
	if len(c) > most {
		text += fmt.Sprintf(" and %d more", len(c)-most)
	}
	return text
}
