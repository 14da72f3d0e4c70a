package models

import (
	"slices"
	"strings"
	"testing"
)

var clothes = Classes{"T-shirt/top", "Trouser", "Pullover", "Ankle boot", "hat, cap"}

func TestClassesAreNamedOrNumbered(t *testing.T) {
	byTen := Classes{"1", "2", "3", "10"}
	letters := Classes{"3", "A", "a", "b"}
	for _, c := range []struct {
		classes Classes
		text    string
		want    []int64
	}{
		{NumberedClasses(10), "3", []int64{3}}, {NumberedClasses(10), "0-2", []int64{0, 1, 2}},
		{NumberedClasses(10), "1,3,5", []int64{1, 3, 5}}, {NumberedClasses(10), "0-1, 9", []int64{0, 1, 9}}, {NumberedClasses(3), "", []int64{0, 1, 2}},
		{byTen, "10", []int64{3}}, {byTen, "1-3", []int64{0, 1, 2}}, {byTen, "", []int64{0, 1, 2, 3}},
		{clothes, "trouser", []int64{1}}, {clothes, "t-shirt/top", []int64{0}}, {clothes, "Trouser,ankle boot", []int64{1, 3}},
		{clothes, "hat, cap", []int64{4}}, {clothes, "2", []int64{2}}, {clothes, "1-3", []int64{1, 2, 3}}, {clothes, "trouser-ankle boot", []int64{1, 2, 3}},
		{letters, "a", []int64{2}}, {letters, "A", []int64{1}}, {letters, "B", []int64{3}}, {letters, "3", []int64{0}},
	} {
		if got, err := c.classes.Parse(c.text); err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%q of %s: %v, %v", c.text, c.classes, got, err)
		}
	}
}

func TestUnknownClassesAreNamed(t *testing.T) {
	for text, c := range map[string]struct {
		classes Classes
		says    string
	}{
		"shoe": {clothes, "T-shirt/top, Trouser, Pullover"}, "5": {clothes, "5"}, "0": {Classes{"1", "2", "3"}, "1 to 3"}, "12": {NumberedClasses(10), "0 to 9"},
		"3-1": {NumberedClasses(10), "does not go up"}, ",": {NumberedClasses(10), "none of the classes"}, "1,": {NumberedClasses(10), "none of the classes"},
		"3": {Classes{"1", "5", "9"}, "1, 5, 9"}, "x": {Classes{"a\x1b[2J", "b"}, `"a\x1b[2J", b`}, "0-": {NumberedClasses(10), "none of the classes"}, "4": {Classes{"3", "A"}, "3, A"},
	} {
		if _, err := c.classes.Parse(text); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%q: %v", text, err)
		}
	}
}
