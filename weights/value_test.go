package weights_test

import (
	"fmt"
	"testing"

	"cgan/weights"
	"cgan/weights/internal/weightstest"
)

func TestDict(t *testing.T) {
	d := &weights.Dict{}
	if _, known := d.Get("x"); known || d.Len() != 0 {
		t.Error("the zero Dict is not empty")
	}
	d.Set("x", 1)
	d.SetInt(7, 2)
	d.Set("x", 3)
	if v, known := d.Get("x"); !known || v != 3 || d.Len() != 2 {
		t.Errorf("%v, %d items", v, d.Len())
	}
	if v, known := d.GetInt(7); !known || v != 2 {
		t.Error(v)
	}
	for key := range d.All() {
		if key != "x" {
			t.Error(key)
		}
		break
	}
	s := weightstest.LayerState()
	if w, known := s.Get("layer1.0.bias"); !known || w.DType != weights.BF16 {
		t.Error(w)
	}
	if _, known := s.Get("none"); known {
		t.Error("found what is not there")
	}
}

// A dict of many keys keeps their order and finds each.
func TestLargeDict(t *testing.T) {
	d := &weights.Dict{}
	for i := range 100 {
		d.Set(fmt.Sprint(i), i)
		d.Set(fmt.Sprint(i/2), i/2)
	}
	next := 0
	for key, v := range d.All() {
		if got, known := d.Get(key.(string)); !known || got != v || v != next || key != fmt.Sprint(next) {
			t.Fatalf("%v is %v and found as %v", key, v, got)
		}
		next++
	}
	if _, known := d.Get("100"); known || next != 100 || d.Len() != 100 {
		t.Errorf("%d keys", next)
	}
}
