package picture

import (
	"image"
	"image/color"
	"testing"
)

// Each pixel becomes a square, of the same colour; gray stays gray, whose PNG is smaller.
func TestEnlarge(t *testing.T) {
	colours := image.NewNRGBA(image.Rect(0, 0, 3, 2))
	grays := image.NewGray(image.Rect(0, 0, 3, 2))
	for i := range 6 {
		colours.Set(i%3, i/3, color.NRGBA{byte(40 * i), byte(255 - i), 7, 255})
		grays.Set(i%3, i/3, color.Gray{byte(50 * i)})
	}
	for _, m := range []image.Image{colours, grays} {
		for _, n := range []int{1, 2, 5} {
			big := Enlarge(m, n)
			if big.Bounds() != image.Rect(0, 0, 3*n, 2*n) || big.ColorModel() != m.ColorModel() {
				t.Fatalf("%v of %v times %d", big.Bounds(), m.Bounds(), n)
			}
			for y := range 2 * n {
				for x := range 3 * n {
					if got, want := big.At(x, y), m.At(x/n, y/n); got != want {
						t.Errorf("times %d: %d,%d is %v, want %v", n, x, y, got, want)
					}
				}
			}
		}
	}
}
