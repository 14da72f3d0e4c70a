package models

import (
	"slices"
	"strings"
	"testing"
	"time"
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
		{Classes{"straße", "Kelvin", "ΣΑΣ"}, "STRAßE,\u212aelvin,σας", []int64{0, 1, 2}},
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
		"A": {Classes{"a", "a", "b"}, "none of the classes"}, "0-9" + strings.Repeat(",0-9", 1<<20): {NumberedClasses(10), "names more than 16384 classes"},
	} {
		if _, err := c.classes.Parse(text); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%.40q: %v", text, err)
		}
	}
}

// What a request of a megabyte may name is read soon, also by a generator of as many classes as there can be.
func TestManyNamesAreFoundSoon(t *testing.T) {
	names := NumberedClasses(maxClasses)
	for i := range names {
		names[i] = "class " + names[i]
	}
	text := strings.ToUpper(strings.Join(names, ","))
	begin := time.Now()
	if classes, err := names.Parse(text); err != nil || len(classes) != maxClasses || classes[maxClasses-1] != maxClasses-1 {
		t.Errorf("%d classes, %v", len(classes), err)
	}
	if took := time.Since(begin); took > time.Second {
		t.Errorf("it took %v", took)
	}
}
