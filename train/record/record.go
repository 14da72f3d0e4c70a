// Package record keeps up to date what a run folder shows of its training: losses.png, samples.gif, README.md and the event
// file of TensorBoard. All of it comes from stats.jsonl, samples-*.png and config.json of the folder. It is pure Go.
package record

import (
	"cmp"
	"fmt"
	"image"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"

	"cgan/train/runfolder"
	"cgan/weights/atomicfile"
)

// The names of what Write makes.
const (
	CurvesName = "losses.png"
	GIFName    = "samples.gif"
	ReadmeName = "README.md"
	EventsName = "events.out.tfevents.cgan" // TensorBoard asks for the word in the middle
)

// Record is what the folder of a run shows. It reads each line of stats.jsonl once.
type Record struct {
	dir       string
	read      int64 // bytes of stats.jsonl
	last      runfolder.Stats
	evaluated runfolder.Stats // the last one with figures
	curves    curves
	events    *events
	frames    map[int]*image.Paletted // of samples.gif, by step
}

// New is the record of the run in dir, which begins or goes on after step. Nothing is read or written before the first Write.
func New(dir string, step int) *Record {
	return &Record{dir: dir, curves: curves{width: 1}, events: &events{path: filepath.Join(dir, EventsName), until: step}}
}

// Write brings all files up to date with what was trained since the last time. howTo is Markdown for README.md: how to go on
// from the folder. What can't be written is tried again by the next Write; the error is that of the first.
func (r *Record) Write(howTo string) error {
	if err := r.events.open(); err != nil {
		return err
	}
	var err error
	if r.read, err = runfolder.ReadStats(r.dir, r.read, r.add); err != nil || r.last.Step == 0 {
		return err
	}
	grids, err := r.grids()
	if err != nil {
		return err
	}
	return cmp.Or(
		r.events.addGrids(grids),
		r.write(CurvesName, r.curves.draw),
		r.writeGIF(grids),
		r.write(ReadmeName, func(w io.Writer) error { return r.readme(w, grids, howTo) }),
	)
}

func (r *Record) write(name string, write func(io.Writer) error) error {
	return atomicfile.Write(filepath.Join(r.dir, name), true, write)
}

func (r *Record) writeGIF(grids []grid) error {
	if len(grids) == 0 {
		return nil
	}
	return r.write(GIFName, func(w io.Writer) error { return r.animate(w, grids) })
}

func (r *Record) add(s runfolder.Stats) {
	r.events.addStats(s)
	r.curves.add(s)
	r.last = s
	if s.Eval != nil {
		r.evaluated = s
	}
}

// grid is a sample grid of the run.
type grid struct {
	step int
	path string
}

var gridName = regexp.MustCompile(`^samples-([0-9]{6,})\.png$`)

// grids are the sample grids of the steps so far, in their order. A run that goes on from an earlier checkpoint may have later
// ones, which it makes again.
func (r *Record) grids() (all []grid, err error) {
	entries, err := os.ReadDir(r.dir)
	if err != nil {
		return nil, fmt.Errorf("look for sample grids: %w", err)
	}
	for _, e := range entries {
		if name := gridName.FindStringSubmatch(e.Name()); name != nil {
			if step, err := strconv.Atoi(name[1]); err == nil && step <= r.last.Step {
				all = append(all, grid{step, filepath.Join(r.dir, e.Name())})
			}
		}
	}
	slices.SortFunc(all, func(a, b grid) int { return a.step - b.step })
	return all, nil
}
