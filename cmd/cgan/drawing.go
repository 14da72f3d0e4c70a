package main

import (
	"cmp"
	"errors"
	"fmt"
	"iter"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"cgan/models"
	"cgan/models/judge"
	"cgan/models/picture"

	"github.com/urfave/cli/v2"
)

// drawing is what generate was asked for.
type drawing struct {
	format, out, reference string
	seeds                  []int64
	count, frames          int
	columns, scale         int // columns 0 for what suits
	filter                 float64
	class, way             string // of --class and --interpolate
	classGiven             bool
	text                   []rune // nil for none

	// What plan makes of it and of the weights.
	sizes    models.Config
	names    models.Classes
	classes  []int64
	wishes   iter.Seq[models.Wish]
	letters  []int         // where the text has a class
	stops    []models.Stop // of a walk, nil for none
	n        int           // images
	grid     picture.Grid
	perFrame int // images
	judge    judge.About
}

// pipe is the name of the standard output.
const pipe = "-"

// formats and the ending of their files, none for folders.
var (
	generateFormats = []string{"png", "gif", "apng", "folder", "npz", "idx", "raw"}
	pictureFormats  = []string{"png", "gif", "apng"}
	scaledFormats   = []string{"png", "gif", "apng", "folder"}
)

// only are the flags that others leave no room for.
var only = map[string][]string{
	"text":         {"class", "interpolate", "grid"},
	"interpolate":  {"class", "filter"},
	"compare-with": {"class", "count", "seed", "seeds", "text", "interpolate", "frames", "filter", "judge", "data", "out", "format", "grid", "scale"},
	"seeds":        {"seed"},
	"judge":        {"data"},
}

// needs are the flags without which another has no meaning.
var needs = map[string]string{"frames": "interpolate", "judge": "filter", "data": "filter"}

// readDrawing reads the flags as far as they say something without the weights.
func readDrawing(c *cli.Context) (d *drawing, err error) {
	if err := togetherRight(c); err != nil {
		return nil, err
	}
	d = &drawing{
		reference: c.String("compare-with"), count: c.Int("count"), frames: c.Int("frames"), columns: c.Int("grid"), scale: c.Int("scale"),
		filter: c.Float64("filter"), class: c.String("class"), classGiven: c.IsSet("class"), way: c.String("interpolate"), seeds: []int64{seedOf(c)},
	}
	if c.IsSet("seeds") {
		if d.seeds, err = parseSeeds(c.String("seeds")); err != nil {
			return nil, err
		}
	}
	if c.IsSet("filter") && !(d.filter > 0 && d.filter <= 1) {
		return nil, fmt.Errorf("--filter is %v: it must be above 0, and at most 1", d.filter)
	}
	if c.IsSet("interpolate") && d.way == "" {
		return nil, errors.New("--interpolate is empty: name classes such as 3:8, or one")
	}
	if c.IsSet("text") {
		if d.text = []rune(c.String("text")); len(d.text) == 0 || len(d.text) > maxText {
			return nil, fmt.Errorf("--text has %d characters: it must be from 1 to %d", len(d.text), maxText)
		}
	}
	return d, d.readOutput(c)
}

const maxText = 200

// togetherRight refuses flags that mean nothing together, or alone.
func togetherRight(c *cli.Context) error {
	for _, name := range []string{"compare-with", "text", "interpolate", "seeds", "judge"} {
		for _, other := range only[name] {
			if c.IsSet(name) && c.IsSet(other) {
				return fmt.Errorf("--%s leaves no room for --%s: leave out --%[2]s", name, other)
			}
		}
	}
	for _, name := range []string{"frames", "judge", "data"} {
		if c.IsSet(name) && !c.IsSet(needs[name]) {
			return fmt.Errorf("--%s is for --%s: give that too, or leave it out", name, needs[name])
		}
	}
	return nil
}

// readOutput settles the format and where it goes.
func (d *drawing) readOutput(c *cli.Context) error {
	d.out, d.format = c.String("out"), c.String("format")
	usual := "png"
	if d.way != "" {
		usual = "gif"
	}
	ending := strings.TrimPrefix(strings.ToLower(filepath.Ext(d.out)), ".")
	named := slices.Contains(generateFormats, ending) && ending != "folder" && ending != "idx"
	switch {
	case d.format != "" && !slices.Contains(generateFormats, d.format):
		return fmt.Errorf("--format is %q: it must be %s", d.format, orList(generateFormats))
	case d.format != "" && named && ending != d.format && !(d.format == "apng" && ending == "png") && d.hasFile():
		return fmt.Errorf("--out %s: its ending says %s, --format says %s: leave one of them out", d.out, ending, d.format)
	case d.format == "" && (d.out == "" || d.out == pipe):
		d.format = usual
	case d.format == "" && named:
		d.format = ending
	case d.format == "":
		return fmt.Errorf("--out %s: end the name in .png, .gif, .apng, .npz or .raw, or say by --format what it shall be", d.out)
	}
	if d.out == "" {
		d.out = "images"
		if d.hasFile() {
			d.out += "." + d.format
		}
	}
	return d.checkOutput(c)
}

// hasFile says that the format is one file, which may go into a pipe.
func (d *drawing) hasFile() bool { return d.format != "folder" && d.format != "idx" }

// checkOutput refuses what a format has no use for.
func (d *drawing) checkOutput(c *cli.Context) error {
	switch {
	case d.out == pipe && !d.hasFile():
		return fmt.Errorf("--out -: --format %s is a folder, which can't go into a pipe: take png, npz or raw", d.format)
	case d.out == pipe && isTerminal(c.App.Writer):
		return errors.New("--out -: the images are no text for a terminal: send them on, by > FILE or | PROGRAM")
	case d.text != nil && d.format != "png":
		return fmt.Errorf("--format %s: --text is one picture: make it png", d.format)
	case d.way != "" && !slices.Contains(pictureFormats, d.format):
		return fmt.Errorf("--format %s: --interpolate makes %s", d.format, orList(pictureFormats))
	case c.IsSet("grid") && !slices.Contains(pictureFormats, d.format):
		return fmt.Errorf("--grid: --format %s has no rows of images: leave it out", d.format)
	case c.IsSet("scale") && !slices.Contains(scaledFormats, d.format):
		return fmt.Errorf("--scale: --format %s has the pixels as they are drawn: leave it out", d.format)
	}
	return nil
}

// plan settles with the weights at hand what is drawn.
func (d *drawing) plan(w *models.Weights) (err error) {
	d.sizes, d.names = w.Config, w.Classes
	switch {
	case d.way != "":
		err = d.planWalk()
	case d.text != nil:
		err = d.planText()
	default:
		err = d.planRows()
	}
	if err != nil {
		return err
	}
	return d.fits()
}

// planRows plans a grid, or a set.
func (d *drawing) planRows() (err error) {
	if d.classes, err = d.chosenClasses(); err != nil {
		return err
	}
	if d.filter > 0 && len(d.classes) == 0 {
		return errors.New("--filter: the generator knows no classes: leave it out")
	}
	if err := d.noneTwice(); err != nil {
		return err
	}
	d.n = len(d.seeds) * d.count * max(1, len(d.classes))
	if d.format == "idx" && d.n > math.MaxUint32 {
		return fmt.Errorf("--format idx: %d images are more than its header can say: ask for less by --count", d.n)
	}
	d.wishes = models.Rows(d.seeds, d.count, d.classes)
	if d.format == "png" {
		columns := len(d.classes)
		if columns <= 1 {
			columns = min(d.n, gridColumn)
		}
		d.layOut(d.n, columns)
	} else { // a frame is a row, or of one class an image
		columns := cmp.Or(d.columns, max(1, len(d.classes)))
		d.layOut(columns, columns)
	}
	return nil
}

// layOut settles the rows of the picture, or of each picture, of so many images; --grid comes before columns.
func (d *drawing) layOut(images, columns int) {
	d.columns = cmp.Or(d.columns, columns)
	image := d.sizes.Image()
	d.perFrame = images
	d.grid = picture.Grid{Rows: (images + d.columns - 1) / d.columns, Columns: d.columns, Channels: int(image[0]), Height: int(image[1]), Width: int(image[2])}
}

// fits refuses pictures that are too large for memory.
func (d *drawing) fits() error {
	if d.format == "folder" && d.grid.Height*d.grid.Width*d.scale*d.scale > picture.MaxPixels {
		return fmt.Errorf("--scale %d: a picture of more than %d pixels is too large: make it smaller", d.scale, picture.MaxPixels)
	}
	if !slices.Contains(pictureFormats, d.format) {
		return nil
	}
	if d.format == "gif" {
		if err := d.fitsGIF(); err != nil {
			return err
		}
	}
	pictures, pixels := 1, (d.grid.Height+2)*(d.grid.Width+2)*d.scale*d.scale
	if d.format != "png" {
		pictures = (d.n + d.perFrame - 1) / d.perFrame
	}
	if most := picture.MaxPixels / pixels; d.grid.Rows > most || d.grid.Columns > most/d.grid.Rows || pictures > most/d.grid.Rows/d.grid.Columns {
		return fmt.Errorf("--format %s: a picture of more than %d pixels is too large: ask for less by --count, --frames or --scale, or take folder, npz, idx or raw", d.format, picture.MaxPixels)
	}
	return nil
}

// fitsGIF refuses pictures that are wider or higher than a GIF can be.
func (d *drawing) fitsGIF() error {
	width, height := d.grid.Size()
	side := max(width, height)
	switch most := picture.MaxGIFSide / side; {
	case most == 0:
		return fmt.Errorf("--format gif: its pictures would have %d pixels a side, and at most %d are possible: take another --grid or less by --count, or apng", side, picture.MaxGIFSide)
	case d.scale > most:
		return fmt.Errorf("--scale %d: pictures of a GIF would have %d pixels a side, and at most %d are possible: take --scale %d, or apng", d.scale, side*d.scale, picture.MaxGIFSide, most)
	}
	return nil
}

// chosenClasses are those of --class; none where the generator knows none.
func (d *drawing) chosenClasses() ([]int64, error) {
	if len(d.names) == 0 {
		if d.classGiven {
			return nil, fmt.Errorf("--class %s: the generator knows no classes: leave it out; --seed and --count choose what is drawn", d.class)
		}
		return nil, nil
	}
	classes, err := d.names.Parse(d.class)
	if err != nil {
		return nil, fmt.Errorf("--class %s: %w", d.class, err)
	}
	return classes, nil
}

// noneTwice refuses a class or a seed that is named again: a picture is known by seed, row and class, and there is one of each.
func (d *drawing) noneTwice() error {
	if class, twice := again(d.classes); twice {
		return fmt.Errorf("--class names %s twice: name it once, and ask for more of it by --count", clean(d.names[class]))
	}
	return d.noSeedTwice()
}

func (d *drawing) noSeedTwice() error {
	if seed, twice := again(d.seeds); twice {
		return fmt.Errorf("--seeds names %d twice: name it once, and ask for more of it by --count", seed)
	}
	return nil
}

// again is the first value that was there before.
func again(values []int64) (value int64, found bool) {
	seen := make(map[int64]bool, len(values))
	for _, v := range values {
		if seen[v] {
			return v, true
		}
		seen[v] = true
	}
	return 0, false
}

// walkClasses reads --interpolate.
func (d *drawing) walkClasses() (classes []int64, err error) {
	if len(d.names) == 0 && d.way == "noise" {
		return []int64{0}, nil
	} else if len(d.names) == 0 {
		return nil, fmt.Errorf("--interpolate %s: the generator knows no classes: say noise", d.way)
	}
	for _, name := range strings.Split(d.way, ":") {
		some, err := d.names.Parse(name)
		if err == nil && (len(some) != 1 || name == "") {
			err = fmt.Errorf("%q is not one class", name)
		}
		if err != nil {
			return nil, fmt.Errorf("--interpolate %s: %w", d.way, err)
		}
		classes = append(classes, some...)
	}
	return classes, nil
}

// planWalk plans a way through classes and noises.
func (d *drawing) planWalk() error {
	classes, err := d.walkClasses()
	if err != nil {
		return err
	}
	seeds := d.seeds
	if len(classes) == 1 && len(seeds) == 1 {
		seeds = []int64{seeds[0], seeds[0] + 1}
	}
	if len(classes) > 1 && len(seeds) > 1 && len(classes) != len(seeds) {
		return fmt.Errorf("--interpolate %s: there are %d classes and %d seeds: give as many, or one of either", d.way, len(classes), len(seeds))
	}
	for i := range max(len(classes), len(seeds)) {
		d.stops = append(d.stops, models.Stop{Seed: seeds[i%len(seeds)], Class: classes[i%len(classes)]})
	}
	if d.frames < len(d.stops) {
		return fmt.Errorf("--frames is %d: --interpolate %s comes through %d stops: ask for a frame for each, or more", d.frames, d.way, len(d.stops))
	}
	d.n = d.frames * d.count
	switch {
	case d.format != "png":
		d.layOut(d.count, min(d.count, gridColumn))
	case d.count > 1: // a row for each noise
		d.layOut(d.n, d.frames)
	default:
		d.layOut(d.n, min(d.n, gridColumn))
	}
	return nil
}

// planText gives each letter and digit its class.
func (d *drawing) planText() error {
	if err := d.noSeedTwice(); err != nil {
		return err
	}
	if len(d.names) == 0 {
		return fmt.Errorf("--text %s: the generator knows no classes: leave it out", string(d.text))
	}
	for at, r := range d.text {
		if class := d.classOf(r); class >= 0 {
			d.classes, d.letters = append(d.classes, int64(class)), append(d.letters, at)
		} else if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return fmt.Errorf("--text %s: %q is none of the classes: there are %s", string(d.text), string(r), d.names)
		} else if _, err := picture.Glyph(r, 1, 1, 1); err != nil {
			return fmt.Errorf("--text %s: %w", string(d.text), err)
		}
	}
	if len(d.classes) == 0 {
		return fmt.Errorf("--text %s: nothing in it is a class: there are %s", string(d.text), d.names)
	}
	lines := len(d.seeds) * d.count
	d.n = lines * len(d.classes)
	d.layOut(lines*len(d.text), len(d.text))
	d.wishes = models.Rows(d.seeds, d.count, d.classes)
	return nil
}

// classOf is the class that a character names, in any case of letters; -1 for none.
func (d *drawing) classOf(r rune) int {
	if class := slices.Index(d.names, string(r)); class >= 0 {
		return class
	}
	return slices.IndexFunc(d.names, func(name string) bool { return strings.EqualFold(name, string(r)) })
}
