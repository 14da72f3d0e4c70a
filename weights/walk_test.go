package weights

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestWalk(t *testing.T) {
	inner, root := &Dict{}, &Dict{}
	inner.Set("a", int64(1))
	inner.SetInt(7, Tuple{"x", nil})
	root.Set("in", inner)
	root.Set("again", List{inner})
	root.Set("state", StateDict{{Key: "w.0", Tensor: Tensor{}}})
	var seen []string
	whole := Walk(root, func(at *Path, v Value) bool {
		seen = append(seen, fmt.Sprintf("%s %T", at, v))
		return true
	})
	want := []string{"in.a int64", "in.7.0 string", "in.7.1 <nil>", "again.0.a int64", "again.0.7.0 string", "again.0.7.1 <nil>", "state.w.0 *weights.Tensor"}
	if !whole || !slices.Equal(seen, want) {
		t.Errorf("%v, %q", whole, seen)
	}
	if Walk(root, func(*Path, Value) bool { return false }) {
		t.Error("an end that was asked for is not the end")
	}
	if !Walk("alone", func(at *Path, v Value) bool { return at.String() == "" && v == "alone" }) {
		t.Error("the outermost value has a path")
	}
}

// A small file can hold a few lists in each other that span millions of values below a long key: what looks through it takes
// no more time or memory for that.
func TestSharedPartsBelowALongKey(t *testing.T) {
	const keyBytes = 1 << 20
	var shared Value = List(make([]Value, 1000))
	for range 2 {
		items := make(List, 1000)
		for i := range items {
			items[i] = shared
		}
		shared = items
	}
	root := &Dict{}
	root.Set(strings.Repeat("A", keyBytes), shared)
	root.Set("bad", &Tensor{})
	for name, look := range map[string]func(){
		"walk":   func() { Walk(root, func(*Path, Value) bool { return true }) },
		"notice": func() { NonFiniteNotice(root, func(*Tensor) bool { return true }) },
		"find":   func() { _, _ = Find(root, "") },
	} {
		began := time.Now()
		allocated := testing.AllocsPerRun(1, look)
		if took := time.Since(began); took > 5*time.Second || allocated > 4e6 {
			t.Errorf("%s took %v and %.0f allocations", name, took, allocated)
		}
	}
}

// Names of a million layers are looked through once, not once for each.
func TestManyFirstParts(t *testing.T) {
	s := make(StateDict, 300_000)
	for i := range s {
		s[i] = Entry{Key: fmt.Sprintf("%06d.w", i), Tensor: Tensor{DType: F32, Shape: []int64{0}}}
	}
	began := time.Now()
	if _, err := Find(s, ""); err != nil {
		t.Error(err)
	}
	FindAverage(s)
	FindDiscriminator(s)
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("it took %v", took)
	}
}
