package serve

import (
	"fmt"

	"cgan/models/picture"
)

// The bounds of one request.
const (
	maxCount  = 1000     // images of each class, as cgan generate has it
	maxValues = 8 << 20  // numbers in all images: 32 MiB
	maxPixels = 16 << 20 // of a PNG or GIF after enlarging
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

// each is one image a want, as the batcher joins them.
func (s *sweep) each() (wants []want) {
	for row := range s.rows {
		if len(s.classes) == 0 {
			wants = append(wants, want{at: source{seed: s.seed, row: row}})
		}
		for _, class := range s.classes {
			wants = append(wants, want{at: source{seed: s.seed, row: row}, classes: [2]int64{class, class}})
		}
	}
	return wants
}

// sweepOf makes it a drawing as cgan generate makes one.
func (d *drawing) sweepOf(class string, given bool, rows int, seed int64) (*drawing, *problem) {
	d.sweep = &sweep{rows: rows, seed: seed}
	if len(d.model.Classes) > 0 {
		classes, err := d.model.Classes.Parse(class)
		if err != nil {
			return nil, unfit(fmt.Sprintf("class is %s: %s", quote(class), err))
		}
		if len(classes) > maxValues { // a list may name a range many times
			return nil, tooMany(d)
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
	image := d.model.Height * d.model.Width
	if n := d.n(); n > maxValues/(image*d.model.Channels) {
		return tooMany(d)
	}
	rows := (d.n() + d.columns - 1) / d.columns
	grid := rows * d.columns * (d.model.Height + 2) * (d.model.Width + 2)
	if (d.format == "png" || d.format == "gif") && grid*d.scale*d.scale > maxPixels {
		return unfit(fmt.Sprintf("the picture would have more than %d pixels: make scale or count smaller", maxPixels))
	}
	if width, height := (picture.Grid{Rows: 1, Columns: d.frameColumns(), Height: d.model.Height, Width: d.model.Width}).Size(); d.format == "gif" && max(width, height)*d.scale > picture.MaxGIFSide {
		return unfit(fmt.Sprintf("the pictures would have more than %d pixels a side, which no GIF can: make scale smaller or name fewer classes, or ask for png", picture.MaxGIFSide))
	}
	if d.format != "png" && d.format != "gif" && d.n()*image*d.scale*d.scale > maxPixels {
		return unfit(fmt.Sprintf("the pictures would have more than %d pixels: make scale or count smaller", maxPixels))
	}
	return nil
}

// frameColumns is how many images a frame of an animation has: a walk has one, and others a row.
func (d *drawing) frameColumns() int {
	if d.walk || d.sweep != nil && len(d.sweep.classes) <= 1 {
		return 1
	}
	return d.columns
}

func tooMany(d *drawing) *problem {
	return unfit(fmt.Sprintf("these are too many images for one request: it holds at most %d of this model", maxValues/d.model.values()))
}

// class is an image's class and its name; -1 where the model knows none.
func (d *drawing) class(i int) (int64, string) {
	if len(d.model.Classes) == 0 {
		return -1, ""
	}
	var class int64
	if d.sweep != nil {
		class = d.sweep.classes[i%len(d.sweep.classes)]
	} else if class = d.wants[i].classes[0]; d.wants[i].share > 0.5 {
		class = d.wants[i].classes[1]
	}
	return class, d.model.Classes[class]
}

// from is where the noise of an image comes from.
func (d *drawing) from(i int) source {
	if d.sweep != nil {
		return source{seed: d.sweep.seed, row: i / max(1, len(d.sweep.classes))}
	}
	return d.wants[i].at
}
