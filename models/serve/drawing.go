package serve

import (
	"fmt"

	"cgan/models/picture"
)

// The bounds of one request.
const (
	maxCount  = 1000     // images of each class, as cgan generate has it
	maxImages = 1 << 17  // however small they are
	maxValues = 8 << 20  // numbers in all images: 32 MiB
	maxPixels = 16 << 20 // in all pictures after enlarging
	maxScale  = 32
	maxSteps  = 256
)

// drawing is a request that was understood: what is to be drawn, and how it is to be shown.
type drawing struct {
	model     *served
	precision string
	format    string
	scale     int
	columns   int
	pinned    bool // the request names the version that it wants

	sweep *sweep // classes, rows and seed as cgan generate has them, or
	wants []want // each image for itself
	walk  bool   // they are steps from one to another
}

// sweep is the arguments of Net.Draw.
type sweep struct {
	rows    int
	classes []int64
	seed    int64
}

// want is one image.
type want struct {
	at, to  source  // its noise lies between these
	reach   float64 // how far from at to to, from 0 to 1
	classes [2]int64
	share   float32
	t       float64 // its place on a walk
}

// source is a row of the noise of a seed, or values that were given.
type source struct {
	seed   int64
	row    int
	values []float32
}

// n is how many images there are.
func (d *drawing) n() int {
	if d.sweep != nil {
		return d.sweep.rows * max(1, len(d.sweep.classes))
	}
	return len(d.wants)
}

// key is the same for all requests that get the same bytes.
func (d *drawing) key() string {
	text := fmt.Sprintf("%s %s %s %d %d %v", d.model.Version, d.precision, d.format, d.scale, d.columns, d.walk)
	if d.sweep != nil {
		return fmt.Sprintf("%s %+v", text, *d.sweep)
	}
	return fmt.Sprintf("%s %+v", text, d.wants)
}

// want is what image i is drawn of.
func (d *drawing) want(i int) want {
	if d.sweep == nil {
		return d.wants[i]
	}
	classes := d.sweep.classes
	w := want{at: source{seed: d.sweep.seed, row: i / max(1, len(classes))}}
	if len(classes) > 0 {
		class := classes[i%len(classes)]
		w.classes = [2]int64{class, class}
	}
	return w
}

// sweepOf makes it a drawing as cgan generate makes one.
func (d *drawing) sweepOf(class string, given bool, rows int, seed int64) (*drawing, *problem) {
	d.sweep = &sweep{rows: rows, seed: seed}
	if len(d.model.Classes) > 0 {
		classes, err := d.model.parse(class)
		if err != nil {
			return nil, unfit(fmt.Sprintf("class is %s: %s", quote(class), err))
		}
		d.sweep.classes = classes
	} else if given {
		return nil, unfit("class: the model knows no classes: leave it out")
	}
	if d.columns = len(d.sweep.classes); d.columns <= 1 {
		d.columns = min(rows, gridColumns)
	}
	return d, d.check()
}

// gridColumns are those of a grid of images of one class, as cgan generate has them.
const gridColumns = 8

// check says what is too much for one request.
func (d *drawing) check() *problem {
	if d.n() > d.mostImages() {
		return d.tooMany()
	}
	if d.pixels() > maxPixels {
		return unfit(fmt.Sprintf("the pictures would have more than %d pixels: make scale or count smaller", maxPixels))
	}
	if width, height := (picture.Grid{Rows: 1, Columns: d.frameColumns(), Height: d.model.Height, Width: d.model.Width}).Size(); d.format == "gif" && max(width, height)*d.scale > picture.MaxGIFSide {
		return unfit(fmt.Sprintf("the pictures would have more than %d pixels a side, which no GIF can: make scale smaller or name fewer classes, or ask for png", picture.MaxGIFSide))
	}
	return nil
}

// pixels is how many all pictures have after enlarging.
func (d *drawing) pixels() int {
	n, image := d.n(), d.model.Height*d.model.Width
	if d.format == "png" || d.format == "gif" { // a grid has gaps
		n, image = (n+d.columns-1)/d.columns*d.columns, (d.model.Height+2)*(d.model.Width+2)
	}
	return n * image * d.scale * d.scale
}

// bytes is about how much the drawing takes until its answer is taken: the numbers, the pictures, and what is noted of each image.
func (d *drawing) bytes() int {
	pixel, note := 1, 256
	if d.model.Channels > 1 {
		pixel = 4 // image.NRGBA
	}
	return d.n()*(4*(d.model.Noise+d.model.values())+note) + pixel*d.pixels()
}

// frameColumns is how many images a frame of an animation has: a walk has one, and others a row.
func (d *drawing) frameColumns() int {
	if d.walk || d.sweep != nil && len(d.sweep.classes) <= 1 {
		return 1
	}
	return d.columns
}

func (d *drawing) mostImages() int { return min(maxImages, maxValues/d.model.values()) }

func (d *drawing) tooMany() *problem {
	return unfit(fmt.Sprintf("these are too many images for one request: it holds at most %d of this model", d.mostImages()))
}

// class is an image's class and its name; -1 where the model knows none.
func (d *drawing) class(i int) (int64, string) {
	if len(d.model.Classes) == 0 {
		return -1, ""
	}
	w := d.want(i)
	class := w.classes[0]
	if w.share > 0.5 {
		class = w.classes[1]
	}
	return class, d.model.Classes[class]
}
