package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"time"

	"cgan/cmd/internal/screen"
	"cgan/models"
	"cgan/models/imageset"
	"cgan/models/judge"
	"cgan/models/picture"
	"cgan/train/dataset"
	"cgan/weights/atomicfile"

	"github.com/cheggaaa/pb/v3"
	"github.com/urfave/cli/v2"
	"golang.org/x/term"
)

// write makes the set that draw fills, and gives it its place when it is whole. Nothing stays of one that is not.
func (d *drawing) write(c *cli.Context, draw func(imageset.Writer) error) error {
	switch d.format {
	case "folder":
		return d.writeFolder(imageset.NewFolder, draw)
	case "idx":
		return d.writeFolder(imageset.NewIDX, draw)
	}
	to := func(w io.Writer) error {
		set, err := d.stream(w)
		if err != nil {
			return err
		}
		defer set.Discard()
		if err := draw(set); err != nil {
			return err
		}
		return set.Close()
	}
	if d.out != pipe {
		return atomicfile.Write(d.out, true, to)
	}
	out := bufio.NewWriterSize(c.App.Writer, 1<<16)
	if err := to(out); err != nil {
		return err
	}
	return out.Flush()
}

// writeFolder is write for a format that is a folder.
func (d *drawing) writeFolder(open func(string, imageset.About) (imageset.Writer, error), draw func(imageset.Writer) error) error {
	set, err := open(d.out, d.about())
	if err != nil {
		return fmt.Errorf("--out %s: %w", d.out, err)
	}
	defer set.Discard()
	if err := draw(set); err != nil {
		if errors.As(err, new(*fs.PathError)) {
			return d.ofOut(err)
		}
		return err
	}
	return d.ofOut(set.Close())
}

// ofOut is an error of what --out names, without the name of a hidden folder. A file that exists already has its own.
func (d *drawing) ofOut(err error) error {
	if err == nil || errors.As(err, new(*imageset.ExistsError)) {
		return err
	}
	if at := (*fs.PathError)(nil); errors.As(err, &at) {
		err = at.Err
	}
	return fmt.Errorf("--out %s: %w", d.out, err)
}

// about is what the writers of sets want to know.
func (d *drawing) about() imageset.About {
	image := d.sizes.Image()
	return imageset.About{N: d.n, Channels: int(image[0]), Height: int(image[1]), Width: int(image[2]), Classes: d.names, Scale: d.scale}
}

const (
	walkTime = 80 * time.Millisecond  // that a frame of a walk is shown
	rowTime  = 400 * time.Millisecond // that a row of images is shown
)

// stream makes the set of a format that is one file.
func (d *drawing) stream(w io.Writer) (imageset.Writer, error) {
	switch d.format {
	case "raw":
		return imageset.NewRaw(w, d.about()), nil
	case "npz":
		return imageset.NewNPZ(w, d.about())
	case "png":
		canvas, err := picture.NewCanvas(d.grid, d.text != nil)
		if err == nil {
			err = d.putSigns(canvas)
		}
		return imageset.NewSheet(w, d.about(), canvas, d.place), err
	}
	f := imageset.Film{APNG: d.format == "apng", Grid: d.grid, PerFrame: d.perFrame, Each: rowTime}
	if d.stops != nil {
		f.Each, f.Back = walkTime, true
	}
	return imageset.NewFilm(w, d.about(), f), nil
}

// putSigns draws the characters of the text that no class is.
func (d *drawing) putSigns(canvas *picture.Canvas) error {
	for at, r := range d.text {
		if d.classOf(r) >= 0 {
			continue
		}
		sign, err := picture.Glyph(r, d.grid.Channels, d.grid.Height, d.grid.Width)
		if err != nil {
			return err
		}
		for line := range d.grid.Rows {
			if err := canvas.Put(line*len(d.text)+at, sign); err != nil {
				return err
			}
		}
	}
	return nil
}

// place is where image i goes in the one picture of all: a walk comes frame by frame, and has a row for each noise.
func (d *drawing) place(i int) int {
	switch {
	case d.stops != nil:
		return i%d.count*d.frames + i/d.count
	case d.text != nil:
		return i/len(d.letters)*len(d.text) + d.letters[i%len(d.letters)]
	}
	return i
}

// keeper is what --filter keeps; nil for all. Call free.
func (d *drawing) keeper(c *cli.Context, w *models.Weights) (keep models.Keep, free func(), err error) {
	if d.filter == 0 {
		return nil, func() {}, nil
	}
	j, about, err := d.judgeOf(c)
	if err != nil {
		return nil, nil, err
	}
	places, err := d.fitsJudge(j, about)
	if err != nil {
		j.Free()
		return nil, nil, usageError{err}
	}
	d.judge = about
	j.Use(models.Compute{Kernels: os.Getenv(kernelsVar)})
	return func(images models.Images, classes []int64) ([]bool, error) {
		asked := make([]int64, len(classes))
		for i, class := range classes {
			asked[i] = places[class]
		}
		sure, err := j.Sure(images, asked)
		kept := make([]bool, len(sure))
		for i, s := range sure {
			kept[i] = s >= d.filter
		}
		return kept, err
	}, j.Free, nil
}

// judgeOf is the judge of --judge, or that of the data.
func (d *drawing) judgeOf(c *cli.Context) (*judge.Judge, judge.About, error) {
	if c.String("judge") != "" {
		return judgeFor(c, nil, nil)
	}
	o := dataset.Options{Fit: dataset.Fits[0], Background: "black"}
	if !c.IsSet("data") {
		t := dataOf(c.String("weights"))
		if !t.known {
			return nil, judge.About{}, usageError{fmt.Errorf("--filter: %s does not say what it was trained on: name the data by --data, or a judge of it by --judge", c.String("weights"))}
		}
		o.Fit, o.Background, o.SkipBad = t.fit, t.background, t.skipBad
		if err := c.Set("data", t.data); err != nil {
			return nil, judge.About{}, err
		}
	}
	set, test, err := bothSplits(c, sizedAs(d.sizes, o))
	if err != nil {
		return nil, judge.About{}, err
	}
	defer set.Close()
	if test != nil {
		defer test.Close()
	}
	return judgeFor(c, set, test)
}

// fitsJudge gives each class its place among the judge's, by its name, or where the generator's classes have none by its number.
func (d *drawing) fitsJudge(j *judge.Judge, about judge.About) (places []int64, err error) {
	image := d.sizes.Image()
	if len(about.Classes) != len(d.names) {
		return nil, fmt.Errorf("--filter: the generator knows %d classes, and the judge %d: take a judge of the data that the generator was trained on", len(d.names), len(about.Classes))
	}
	if j.Channels() != image[0] || about.Size > 0 && int64(about.Size) != image[1] {
		return nil, fmt.Errorf("--filter: the generator draws images of %d channels and %d pixels, and the judge reads %d and %d", image[0], image[1], j.Channels(), about.Size)
	}
	if slices.Equal(d.names, models.NumberedClasses(len(d.names))) {
		return d.names.Parse("")
	}
	for _, name := range d.names {
		place := slices.Index(about.Classes, name)
		if place < 0 {
			return nil, fmt.Errorf("--filter: the generator draws %s, and the judge reads %s: take a judge of the data that the generator was trained on", d.names, models.Classes(about.Classes))
		}
		places = append(places, int64(place))
	}
	return places, nil
}

// progress is a bar on a terminal, and nothing elsewhere.
type progress struct {
	block *screen.Block
	bar   *pb.ProgressBar
}

// barFrom are drawn before a bar could be read.
const barFrom = 1000

func newProgress(c *cli.Context, n int) *progress {
	block := screen.New(c.App.ErrWriter)
	if block == nil || n < barFrom {
		return &progress{}
	}
	return &progress{block, screen.NewBar("images", int64(n), false)}
}

func (p *progress) add(n int) {
	if p.block == nil {
		return
	}
	p.bar.Add(n)
	if p.block.Due() {
		p.block.Draw(p.bar.SetWidth(p.block.Width()).String())
	}
}

func (p *progress) end() {
	if p.block != nil {
		p.block.Erase()
	}
}

// isTerminal says that a person looks at what is written.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
