package imageset

import (
	"bufio"
	"encoding/binary"
	"io"
	"math"
	"os"

	"cgan/models/picture"
	"cgan/weights"
	"cgan/weights/npz"
)

// raw writes bytes alone.
type raw struct {
	counter
	*bufio.Writer
}

// NewRaw writes images one after the other to w, each [Height, Width, Channels] in bytes, as ffmpeg's rawvideo has gray and rgb24.
func NewRaw(w io.Writer, about About) Writer {
	return &raw{counter{About: about}, bufio.NewWriterSize(w, 1<<16)}
}

// Add writes an image.
func (r *raw) Add(m Image) error {
	if err := r.check(m); err != nil {
		return err
	}
	plane := r.Height * r.Width
	for i := range plane {
		for c := range r.Channels {
			if err := r.WriteByte(picture.Level(m.Pixels[c*plane+i])); err != nil {
				return err
			}
		}
	}
	return nil
}

// Close writes what is left.
func (r *raw) Close() error {
	if err := r.whole(); err != nil {
		return err
	}
	return r.Flush()
}

// Discard does nothing: who opened w takes it away.
func (r *raw) Discard() {}

// arrays writes an .npz file. What is not the images' waits in files without a name.
type arrays struct {
	counter
	file                *npz.Writer
	images              *bufio.Writer
	labels, seeds, rows *column
}

// NewNPZ writes the arrays images [N, C, H, W] float32 in [-1, 1], labels [N] where there are classes, and seeds and rows [N], which say
// what each was drawn of, to w.
func NewNPZ(w io.Writer, about About) (Writer, error) {
	a := &arrays{counter: counter{About: about}, file: npz.NewWriter(w)}
	images, err := a.file.Array("images", weights.F32, []int64{int64(about.N), int64(about.Channels), int64(about.Height), int64(about.Width)})
	if err != nil {
		return nil, err
	}
	a.images = bufio.NewWriterSize(images, 1<<16)
	for _, c := range []**column{&a.labels, &a.seeds, &a.rows} {
		if *c, err = newColumn(); err != nil {
			a.Discard()
			return nil, err
		}
	}
	return a, nil
}

// Add writes an image.
func (a *arrays) Add(m Image) error {
	if err := a.check(m); err != nil {
		return err
	}
	var value [4]byte
	for _, v := range m.Pixels {
		binary.LittleEndian.PutUint32(value[:], math.Float32bits(v))
		if _, err := a.images.Write(value[:]); err != nil {
			return err
		}
	}
	for c, v := range map[*column]int64{a.labels: int64(m.Class), a.seeds: m.Seed, a.rows: int64(m.Row)} {
		if _, err := c.Write(binary.LittleEndian.AppendUint64(nil, uint64(v))); err != nil {
			return err
		}
	}
	return nil
}

// Close writes the other arrays.
func (a *arrays) Close() error {
	err := a.whole()
	if err == nil {
		err = a.images.Flush()
	}
	if err == nil && len(a.Classes) > 0 {
		err = a.append("labels", a.labels)
	}
	if err == nil {
		err = a.append("seeds", a.seeds)
	}
	if err == nil {
		err = a.append("rows", a.rows)
	}
	if err == nil {
		err = a.file.Close()
	}
	a.Discard()
	return err
}

func (a *arrays) append(name string, c *column) error {
	w, err := a.file.Array(name, weights.I64, []int64{int64(a.N)})
	if err == nil {
		err = c.Flush()
	}
	if err == nil {
		_, err = c.file.Seek(0, io.SeekStart)
	}
	if err == nil {
		_, err = io.Copy(w, c.file)
	}
	return err
}

// Discard lets go of the files without a name.
func (a *arrays) Discard() {
	for _, c := range []*column{a.labels, a.seeds, a.rows} {
		if c != nil {
			c.file.Close()
		}
	}
}

// column is an array that waits on the disk.
type column struct {
	file *os.File
	*bufio.Writer
}

func newColumn() (*column, error) {
	file, err := os.CreateTemp("", "cgan-*")
	if err != nil {
		return nil, err
	}
	os.Remove(file.Name()) // it lives as long as it is open
	return &column{file, bufio.NewWriterSize(file, 1<<14)}, nil
}
