package main

import (
	"math"
	"strings"
	"testing"
)

// The figures are those of scipy.stats.ttest_rel([1, 4, 3, 7, 9], [0, 2, 0, 3, 4]) and its confidence_interval(0.95).
func TestPaired(t *testing.T) {
	low, high, p := paired([]float64{1, 4, 3, 7, 9}, []float64{0, 2, 0, 3, 4})
	for _, c := range [][2]float64{{low, 1.036757}, {high, 4.963243}, {p, 0.01323568}} {
		if math.Abs(c[0]-c[1]) > 1e-5 {
			t.Errorf("%v, want %v", c[0], c[1])
		}
	}
	if low, high, p = paired([]float64{1, 2}, []float64{1, 2}); low != 0 || high != 0 || p != 1 {
		t.Errorf("the same values differ: %v to %v, p %v", low, high, p)
	}
}

func TestVariantsAreComparedWithTheFirst(t *testing.T) {
	of := func(shares ...float64) (all []trained) {
		for _, share := range shares {
			one := trained{Frechet: 1 - share}
			one.Consistency.Share = share
			all = append(all, one)
		}
		return all
	}
	text := variants{mark: "<!-- x -->", title: "what", said: "So.", all: []variant{{name: "base"}, {name: "other"}}}.section(facts{cpu: "a processor"},
		[][]trained{of(0.98, 0.99, 0.97), of(0.97, 0.5, 0.96)})
	for _, want := range []string{"98.00 ± 1.00", "0 of 3", "1 of 3", "-85.84 to 51.84", "Seeds 0 to 2", "a processor"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
}
