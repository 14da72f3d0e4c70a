package models

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"cgan/bindings/torch/torchtest"
)

// eachOf is images by their origins.
func eachOf(t *testing.T, g *Net, c Config, seeds []int64, rows int, classes []int64, keep Keep) (all map[Origin][]float32, order []Origin, thrown int) {
	t.Helper()
	all = map[Origin][]float32{}
	size := int(product(c.Image()))
	thrown, err := g.DrawEach(context.Background(), c, Rows(seeds, rows, classes), keep, func(images Images, of []Origin) error {
		if images.N != len(of) || images.N > drawBatch || len(images.Pixels) != images.N*size {
			t.Fatalf("%d images at once, %d origins, %d values", images.N, len(of), len(images.Pixels))
		}
		for i, o := range of {
			all[o] = images.Pixels[i*size:][:size]
		}
		order = append(order, of...)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all, order, thrown
}

// The same seed, row and class give the same bits in any mode and network, whatever else is drawn and in which order.
func TestAnImageDependsOnItsOriginAlone(t *testing.T) {
	networks := map[string]Config{"article": small}
	for _, name := range columnNames(t) {
		networks[name] = readColumn(t, name)
	}
	for name, c := range networks {
		g := newSmall(t)
		if name != "article" {
			g = newColumn(t, c)
		}
		if g.needsBatch() {
			continue
		}
		classes, backwards := []int64{0, 1, 2}[:min(3, c.Classes)], []int64{2, 1}[:min(2, c.Classes)]
		for _, how := range []Compute{{}, {Exact: true}, {Precision: BF16}, {Without: []SpeedUp{Norm}}} {
			if err := g.Use(how); err != nil {
				t.Fatal(err)
			}
			all, _, _ := eachOf(t, g, c, []int64{-4, 9}, 7, classes, nil)
			some, _, _ := eachOf(t, g, c, []int64{9, 5, -4}, 2, backwards, nil)
			same := 0
			for o, pixels := range some {
				if want, ok := all[o]; ok {
					same++
					if !slices.Equal(pixels, want) {
						t.Errorf("%s %+v: %+v is another image among others", name, how, o)
					}
				}
			}
			if same != 2*2*max(1, len(backwards)) {
				t.Errorf("%s: %d images are in both", name, same)
			}
		}
	}
}

// The grid's order is that of Draw, and goes across batches.
func TestEachComesInOrder(t *testing.T) {
	g, classes := newSmall(t), []int64{3, 1, 4}
	all, order, _ := eachOf(t, g, small, []int64{8}, 90, classes, nil)
	images, err := g.Draw(small, 90, classes, 8)
	if err != nil {
		t.Fatal(err)
	}
	for i, o := range order {
		if want := (Origin{8, i / 3, classes[i%3]}); o != want || !slices.Equal(all[o], images.Pixels[784*i:][:784]) {
			t.Fatalf("image %d is of %+v, want %+v, or is not Draw's", i, o, want)
		}
	}
}

// The images of a row share one noise, those of a class that is named twice too.
func TestAClassThatIsNamedTwiceHasTheSameRow(t *testing.T) {
	g := newSmall(t)
	images, err := g.Draw(small, 2, []int64{3, 5, 3}, 8)
	if err != nil || images.N != 6 {
		t.Fatal(images.N, err)
	}
	want, err := g.Draw(small, 2, []int64{3, 5}, 8)
	if err != nil {
		t.Fatal(err)
	}
	for i, from := range []int{0, 1, 0, 2, 3, 2} {
		if !slices.Equal(images.Pixels[784*i:][:784], want.Pixels[784*from:][:784]) {
			t.Errorf("image %d is another one", i)
		}
	}
}

// What is kept is the rows that may stay, in order, whatever the count; the others are counted.
func TestWhatIsThrownAwayGivesWayToTheNextRow(t *testing.T) {
	g, classes := newSmall(t), []int64{1, 2}
	all, _, _ := eachOf(t, g, small, []int64{8}, 120, classes, nil)
	var middle []float32
	for row := range 120 {
		middle = append(middle, all[Origin{8, row, 2}][14*28+14])
	}
	slices.Sort(middle)
	light := func(pixels []float32) bool { return pixels[14*28+14] > middle[60] }
	keep := func(images Images, of []int64) ([]bool, error) {
		kept := make([]bool, len(of))
		for i := range kept {
			kept[i] = of[i] == 1 || light(images.Pixels[784*i:][:784])
		}
		return kept, nil
	}
	var want []Origin
	for row := 0; len(want) < 20; row++ {
		if o := (Origin{8, row, 2}); light(all[o]) {
			want = append(want, o)
		}
	}
	for _, rows := range []int{1, 3, 20} {
		some, order, thrown := eachOf(t, g, small, []int64{8}, rows, classes, keep)
		for row := range rows {
			if order[2*row] != (Origin{8, row, 1}) || order[2*row+1] != want[row] {
				t.Errorf("row %d of %d is %+v, want %+v", row, rows, order[2*row:][:2], want[row])
			}
			if !slices.Equal(some[want[row]], all[want[row]]) {
				t.Errorf("%+v is another image where others are thrown away", want[row])
			}
		}
		if n := want[rows-1].Row + 1 - rows; thrown != n || n == 0 && rows == 20 {
			t.Errorf("%d rows: %d were thrown away, want %d", rows, thrown, n)
		}
	}
}

func TestAClassOfWhichNothingStaysEnds(t *testing.T) {
	never := func(_ Images, of []int64) ([]bool, error) {
		kept := make([]bool, len(of))
		for i := range kept {
			kept[i] = of[i] != 5
		}
		return kept, nil
	}
	_, err := newSmall(t).DrawEach(context.Background(), small, Rows([]int64{1}, 3, []int64{4, 5}), never, func(Images, []Origin) error { return nil })
	if thrown := (*ThrownError)(nil); !errors.As(err, &thrown) || thrown.Class != 5 {
		t.Errorf("got %v", err)
	}
}

func TestEachEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	calls := 0
	_, err := newSmall(t).DrawEach(ctx, small, Rows([]int64{1}, 1000, []int64{4}), nil, func(Images, []Origin) error {
		calls++
		cancel()
		return nil
	})
	if !errors.Is(err, context.Canceled) || calls != 1 {
		t.Errorf("%d batches, %v", calls, err)
	}
}

// A walk begins and ends with the images that its stops have by themselves, in any mode.
func TestAWalkComesThroughItsStops(t *testing.T) {
	for _, how := range []Compute{{}, {Exact: true}} {
		g := newSmall(t)
		if err := g.Use(how); err != nil {
			t.Fatal(err)
		}
		var frames []Images
		stops := []Stop{{1, 3}, {2, 8}, {2, 5}}
		err := g.DrawWalk(context.Background(), small, stops, 2, 7, func(images Images) error {
			frames = append(frames, images)
			return nil
		})
		if err != nil || len(frames) != 7 {
			t.Fatal(len(frames), err)
		}
		for i, s := range stops {
			want, err := g.Draw(small, 2, []int64{s.Class}, s.Seed)
			if err != nil || !slices.Equal(frames[3*i].Pixels, want.Pixels) {
				t.Errorf("%+v: frame %d is not the image of %+v, %v", how, 3*i, s, err)
			}
		}
		if slices.Equal(frames[1].Pixels, frames[0].Pixels) || slices.Equal(frames[1].Pixels, frames[3].Pixels) {
			t.Error("between stops nothing moves")
		}
	}
}

// A frame of its own is the least that a stop needs: with fewer the walk would pass some by.
func TestAWalkHasAFrameForEachStop(t *testing.T) {
	g, stops := newSmall(t), []Stop{{1, 0}, {1, 1}, {1, 2}, {1, 3}}
	for _, frames := range []int{-1, 2, 3} {
		err := g.DrawWalk(context.Background(), small, stops, 1, frames, func(Images) error { return nil })
		if want := fmt.Sprintf("a walk of 4 stops in %d frames", frames); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%d frames: %v", frames, err)
		}
	}
}

// Sizes of another network are an error, wherever they come in.
func TestDrawingRefusesTheConfigOfAnotherNetwork(t *testing.T) {
	g, other := newSmall(t), small
	other.Size = 64
	for _, c := range []Config{{}, other} {
		_, draw := g.Draw(c, 1, nil, 0)
		_, images := g.Images(c, []float32{1}, nil)
		_, points := g.DrawPoints(c, []Point{{}})
		_, each := g.DrawEach(context.Background(), c, Rows([]int64{1}, 1, nil), nil, func(Images, []Origin) error { return nil })
		walk := g.DrawWalk(context.Background(), c, []Stop{{1, 0}, {2, 0}}, 1, 2, func(Images) error { return nil })
		for i, err := range []error{draw, images, points, each, walk} {
			if err == nil || !strings.Contains(err.Error(), "give the Config that its weights have") {
				t.Errorf("%d of size %d: %v", i, c.Size, err)
			}
		}
	}
}

// A frame of many rows comes in parts, so that memory does not grow with it, and has the images that it has by itself.
func TestAFrameOfManyRowsComesInParts(t *testing.T) {
	const rows = drawBatch + 3
	g, sizes := newSmall(t), []int{}
	var last []float32
	err := g.DrawWalk(context.Background(), small, []Stop{{1, 3}, {1, 8}}, rows, 2, func(images Images) error {
		sizes, last = append(sizes, images.N), images.Pixels
		return nil
	})
	if err != nil || !slices.Equal(sizes, []int{drawBatch, 3, drawBatch, 3}) {
		t.Fatal(sizes, err)
	}
	want, err := g.Draw(small, rows, []int64{8}, 1)
	if err != nil || !slices.Equal(last, want.Pixels[drawBatch*784:]) {
		t.Errorf("the last rows are other images, %v", err)
	}
}

// Large images are drawn fewer at a time, and are the same: the bound on memory is one of values.
func TestLargeImagesAreDrawnFewerAtATime(t *testing.T) {
	if n := newSmall(t).atOnce; n != drawBatch {
		t.Errorf("%d images of 28x28 at a time", n)
	}
	for size, want := range map[int]int{1024: 64, 2048: 16, 5000: 2, 9000: 1} {
		c := configOf(t, fmt.Sprintf("generator:\n  noise: randn(4)\n  layers:\n    - Reshape(1, 2, 2)\n    - Upsample(%d)\n    - Upsample(3)\n", size))
		var g *Net
		torchtest.Do(t, func() { g = c.NewGenerator() })
		if n := g.atOnce; n != want {
			t.Errorf("%d images by way of %dx%d at a time, want %d", n, size, size, want)
		}
		if size != 5000 {
			continue
		}
		var seen []int
		_, err := g.DrawEach(context.Background(), c, Rows([]int64{3}, 3, nil), nil, func(images Images, _ []Origin) error {
			seen = append(seen, images.N)
			return nil
		})
		if err != nil || !slices.Equal(seen, []int{2, 1}) {
			t.Errorf("%v at a time, %v", seen, err)
		}
	}
}
