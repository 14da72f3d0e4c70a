package models

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

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
// a number, a number is the class of that place, from 0. Empty is all of them.
func (c Classes) Parse(text string) (classes []int64, err error) {
	if text == "" {
		for i := range c {
			classes = append(classes, int64(i))
		}
		return classes, nil
	}
	if i := c.index(text); i >= 0 { // a name may have a comma or a dash
		return []int64{int64(i)}, nil
	}
	for _, part := range strings.Split(text, ",") {
		some, err := c.parsePart(strings.TrimSpace(part))
		if err != nil {
			return nil, err
		}
		classes = append(classes, some...)
	}
	return classes, nil
}

func (c Classes) parsePart(part string) (classes []int64, err error) {
	if i := c.index(part); i >= 0 {
		return []int64{int64(i)}, nil
	}
	from, to, isRange := strings.Cut(part, "-")
	first, last := c.index(from), c.index(to)
	if !isRange || first < 0 || last < 0 {
		return nil, fmt.Errorf("%q is none of the classes: there are %s", part, c)
	}
	if last < first {
		return nil, fmt.Errorf("the range %s does not go up", part)
	}
	for i := first; i <= last; i++ {
		classes = append(classes, int64(i))
	}
	return classes, nil
}

// index is the class of a name in any case of letters, where that is clear, or of a number; -1 for none.
func (c Classes) index(text string) int {
	if i := slices.Index(c, text); i >= 0 {
		return i
	}
	found := -1
	for i, name := range c {
		if strings.EqualFold(name, text) {
			if found >= 0 {
				return -1
			}
			found = i
		}
	}
	if found >= 0 || slices.ContainsFunc(c, isNumber) {
		return found
	}
	if n, err := strconv.Atoi(text); err == nil && n >= 0 && n < len(c) {
		return n
	}
	return -1
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
