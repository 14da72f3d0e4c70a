package picture

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"image/png"
	"math"
	"strings"
	"testing"
)

func drawGrid(t *testing.T, pixels []float32, rows, cols, height, width, channels int) image.Image {
	t.Helper()
	var first, second bytes.Buffer
	for _, b := range []*bytes.Buffer{&first, &second} {
		if err := Write(b, Grid{pixels, rows, cols, channels, height, width}); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(first.Bytes(), second.Bytes()) {
		t.Error("the same pixels gave two files")
	}
	m, err := png.Decode(&first)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// >>> g = torchvision.utils.make_grid(x * 0.5 + 0.5, nrow=3)[0]; g.mul(255).add_(0.5).clamp_(0, 255).byte()
// for x = torch.linspace(-1, 1, 6).view(6, 1, 1, 1): the rows below, 2 pixels of gap on every side.
func TestWriteGridGray(t *testing.T) {
	m := drawGrid(t, []float32{-1, -0.6, -0.2, 0.2, 0.6, 1}, 2, 3, 1, 1, 1)
	gray, ok := m.(*image.Gray)
	if !ok || m.Bounds() != image.Rect(0, 0, 11, 8) {
		t.Fatalf("got %T of %v", m, m.Bounds())
	}
	want := map[image.Point]byte{{5, 2}: 51, {8, 2}: 102, {2, 5}: 153, {5, 5}: 204, {8, 5}: 255}
	for y := range 8 {
		for x := range 11 {
			if got := gray.GrayAt(x, y).Y; got != want[image.Pt(x, y)] {
				t.Errorf("(%d, %d) is %d, want %d", x, y, got, want[image.Pt(x, y)])
			}
		}
	}
}

func TestWriteGridRGB(t *testing.T) {
	// Two images [3, 2, 1]: red over green, then blue over white.
	m := drawGrid(t, []float32{1, -1, -1, 1, -1, -1, -1, 1, -1, 1, 1, 1}, 1, 2, 2, 1, 3)
	if m.Bounds() != image.Rect(0, 0, 8, 6) {
		t.Fatalf("bounds %v", m.Bounds())
	}
	want := map[image.Point]color.RGBA{
		{2, 2}: {255, 0, 0, 255}, {2, 3}: {0, 255, 0, 255}, {5, 2}: {0, 0, 255, 255}, {5, 3}: {255, 255, 255, 255},
	}
	for y := range 6 {
		for x := range 8 {
			w, ok := want[image.Pt(x, y)]
			if !ok {
				w = color.RGBA{0, 0, 0, 255}
			}
			if got := color.RGBAModel.Convert(m.At(x, y)); got != w {
				t.Errorf("(%d, %d) is %v, want %v", x, y, got, w)
			}
		}
	}
}

func TestWriteGridSingleImageHasNoFrame(t *testing.T) {
	m := drawGrid(t, []float32{-1, 1}, 1, 1, 1, 2, 1)
	if m.Bounds() != image.Rect(0, 0, 2, 1) {
		t.Errorf("bounds %v", m.Bounds())
	}
}

func TestLevel(t *testing.T) {
	inf := float32(math.Inf(1))
	for v, want := range map[float32]byte{
		-1: 0, 0: 128, 1: 255, -7: 0, 7: 255, inf: 255, -inf: 0,
		-0.998: 0, -0.996: 1, 0.99: 254, 0.997: 255, // either side of a half
	} {
		if got := Level(v); got != want {
			t.Errorf("Level(%v) = %d, want %d", v, got, want)
		}
	}
}

type fullDisk struct{ err error }

func (d fullDisk) Write([]byte) (int, error) { return 0, d.err }

func TestWriteGridRefuses(t *testing.T) {
	nan := make([]float32, 6*4)
	nan[4*4+1] = float32(math.NaN())
	tests := []struct {
		pixels []float32
		sizes  [5]int
		want   string
	}{
		{nan, [5]int{2, 3, 2, 2, 1}, "image 4 (row 1, column 1) holds NaN"},
		{nan[:5], [5]int{2, 3, 1, 1, 1}, "there are 5 pixels"},
		{nan[:7], [5]int{2, 3, 1, 1, 1}, "there are 7 pixels"},
		{nan[:12], [5]int{2, 3, 1, 1, 1}, "there are 12 pixels"},
		{nil, [5]int{1 << 32, 1 << 32, 1, 1, 1}, "there are 0 pixels"},
		{nil, [5]int{0, 3, 1, 1, 1}, "at least 1"},
		{nan[:6], [5]int{-2, -3, 1, 1, 1}, "at least 1"},
		{nan[:4], [5]int{1, 2, 1, 1, 2}, "2 channels, a picture has 1 or 3"},
	}
	for _, tt := range tests {
		var b bytes.Buffer
		s := tt.sizes
		err := Write(&b, Grid{tt.pixels, s[0], s[1], s[4], s[2], s[3]})
		if err == nil || !strings.Contains(err.Error(), tt.want) || b.Len() > 0 {
			t.Errorf("%v: got %v and %d bytes, want %q", s, err, b.Len(), tt.want)
		}
	}
	full := errors.New("no space")
	if err := Write(fullDisk{full}, Grid{[]float32{0}, 1, 1, 1, 1, 1}); !errors.Is(err, full) {
		t.Errorf("a full disk gave %v", err)
	}
}
