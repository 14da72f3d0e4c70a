package dataset

import (
	"archive/zip"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
)

// listing is a set of image files that are not decoded yet.
type listing struct {
	place    *place
	files    []file
	classes  []string
	problems []Problem // what cannot be an image of a class
}

// file is an image file of a class. Size and stamp tell that it is still the same one.
type file struct {
	name  string
	class int32
	size  int64
	stamp int64 // when it was changed, or of a file in an archive its checksum
}

func newFile(name string, class int32, info fs.FileInfo) file {
	f := file{name, class, info.Size(), info.ModTime().UnixNano()}
	if header, ok := info.Sys().(*zip.FileHeader); ok {
		f.stamp = int64(header.CRC32)
	}
	return f
}

// open gives the set from the cache, decoding it into there where it is not.
func (l *listing) open(ctx context.Context, o Options, report func(string)) (*Set, error) {
	if len(l.files) == 0 {
		return nil, l.refuse(0, l.problems)
	}
	folder, err := cacheFolder()
	if err != nil {
		return nil, err
	}
	set := l.decoded(folder, o)
	if set == nil {
		path := l.cacheFile(folder, o)
		if err := l.decode(ctx, path, o, report); err != nil {
			return nil, err
		}
		if set, _, err = openCache(path); err != nil {
			return nil, fmt.Errorf("read the decoded images in %s: %w", path, err)
		}
	}
	set.Images.File = l.place.path
	if err := l.judge(set, o); err != nil {
		set.Close()
		return nil, err
	}
	return set, nil
}

func (l *listing) cacheFile(folder string, o Options) string {
	return filepath.Join(folder, l.key(o)+".bytes")
}

// decoded is the set out of the cache; nil where it is not there. What the images decided for themselves may have been asked for.
func (l *listing) decoded(folder string, o Options) *Set {
	for _, size := range []int{o.Size, 0} {
		for _, channels := range []int{o.Channels, 0} {
			asked := o
			asked.Size, asked.Channels = size, channels
			set, r, err := openCache(l.cacheFile(folder, asked))
			if err != nil {
				continue
			}
			fits := (size == o.Size || r.Height == o.Size && r.Width == o.Size) && (channels == o.Channels || r.Channels == o.Channels)
			if fits && !r.Passing { // else what could not be read may be readable now
				return set
			}
			set.Close()
		}
	}
	return nil
}

// judge refuses a set with bad files, unless they are to be left out, and one without an image of each class.
func (l *listing) judge(set *Set, o Options) error {
	set.Skipped = append(slices.Clone(l.problems), set.Skipped...)
	if len(set.Skipped) > 0 && !o.SkipBad {
		return l.refuse(set.Images.N, set.Skipped)
	}
	seen := make([]bool, len(l.classes))
	for _, label := range set.Labels {
		seen[label] = true
	}
	if class := slices.Index(seen, false); class >= 0 {
		return l.place.fail("", nil, fmt.Sprintf("class %.200q has no image that can be read: mend its files, or remove it", l.classes[class]))
	}
	return nil
}

// refuse is the error of a set with bad files, which are not empty, beside good ones.
func (l *listing) refuse(good int, problems []Problem) error {
	e := &DataError{File: l.place.path, Offset: -1, Reason: "there is no image"}
	if len(problems) == 0 {
		return e
	}
	first := problems[0]
	e.Reason = fmt.Sprintf("%d of %d files cannot be taken, the first is %.200q: it %.200s", len(problems), good+len(problems), first.Name, first.Reason)
	if good > 0 {
		e.Reason += "; mend or remove them, or leave them out"
		e.Field = "skip_bad"
	}
	return e
}

// key names the decoded set by all that its bytes depend on.
func (l *listing) key(o Options) string {
	h := newKey(l.place.path, o)
	for _, name := range l.classes {
		fmt.Fprintf(h, "%q\n", name)
	}
	for _, f := range l.files {
		fmt.Fprintf(h, "%q %d %d %d\n", f.name, f.class, f.size, f.stamp)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// newKey begins a key. The place is in it, because archives may give different files the same size and time.
func newKey(path string, o Options) hash.Hash {
	h := sha256.New()
	if absolute, err := filepath.Abs(path); err == nil {
		path = absolute
	}
	fmt.Fprintf(h, "%q %d %d %q %q\n", path, o.Size, o.Channels, o.Fit, o.Background)
	return h
}

// errColour ends the decoding as grey images where one is not, and the images decide.
var errColour = errors.New("an image has colours")

// decode writes the cache file: as grey images, and where the images decide and one has colours, as RGB from the start again.
func (l *listing) decode(ctx context.Context, path string, o Options, report func(string)) error {
	frame, err := l.frame(ctx, o)
	if err != nil {
		return err
	}
	err = l.decodeInto(ctx, path, frame, o, report)
	if errors.Is(err, errColour) {
		frame.channels = 3
		err = l.decodeInto(ctx, path, frame, o, report)
	}
	return err
}

// source decodes the files into a frame.
func (l *listing) source(frame *frame, o Options) *source {
	images := &reader{place: l.place}
	return &source{name: l.place.path, count: len(l.files), frame: frame, decode: func(i int, to []byte) (found original, err error) {
		err = images.use(l.files[i].name, func(p picture) error {
			size := p.size()
			if o.Size == 0 && (size.X != frame.width || size.Y != frame.height) {
				return l.sizesDiffer(l.files[i].name, size.X, size.Y, frame)
			}
			found = original{size.X, size.Y, frame.put(p.fitted(frame), to)}
			return nil
		})
		return found, err
	}}
}

func (l *listing) decodeInto(ctx context.Context, path string, frame *frame, o Options, report func(string)) error {
	r := &record{N: len(l.files), Channels: frame.channels, Height: frame.height, Width: frame.width, Classes: l.classes}
	return writeCache(path, r, func(w io.Writer) ([]int32, error) {
		var labels []int32
		sizes := sizes{}
		err := l.source(frame, o).each(ctx, report, func(i int, d decoded) error {
			var why *badImage
			switch {
			case errors.As(d.err, &why):
				r.Bad, r.Passing = append(r.Bad, Problem{l.files[i].name, why.reason}), r.Passing || why.passing
				return nil
			case d.err != nil:
				return d.err
			case d.colour && o.Channels == 0 && frame.channels == 1:
				return errColour
			case d.colour:
				r.Found.Colour++
			}
			sizes.add(d.width, d.height)
			labels = append(labels, l.files[i].class)
			_, err := w.Write(d.pixels)
			return err
		})
		if err == nil && len(labels) == 0 {
			err = l.refuse(0, append(slices.Clone(l.problems), r.Bad...))
		}
		r.N, r.Found.Sizes = len(labels), sizes.counts()
		return labels, err
	})
}

// tooLarge is the error of images that are handed out as they are, and are larger than a size may be.
func (l *listing) tooLarge(name string, width, height int) error {
	e := &DataError{File: l.place.full(name), Offset: -1, Field: "size"}
	e.Reason = fmt.Sprintf("is %dx%d: choose a size that all are fitted to, or have images of at most %d pixels a side", width, height, MaxSize)
	return e
}

func (l *listing) sizesDiffer(name string, width, height int, frame *frame) error {
	e := &DataError{File: l.place.full(name), Offset: -1, Field: "size"}
	e.Reason = fmt.Sprintf("is %dx%d, and others are %dx%d: choose a size that all are fitted to", width, height, frame.width, frame.height)
	return e
}

// frame is what the images are fitted into; without a size, that of the first one which can be read.
func (l *listing) frame(ctx context.Context, o Options) (*frame, error) {
	f := newFrame(o)
	if o.Size > 0 {
		return f, nil
	}
	images := &reader{place: l.place}
	var problems []Problem
	for _, file := range l.files {
		err := images.use(file.name, func(p picture) error {
			if f.width, f.height = p.size().X, p.size().Y; max(f.width, f.height) > MaxSize {
				return l.tooLarge(file.name, f.width, f.height)
			}
			return nil
		})
		if f.width > 0 {
			return f, err
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		problems = append(problems, Problem{file.name, err.Error()})
	}
	return nil, l.refuse(0, append(slices.Clone(l.problems), problems...))
}

// sizes counts images by width and height.
type sizes map[[2]int]int

// mostSizes are told apart; the others are counted together.
const mostSizes = 1000

func (s sizes) add(width, height int) {
	key := [2]int{width, height}
	if _, known := s[key]; !known && len(s) >= mostSizes {
		key = [2]int{}
	}
	s[key]++
}

func (s sizes) counts() (all []SizeCount) {
	for size, count := range s {
		all = append(all, SizeCount{size[0], size[1], count})
	}
	slices.SortFunc(all, func(a, b SizeCount) int {
		return cmp.Or(b.Count-a.Count, a.Width-b.Width, a.Height-b.Height)
	})
	return all
}
