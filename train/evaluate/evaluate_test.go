package evaluate

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"cgan/bindings/torch/torchtest"
	"cgan/models/judge"
	"cgan/train/dataset"
)

// cloud is features about a centre, without an image.
func cloud(seed uint64, n int, centre, width float64) *judged {
	random := rand.New(rand.NewPCG(seed, 0))
	v := &judged{}
	for i := range n {
		for range judge.Features {
			v.features = append(v.features, centre+width*random.NormFloat64())
		}
		v.read, v.asked = append(v.read, i%10), append(v.asked, i%10)
	}
	return v
}

// The distance of two normal clouds is known: by means apart and by widths.
func TestFrechetOfKnownClouds(t *testing.T) {
	const n = 20_000
	of := func(v *judged) gaussian { return gaussianOf(v.features, v.n()) }
	near := cloud(1, n, 0, 1)
	a := rootedOf(near.features, n)
	for _, test := range []struct{ centre, width, want float64 }{
		{0, 1, 0}, {0.5, 1, 0.25 * judge.Features}, {0, 2, judge.Features}, {1, 3, 5 * judge.Features},
	} {
		got, err := frechet(a, of(cloud(2, n, test.centre, test.width)))
		if err != nil || math.Abs(got-test.want) > 0.02*test.want+1.5 {
			t.Errorf("%+v: %v, %v", test, got, err)
		}
	}
	if same, err := frechet(a, a.gaussian); err != nil || same > 1e-6 {
		t.Error(same, err)
	}
}

// distances computes what eachDistances does, one by one.
func distance(a, b *judged, i, j int) (sum float64) {
	for k := range judge.Features {
		d := a.row(i)[k] - b.row(j)[k]
		sum += d * d
	}
	return sum
}

// Precision, recall, density and coverage are what their definitions say, computed one pair at a time.
func TestPRDCFollowsItsDefinition(t *testing.T) {
	real, drawn := cloud(3, 300, 0, 1), cloud(4, 200, 0.05, 0.95)
	realBalls, err := balls(real, neighbourK)
	if err != nil {
		t.Fatal(err)
	}
	got, err := compare(real, drawn, realBalls)
	if err != nil {
		t.Fatal(err)
	}
	ball := func(v *judged, i int) float64 {
		var all []float64
		for j := range v.n() {
			if j != i {
				all = append(all, distance(v, v, i, j))
			}
		}
		slices.Sort(all)
		return all[neighbourK-1]
	}
	var want PRDC
	covered, recalled := make([]bool, real.n()), make([]bool, real.n())
	balls := make([]float64, real.n())
	for j := range balls {
		balls[j] = ball(real, j)
	}
	for i := range drawn.n() {
		own, within := ball(drawn, i), 0
		for j := range real.n() {
			d := distance(drawn, real, i, j)
			if d < balls[j] {
				within, covered[j] = within+1, true
			}
			recalled[j] = recalled[j] || d < own
		}
		want.Density += float64(within) / neighbourK / float64(drawn.n())
		want.Precision += float64(min(within, 1)) / float64(drawn.n())
	}
	for j := range covered {
		if covered[j] {
			want.Coverage += 1 / float64(real.n())
		}
		if recalled[j] {
			want.Recall += 1 / float64(real.n())
		}
	}
	for what, pair := range map[string][2]float64{
		"precision": {got.Precision, want.Precision}, "recall": {got.Recall, want.Recall},
		"density": {got.Density, want.Density}, "coverage": {got.Coverage, want.Coverage},
	} {
		if math.Abs(pair[0]-pair[1]) > 1e-9 {
			t.Errorf("%s is %v, want %v", what, pair[0], pair[1])
		}
	}
	if got.Precision == 0 || got.Precision == 1 {
		t.Errorf("%+v: the clouds test nothing", got)
	}
}

func TestConsistencyCounts(t *testing.T) {
	v := &judged{read: []int{0, 1, 1, 2, 2, 2}, asked: []int{0, 1, 2, 2, 2, 0}}
	c := consistency(v, 3)
	if c.Share != 4.0/6 || !slices.Equal(c.Confusion[2], []int{0, 1, 2}) || !slices.Equal(c.Classes, []float64{0.5, 1, 2.0 / 3}) {
		t.Errorf("%+v", c)
	}
	// scipy.stats.binomtest(k, n).proportion_ci(0.95, "exact")
	for _, test := range []struct {
		share float64
		n     int
		want  Interval
	}{{0.9, 200, Interval{0.8498, 0.9378}}, {1, 100, Interval{0.9638, 1}}, {0, 100, Interval{0, 0.0362}}} {
		if got := interval(test.share, test.n); math.Abs(got[0]-test.want[0]) > 5e-4 || math.Abs(got[1]-test.want[1]) > 5e-4 {
			t.Errorf("%v of %d: %v, want %v", test.share, test.n, got, test.want)
		}
	}
}

// Copies of training images are nearer to them than what nobody has seen, and others are not.
func TestMemorisationShowsCopies(t *testing.T) {
	real := cloud(5, 500, 0, 1)
	unseen := mustClosest(t, cloud(6, 500, 0, 1), real)
	if fresh := nearness(mustClosest(t, cloud(7, 500, 0, 1), real), unseen); fresh.Share > 0.05 || math.Abs(fresh.Median-1) > 0.05 {
		t.Errorf("%+v", fresh)
	}
	if copies := nearness(mustClosest(t, real, real), unseen); copies.Share < 0.99 || copies.Median > 0.05 {
		t.Errorf("%+v", copies)
	}
}

func mustClosest(t *testing.T, a, b *judged) []float64 {
	t.Helper()
	all, err := closest(a, b)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestRatiosAreFinite(t *testing.T) {
	for _, c := range []struct{ a, b, low, high float64 }{{3, 2, 1.5, 1.5}, {0, 0, 1, 1}, {1, 0, 1e6, math.MaxFloat64}, {0, 1, 0, 1e-6}} {
		if got := ratio(c.a, c.b); got < c.low || got > c.high {
			t.Errorf("%v over %v is %v", c.a, c.b, got)
		}
	}
}

func TestDiversityIsWithinAClass(t *testing.T) {
	if ratio := diversity(cloud(8, 2000, 0, 0.5), 10) / diversity(cloud(9, 2000, 7, 1), 10); math.Abs(ratio-0.25) > 0.01 {
		t.Error(ratio)
	}
}

// A test set's classes are the training set's by name: it may number them otherwise, and lack some, but has no others.
func TestTestImagesAreNumberedByName(t *testing.T) {
	classes := []string{"cat", "dog", "owl"}
	test := &dataset.Set{Classes: []string{"owl", "cat"}, Labels: []int32{0, 1, 1}}
	if err := numberAs(test, classes); err != nil || !slices.Equal(test.Labels, []int32{2, 0, 0}) || !slices.Equal(test.Classes, classes) {
		t.Errorf("%+v, %v", test, err)
	}
	if err := numberAs(&dataset.Set{Classes: []string{"owl", "fox"}}, classes); err == nil || !strings.Contains(err.Error(), "test images of class fox") {
		t.Errorf("an unknown class gave %v", err)
	}
}

// A judge reads the classes, channels and sizes that it was trained on.
func TestAJudgeOfOtherDataIsRefused(t *testing.T) {
	set := &dataset.Set{Classes: []string{"cat", "dog"}}
	set.Images.Channels, set.Images.Height, set.Images.Width = 1, 28, 28
	torchtest.Do(t, func() {
		j := judge.New(1, 2)
		defer j.Free()
		for want, about := range map[string]judge.About{
			"":                 {Classes: set.Classes, Size: 28},
			"3 classes":        {Classes: []string{"a", "b", "c"}},
			"dog":              {Classes: []string{"dog", "cat"}, Size: 28},
			"64 pixels a side": {Classes: set.Classes, Size: 64},
		} {
			if err := knows(j, about, set); (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
				t.Errorf("%+v: %v", about, err)
			}
		}
	})
}

// The two sets of real images that the floor compares are apart, and alike in their classes, also where those have few images.
func TestRealImagesAreComparedWithOthersOfTheirClasses(t *testing.T) {
	var labels []int32
	for class, n := range []int{600, 150, 61, 1} {
		labels = append(labels, slices.Repeat([]int32{int32(class)}, n)...)
	}
	for _, test := range []struct{ count, want int }{{100, 100}, {1000, 405}} {
		order := alike(labels, test.count)
		if len(order) != 2*test.want {
			t.Fatalf("%d images of each, want %d", len(order)/2, test.want)
		}
		for i := range test.want {
			if one, other := labels[order[i]], labels[order[test.want+i]]; one != other {
				t.Errorf("images %d are of the classes %d and %d", i, one, other)
			}
		}
		if slices.Sort(order); len(slices.Compact(order)) != 2*test.want {
			t.Error("some image is in both, or twice in one")
		}
	}
}
