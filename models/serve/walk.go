package serve

import "math"

// walk is the noise that lies t of the way from a to b: in a straight line, or, of normal values, on the arc between them, so that it
// is as long as noise is (spherical interpolation, White 2016, arXiv:1609.04468).
func walk(a, b []float32, t float64, normal bool) []float32 {
	from, to := 1-t, t
	if normal {
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
