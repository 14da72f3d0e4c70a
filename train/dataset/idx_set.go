package dataset

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"image"
	"io"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// idxSet is the two files of a set, their headers read. Memory grows with the data that is there, never with what
// a header claims.
type idxSet struct {
	images, labels          *idxFile
	n                       int
	channels, height, width int
	transposed              bool             // as EMNIST's images lie
	names                   map[int32]string // of the classes, where the set has a file with them
	raw                     []byte           // images of the block at hand
}

// openIDX reads train-images-idx3-ubyte and train-labels-idx1-ubyte of the place, or t10k- or test-, after the prefix
// of one of the stems, under the names and in the folders that people have them in, the .gz of each before the plain one;
// their content decides whether they are gzipped. Images may have four dimensions, [N, 1 or 3, H, W], and labels may be any whole
// numbers of up to four bytes. Both files must hold the same number (at least one), and neither may be damaged, short or over-long.
func (p *place) openIDX(ctx context.Context, stems []idxStem, o Options, report func(string)) (*Set, error) {
	stem := stems[0]
	if exact := slices.IndexFunc(stems, func(s idxStem) bool { return s.prefix == p.prefix }); exact >= 0 {
		stem = stems[exact]
	} else if len(stems) > 1 {
		return nil, p.fail("", nil, fmt.Sprintf("there are several sets: name one of them, such as %s",
			p.full(path.Join(stem.folder, strings.TrimSuffix(stem.prefix, "-")))))
	}
	prefix := stem.prefix
	splits := []string{"train"}
	if o.Split == "test" {
		splits = []string{"t10k", "test"}
	}
	x := &idxSet{transposed: strings.HasPrefix(prefix, "emnist-"), names: p.mapping(prefix)}
	for _, file := range []struct {
		to    **idxFile
		kinds []string
		ranks []int
	}{{&x.images, []string{"-images-idx3-ubyte", "-images-idx4-ubyte"}, []int{3, 4}}, {&x.labels, []string{"-labels-idx1-ubyte"}, []int{1}}} {
		var names []string
		for _, kind := range file.kinds {
			for _, split := range splits {
				names = append(names, prefix+split+kind)
			}
		}
		f, err := openIDX(p, names, file.ranks...)
		if err != nil {
			return nil, err
		}
		defer f.file.Close()
		*file.to = f
	}
	if err := x.shape(); err != nil {
		return nil, err
	}
	return x.open(ctx, o, report)
}

// maxIDXSide bounds what a header that lies may cost.
const maxIDXSide = 4096

// shape takes the sizes from the headers and compares them.
func (x *idxSet) shape() error {
	d := x.images.dims
	if d[0] != x.labels.dims[0] {
		return x.labels.fail(4, nil, "%d labels for the %d images of %s: take both files from one set", x.labels.dims[0], d[0], x.images.path)
	}
	channels, sides := uint64(1), d[1:]
	if len(d) == 4 {
		channels, sides = d[1], d[2:]
	}
	switch {
	case channels != 1 && channels != 3:
		return x.images.fail(8, nil, "the images have %d channels: 4 dimensions are N, 1 or 3 channels, height and width", channels)
	case d[0] > maxImages:
		return x.images.fail(4, nil, "there are %d images: at most %d are read", d[0], maxImages)
	case sides[0] > maxIDXSide || sides[1] > maxIDXSide:
		return x.images.fail(8, nil, "the images are %dx%d: at most %d pixels wide and high are read", sides[1], sides[0], maxIDXSide)
	}
	x.n, x.channels, x.height, x.width = int(d[0]), int(channels), int(sides[0]), int(sides[1])
	if x.transposed {
		x.height, x.width = x.width, x.height
	}
	return nil
}

// open reads the set into memory, or through the cache where it is too large for that.
func (x *idxSet) open(ctx context.Context, o Options, report func(string)) (*Set, error) {
	frame := newFrame(o)
	if o.Size == 0 {
		frame.height, frame.width = x.height, x.width
	}
	if o.Channels == 0 {
		frame.channels = x.channels
	}
	if int64(x.n)*int64(frame.size()) > inMemory {
		return x.openCached(ctx, frame, o, report)
	}
	set, err := x.named()
	if err != nil {
		return nil, err
	}
	im := &set.Images
	im.Channels, im.Height, im.Width = frame.channels, frame.height, frame.width
	if x.asIs(frame) && !x.transposed {
		im.Pixels, err = x.images.body()
		return set, err
	}
	var all []byte
	err = x.each(ctx, frame, report, func(pixels []byte) error {
		all = append(all, pixels...)
		return nil
	})
	im.Pixels = all
	return set, err
}

// openCached is open for a set that stays on the disk.
func (x *idxSet) openCached(ctx context.Context, frame *frame, o Options, report func(string)) (*Set, error) {
	folder, err := cacheFolder()
	if err != nil {
		return nil, err
	}
	h := newKey(x.images.path, o)
	for _, f := range []*idxFile{x.images, x.labels} {
		fmt.Fprintf(h, "%v\n", newFile(f.path, 0, f.info))
	}
	fmt.Fprintf(h, "%q\n", x.names)
	path := filepath.Join(folder, hex.EncodeToString(h.Sum(nil))+".bytes")
	set, _, err := openCache(path)
	if err == nil {
		set.Images.File = x.images.path
		return set, nil
	}
	named, err := x.named()
	if err != nil {
		return nil, err
	}
	r := &record{N: x.n, Channels: frame.channels, Height: frame.height, Width: frame.width, Classes: named.Classes, Found: named.Found}
	err = writeCache(path, r, func(w io.Writer) ([]int32, error) {
		return named.Labels, x.each(ctx, frame, report, func(pixels []byte) error {
			_, err := w.Write(pixels)
			return err
		})
	})
	if err != nil {
		return nil, err
	}
	if set, _, err = openCache(path); err != nil {
		return nil, fmt.Errorf("read the decoded images in %s: %w", path, err)
	}
	set.Images.File = x.images.path
	return set, nil
}

// named is the set without its pixels.
func (x *idxSet) named() (*Set, error) {
	body, err := x.labels.body()
	if err != nil {
		return nil, err
	}
	set := &Set{Images: Images{File: x.images.path, N: x.n}, Found: Found{Sizes: []SizeCount{{x.width, x.height, x.n}}}}
	if x.channels == 3 {
		set.Found.Colour = x.n
	}
	var distinct []int32
	set.Labels, distinct = classesOf(x.values(body))
	set.Classes = classNames(distinct, x.names)
	if hexSum(body) == fashionLabels[0] || hexSum(body) == fashionLabels[1] {
		set.Classes = slices.Clone(fashionClasses)
	}
	return set, nil
}

// values are the labels as numbers.
func (x *idxSet) values(body []byte) []int32 {
	values := make([]int32, x.n)
	for i := range values {
		switch x.labels.kind {
		case 0x08:
			values[i] = int32(body[i])
		case 0x09:
			values[i] = int32(int8(body[i]))
		case 0x0b:
			values[i] = int32(int16(binary.BigEndian.Uint16(body[2*i:])))
		case 0x0c:
			values[i] = int32(binary.BigEndian.Uint32(body[4*i:]))
		}
	}
	return values
}

// classesOf numbers the values that occur, in order: they may have gaps, be negative, or begin anywhere.
func classesOf(values []int32) (labels, distinct []int32) {
	index := map[int32]int32{}
	for _, v := range values {
		index[v] = 0
	}
	for v := range index {
		distinct = append(distinct, v)
	}
	slices.Sort(distinct)
	for i, v := range distinct {
		index[v] = int32(i)
	}
	labels = make([]int32, len(values))
	for i, v := range values {
		labels[i] = index[v]
	}
	return labels, distinct
}

// classNames are the names of label values, or where a value lacks one, or two have the same, their decimals.
func classNames(values []int32, names map[int32]string) []string {
	decimals := make([]string, len(values))
	named := make([]string, 0, len(values))
	for i, v := range values {
		decimals[i] = strconv.Itoa(int(v))
		if name := names[v]; name != "" && !slices.Contains(named, name) {
			named = append(named, name)
		}
	}
	if len(named) == len(values) {
		return named
	}
	return decimals
}

// mapping reads EMNIST's table of labels and the codes of the characters that they stand for, of which the first is the name.
func (p *place) mapping(prefix string) map[int32]string {
	for _, name := range places(prefix + "mapping.txt") {
		f, _, err := p.openRegular(name)
		if err != nil {
			continue
		}
		defer f.Close()
		names := map[int32]string{}
		lines := bufio.NewScanner(io.LimitReader(f, 1<<20))
		for lines.Scan() {
			fields := strings.Fields(lines.Text())
			if len(fields) < 2 {
				continue
			}
			label, err := strconv.ParseInt(fields[0], 10, 32)
			code, codeErr := strconv.ParseInt(fields[1], 10, 32)
			if err == nil && codeErr == nil && strconv.IsPrint(rune(code)) {
				names[int32(label)] = string(rune(code))
			}
		}
		return names
	}
	return nil
}

// asIs says that the images are handed out in the size that they have.
func (x *idxSet) asIs(f *frame) bool {
	return f.channels == x.channels && f.height == x.height && f.width == x.width
}

// each hands the images to put in their order, fitted, and sees that the file ends after them.
func (x *idxSet) each(ctx context.Context, frame *frame, report func(string), put func(pixels []byte) error) error {
	size := x.channels * x.height * x.width
	start := 0
	src := source{name: x.images.path, count: x.n, frame: frame, raw: size, prepare: func(first, end int) (err error) {
		start = first
		x.raw, err = x.images.take(x.raw, (end-first)*size)
		return err
	}}
	src.decode = func(i int, to []byte) (original, error) {
		raw := x.raw[(i-start)*size:][:size]
		if x.transposed {
			raw = transpose(raw, x.height, x.width)
		}
		if x.asIs(frame) {
			copy(to, raw)
		} else {
			frame.put(frame.draw(planes(raw, x.channels, x.height, x.width), false), to)
		}
		return original{}, nil
	}
	err := src.each(ctx, report, func(_ int, d decoded) error { return put(d.pixels) })
	if err != nil {
		return err
	}
	return x.images.end()
}

// transpose turns [C, width, height] into [C, height, width].
func transpose(raw []byte, height, width int) []byte {
	out, plane := make([]byte, len(raw)), height*width
	for c := 0; c < len(raw); c += plane {
		for y := range height {
			for x := range width {
				out[c+y*width+x] = raw[c+x*height+y]
			}
		}
	}
	return out
}

// planes is [channels, height, width] as an image.
func planes(raw []byte, channels, height, width int) image.Image {
	bounds, plane := image.Rect(0, 0, width, height), height*width
	if channels == 1 {
		return &image.Gray{Pix: raw, Stride: width, Rect: bounds}
	}
	m := image.NewRGBA(bounds)
	for i := range plane {
		m.Pix[4*i], m.Pix[4*i+1], m.Pix[4*i+2], m.Pix[4*i+3] = raw[i], raw[plane+i], raw[2*plane+i], 255
	}
	return m
}
