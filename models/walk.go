package models

import (
	"context"
	"fmt"
	"math"
)

// Stop is a place that a walk comes through: the noise of a seed, and a class.
type Stop struct{ Seed, Class int64 }

// DrawWalk draws so many frames on the way from stop to stop, the first and the last one among them, and gives them to put in order,
// some images at a time: memory grows with the noise of a frame alone. A frame is an image for each of so many rows of the seeds' noise. Between classes goes a straight line through what Condition makes of
// them, between noises Between.
func (n *Net) DrawWalk(ctx context.Context, c Config, stops []Stop, rows, frames int, put func(Images) error) error {
	if err := n.takes(c); err != nil {
		return err
	}
	if len(stops) < 2 || frames < len(stops) {
		return fmt.Errorf("a walk of %d stops in %d frames: there are at least two stops, and a frame for each", len(stops), frames)
	}
	noise := map[int64][]float32{}
	for _, s := range stops {
		var err error
		if noise[s.Seed], err = n.NoiseRows(c, rows, s.Seed); err != nil {
			return err
		}
	}
	for i := range frames {
		at := float64(i) * float64(len(stops)-1) / float64(frames-1)
		leg := min(int(at), len(stops)-2)
		for first := 0; first < rows; first += n.atOnce {
			if err := ctx.Err(); err != nil {
				return err
			}
			points := make([]Point, min(n.atOnce, rows-first))
			for k := range points {
				rowOf := func(s Stop) []float32 { return noise[s.Seed][(first+k)*c.Noise:][:c.Noise] }
				points[k] = n.pointBetween(stops[leg], stops[leg+1], at-float64(leg), rowOf)
			}
			images, err := n.DrawPoints(c, points)
			if err == nil {
				err = put(images)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// pointBetween is the point that lies t of the way from a to b.
func (n *Net) pointBetween(a, b Stop, t float64, noise func(Stop) []float32) Point {
	p := Point{Noise: noise(a), Class: a.Class, Toward: b.Class}
	if a.Seed != b.Seed && t > 0 {
		p.Noise = n.Between(p.Noise, noise(b), t)
	}
	if a.Class != b.Class {
		p.Share = float32(t)
	}
	return p
}

// Between is the noise that lies t of the way from a to b: in a straight line, or, of normal values, on the arc between them, so that
// it is as long as noise is (spherical interpolation, White 2016, arXiv:1609.04468).
func (n *Net) Between(a, b []float32, t float64) []float32 {
	from, to := 1-t, t
	if n.arch.Source[0].Op == "randn" {
		from, to = arc(a, b, t)
	}
	out := make([]float32, len(a))
	for i := range a {
		out[i] = float32(from*float64(a[i]) + to*float64(b[i]))
	}
	return out
}

// arc is how much of a and of b is taken.
func arc(a, b []float32, t float64) (from, to float64) {
	var aa, bb, ab float64
	for i := range a {
		x, y := float64(a[i]), float64(b[i])
		aa, bb, ab = aa+x*x, bb+y*y, ab+x*y
	}
	angle := math.Acos(min(max(ab/math.Sqrt(aa*bb), -1), 1))
	if sin := math.Sin(angle); sin > 1e-6 {
		return math.Sin((1-t)*angle) / sin, math.Sin(t*angle) / sin
	}
	return 1 - t, t // the same direction, or against it, where there is no one arc
}
