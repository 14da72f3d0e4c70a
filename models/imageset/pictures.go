package imageset

import (
	"fmt"
	"image"
	"io"
	"time"

	"cgan/models/picture"
)

// sheet is one picture of all images.
type sheet struct {
	counter
	w      io.Writer
	canvas *picture.Canvas
	place  func(i int) int
}

// NewSheet writes one PNG to w: image i goes into a place of the canvas, counted row by row, and what the canvas has elsewhere stays.
// Of about the number, the sizes and the scale count.
func NewSheet(w io.Writer, about About, canvas *picture.Canvas, place func(i int) int) Writer {
	return &sheet{counter{About: about}, w, canvas, place}
}

// Add puts an image into its place.
func (s *sheet) Add(m Image) error {
	if err := s.check(m); err != nil {
		return err
	}
	return s.canvas.Put(s.place(s.added-1), m.Pixels)
}

// Close writes the picture.
func (s *sheet) Close() error {
	if err := s.whole(); err != nil {
		return err
	}
	return picture.Encode(s.w, s.scaled(s.canvas.Image()))
}

// Discard does nothing: who opened w takes it away.
func (s *sheet) Discard() {}

// scaled enlarges a picture.
func (a About) scaled(m image.Image) image.Image {
	if a.Scale > 1 {
		return picture.Enlarge(m, a.Scale)
	}
	return m
}

// Film says what an animation looks like.
type Film struct {
	APNG     bool          // all colours; else GIF
	Grid     picture.Grid  // of a frame, without pixels
	PerFrame int           // images
	Each     time.Duration // that a frame is shown
	Back     bool          // after the last frame it goes back to the first
}

// film is an animation under way.
type film struct {
	counter
	Film
	w      io.Writer
	canvas *picture.Canvas // of the frame at hand, nil before its first image
	frames []image.Image   // in the colours that they will have
}

// NewFilm writes an animation to w, in which so many images after the other are a frame. Of about the number, the sizes and the scale
// count.
func NewFilm(w io.Writer, about About, f Film) Writer {
	return &film{counter: counter{About: about}, Film: f, w: w}
}

// Add puts an image into the frame at hand.
func (f *film) Add(m Image) (err error) {
	if err := f.check(m); err != nil {
		return err
	}
	if f.canvas == nil {
		if f.canvas, err = picture.NewCanvas(f.Grid, false); err != nil {
			return err
		}
	}
	at := (f.added - 1) % f.PerFrame
	if err := f.canvas.Put(at, m.Pixels); err != nil {
		return fmt.Errorf("frame %d: %w", len(f.frames), err)
	}
	if at == f.PerFrame-1 || f.added == f.N {
		m := f.scaled(f.canvas.Image())
		if !f.APNG {
			m = picture.Frame(m)
		}
		f.frames, f.canvas = append(f.frames, m), nil
	}
	return nil
}

// Close writes the animation.
func (f *film) Close() error {
	if err := f.whole(); err != nil {
		return err
	}
	frames := f.frames
	for i := len(f.frames) - 2; f.Back && i > 0; i-- {
		frames = append(frames, f.frames[i])
	}
	if f.APNG {
		return picture.WriteAPNG(f.w, frames, f.Each, f.Each)
	}
	paletted := make([]*image.Paletted, len(frames))
	for i, m := range frames {
		paletted[i] = m.(*image.Paletted)
	}
	return picture.WriteGIF(f.w, paletted, f.Each, f.Each)
}

// Discard does nothing: who opened w takes it away.
func (f *film) Discard() {}
