package imageset

import (
	"bufio"
	"encoding/binary"
	"os"
	"path/filepath"
	"strconv"

	"cgan/models/picture"
)

// idx writes a file of images and one of labels.
type idx struct {
	counter
	*stage
	values         []int32 // of the classes
	images, labels *idxFile
}

// idxFile is a file under way.
type idxFile struct {
	name string
	file *os.File
	*bufio.Writer
}

// The IDX kinds of values.
const (
	idxBytes = 0x08
	idxInt32 = 0x0c
)

// NewIDX writes train-images-idx3-ubyte and train-labels-idx1-ubyte into the folder dir, as MNIST has them, with idx4 of [N, 3, H, W]
// for RGB. Labels are the names of the classes where all are numbers from 0 to 255, else their places; beyond 256 classes they are
// int32. A file of these names that is there already is an *ExistsError.
func NewIDX(dir string, about About) (Writer, error) {
	s, err := newStage(dir)
	if err != nil {
		return nil, err
	}
	x := &idx{counter: counter{About: about}, stage: s, values: labelValues(about.Classes)}
	sizes, name := []int{about.N, about.Height, about.Width}, "train-images-idx3-ubyte"
	if about.Channels > 1 {
		sizes, name = []int{about.N, about.Channels, about.Height, about.Width}, "train-images-idx4-ubyte"
	}
	kind := byte(idxBytes)
	if len(about.Classes) > 256 {
		kind = idxInt32
	}
	if x.images, err = x.create(name, idxBytes, sizes...); err == nil {
		x.labels, err = x.create("train-labels-idx1-ubyte", kind, about.N)
	}
	if err != nil {
		x.Discard()
		return nil, err
	}
	return x, nil
}

// labelValues are what stands for the classes in a file.
func labelValues(classes []string) []int32 {
	names, places := make([]int32, len(classes)), make([]int32, len(classes))
	numbers := true
	for i, name := range classes {
		n, err := strconv.ParseUint(name, 10, 8)
		numbers = numbers && err == nil && strconv.FormatUint(n, 10) == name
		names[i], places[i] = int32(n), int32(i)
	}
	if numbers {
		return names
	}
	return places
}

// create begins a file with its header.
func (x *idx) create(name string, kind byte, sizes ...int) (*idxFile, error) {
	if err := x.taken(name); err != nil {
		return nil, err
	}
	file, err := os.OpenFile(filepath.Join(x.dir, name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return nil, err
	}
	header := []byte{0, 0, kind, byte(len(sizes))}
	for _, n := range sizes {
		header = binary.BigEndian.AppendUint32(header, uint32(n))
	}
	f := &idxFile{name, file, bufio.NewWriterSize(file, 1<<16)}
	_, err = f.Write(header)
	return f, err
}

// Add writes an image and its label.
func (x *idx) Add(m Image) error {
	if err := x.check(m); err != nil {
		return err
	}
	for _, v := range m.Pixels {
		if err := x.images.WriteByte(picture.Level(v)); err != nil {
			return err
		}
	}
	var value int32
	if len(x.values) > 0 {
		value = x.values[m.Class]
	}
	if len(x.Classes) <= 256 {
		return x.labels.WriteByte(byte(value))
	}
	_, err := x.labels.Write(binary.BigEndian.AppendUint32(nil, uint32(value)))
	return err
}

// Close gives both files their place.
func (x *idx) Close() error {
	if err := x.whole(); err != nil {
		return err
	}
	for _, f := range []*idxFile{x.images, x.labels} {
		err := f.Flush()
		if err == nil {
			err = f.file.Sync()
		}
		if err == nil {
			err = f.file.Close()
		}
		if err != nil {
			return err
		}
	}
	return x.publish()
}

// Discard takes away what was written.
func (x *idx) Discard() {
	for _, f := range []*idxFile{x.images, x.labels} {
		if f != nil {
			f.file.Close()
		}
	}
	x.discard()
}
