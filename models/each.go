package models

import (
	"context"
	"fmt"
	"iter"
	"slices"

	"cgan/bindings/torch"
	"cgan/models/arch"
)

// Wish is an image that is asked for: of a class, and of the next row of a seed's noise. The first wish for a class has row 0 of
// the noise, the next one for the same class row 1, until a wish has another seed: then rows begin anew.
type Wish struct{ Seed, Class int64 }

// Rows are the wishes of a grid: for each seed so many rows, and in each an image of each class. Without classes an image is a row.
func Rows(seeds []int64, rows int, classes []int64) iter.Seq[Wish] {
	if len(classes) == 0 {
		classes = []int64{0}
	}
	return func(yield func(Wish) bool) {
		for _, seed := range seeds {
			for range rows {
				for _, class := range classes {
					if !yield(Wish{seed, class}) {
						return
					}
				}
			}
		}
	}
}

// Origin is what an image was drawn of: a row of a seed's noise, and a class, 0 where the generator knows none.
type Origin struct {
	Seed  int64
	Row   int
	Class int64
}

// Keep says which of some images may stay. They shall show these classes.
type Keep func(images Images, classes []int64) ([]bool, error)

const (
	drawBatch  = 128     // images at once,
	drawValues = 1 << 26 // or fewer, so that what a layer gives of them has no more values: 256 MiB
	maxThrown  = 1000    // images of a class that are thrown away one after the other before it is given up
)

// drawnAtOnce is how many images of a network are drawn at once, which bounds the memory of a drawing.
func drawnAtOnce(a *arch.Network) int {
	largest := int64(1)
	for _, s := range a.Steps() {
		largest = max(largest, product(s.Out))
	}
	return int(max(1, min(drawBatch, drawValues/largest)))
}

// ThrownError ends a drawing of which nothing of a class is kept.
type ThrownError struct{ Class int64 }

// Error says what was tried.
func (e *ThrownError) Error() string {
	return fmt.Sprintf("of class %d the last %d images were all thrown away", e.Class, maxThrown)
}

// DrawEach draws what is wished for and gives it to put in that order, some images at a time, which are put's own: memory stays the
// same however many there are. An image depends on its Origin alone, to the bit. With keep, which may be nil, images that may not
// stay are thrown away, and the next row of the seed's noise takes their place; thrown is how many. A class of which nothing is kept
// is a *ThrownError.
func (n *Net) DrawEach(ctx context.Context, c Config, wishes iter.Seq[Wish], keep Keep, put func(Images, []Origin) error) (thrown int, err error) {
	if err := n.takes(c); err != nil {
		return 0, err
	}
	d := &eachDrawing{net: n, config: c, keep: keep, lanes: map[laneKey]*lane{}}
	defer d.free(-1)
	flush := func() error {
		images, origins, err := d.batch(ctx)
		if err == nil {
			err = put(images, origins)
		}
		d.slots = d.slots[:0]
		d.free(d.run)
		return err
	}
	for w := range wishes {
		d.add(w)
		if len(d.slots) == n.atOnce {
			if err := flush(); err != nil {
				return d.thrown, err
			}
		}
	}
	if len(d.slots) > 0 {
		err = flush()
	}
	return d.thrown, err
}

// eachDrawing is a DrawEach under way.
type eachDrawing struct {
	net    *Net
	config Config
	keep   Keep
	lanes  map[laneKey]*lane
	slots  []laneKey // of the batch at hand
	seed   int64
	run    int // wishes in a row of the same seed have the same number
	thrown int
}

// laneKey is a class of a run.
type laneKey struct {
	run   int
	class int64
}

// lane is the rows of a seed's noise as a class takes them.
type lane struct {
	seed      int64
	generator *torch.Generator // nil before the first row
	next      int              // row
	refused   int              // one after the other
}

func (d *eachDrawing) add(w Wish) {
	if w.Seed != d.seed || d.run == 0 {
		d.run++
		d.seed = w.Seed
	}
	key := laneKey{d.run, w.Class}
	if d.lanes[key] == nil {
		d.lanes[key] = &lane{seed: w.Seed}
	}
	d.slots = append(d.slots, key)
}

// free lets go of the lanes that are not of a run.
func (d *eachDrawing) free(but int) {
	for key, l := range d.lanes {
		if key.run != but {
			if l.generator != nil {
				l.generator.Free()
			}
			delete(d.lanes, key)
		}
	}
}

// batch draws until each slot has its image.
func (d *eachDrawing) batch(ctx context.Context) (Images, []Origin, error) {
	size := int(product(d.config.Image()))
	images, origins := d.config.images(make([]float32, len(d.slots)*size)), make([]Origin, len(d.slots))
	open := make([]int, len(d.slots)) // slots without an image
	for i := range open {
		open[i] = i
	}
	for len(open) > 0 {
		if err := ctx.Err(); err != nil {
			return images, nil, err
		}
		points, from, err := d.candidates(open)
		if err != nil {
			return images, nil, err
		}
		drawn, err := d.net.DrawPoints(d.config, points)
		if err != nil {
			return images, nil, err
		}
		kept, err := d.judge(drawn, from)
		if err != nil {
			return images, nil, err
		}
		open = d.fill(open, kept, func(slot, candidate int) {
			copy(images.Pixels[slot*size:][:size], drawn.Pixels[candidate*size:])
			origins[slot] = from[candidate]
		})
		if err := d.givenUp(); err != nil {
			return images, nil, err
		}
	}
	return images, origins, nil
}

// candidates takes the next row for each of some slots.
func (d *eachDrawing) candidates(open []int) (points []Point, from []Origin, err error) {
	err = d.net.evaluate("draw noise", func() {
		for _, slot := range open {
			key := d.slots[slot]
			l := d.lanes[key]
			if l.generator == nil {
				l.generator = torch.NewGenerator(l.seed)
			}
			torch.Scope(func() {
				noise := d.net.draws(l.generator, []int64{1, int64(d.config.Noise)}).Float32s()
				points = append(points, Point{Noise: noise, Class: key.class, Toward: key.class})
			})
			from = append(from, Origin{l.seed, l.next, key.class})
			l.next++
		}
	})
	return points, from, err
}

// judge says which candidates are kept.
func (d *eachDrawing) judge(drawn Images, from []Origin) ([]bool, error) {
	if d.keep == nil {
		return slices.Repeat([]bool{true}, len(from)), nil
	}
	classes := make([]int64, len(from))
	for i, o := range from {
		classes[i] = o.Class
	}
	return d.keep(drawn, classes)
}

// fill gives the candidates that are kept to the slots of their lanes, in order: the k-th one that is kept is the k-th image, whatever
// was thrown away before. It returns the slots that are still open. Candidate i was drawn for slot open[i].
func (d *eachDrawing) fill(open []int, kept []bool, take func(slot, candidate int)) (left []int) {
	waiting := map[laneKey][]int{}
	for _, slot := range open {
		waiting[d.slots[slot]] = append(waiting[d.slots[slot]], slot)
	}
	for candidate, slot := range open {
		key := d.slots[slot]
		l := d.lanes[key]
		if !kept[candidate] {
			d.thrown++
			l.refused++
			continue
		}
		l.refused = 0
		take(waiting[key][0], candidate)
		waiting[key] = waiting[key][1:]
	}
	for _, slots := range waiting {
		left = append(left, slots...)
	}
	slices.Sort(left)
	return left
}

// givenUp is the error of a class of which too many were thrown away.
func (d *eachDrawing) givenUp() error {
	for _, key := range d.slots {
		if d.lanes[key].refused >= maxThrown {
			return &ThrownError{key.class}
		}
	}
	return nil
}
