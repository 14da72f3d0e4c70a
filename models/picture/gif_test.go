package picture

import (
	"bytes"
	"image"
	"image/color"
	"image/gif"
	"testing"
	"time"
)

func animated(t *testing.T, pictures ...image.Image) *gif.GIF {
	t.Helper()
	var frames []*image.Paletted
	for _, m := range pictures {
		frames = append(frames, Frame(m))
	}
	var out bytes.Buffer
	if err := WriteGIF(&out, frames, 200*time.Millisecond, 3*time.Second); err != nil {
		t.Fatal(err)
	}
	all, err := gif.DecodeAll(&out)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// filled is a picture whose pixels at gives.
func filled(width, height int, at func(x, y int) color.Color) image.Image {
	m := image.NewNRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			m.Set(x, y, at(x, y))
		}
	}
	return m
}

func TestGIFKeepsEveryGray(t *testing.T) {
	first, second := image.NewGray(image.Rect(0, 0, 256, 2)), image.NewGray(image.Rect(0, 0, 256, 2))
	for i := range first.Pix {
		first.Pix[i], second.Pix[i] = byte(i), byte(255-i)
	}
	all := animated(t, first, second)
	if len(all.Image) != 2 || all.Delay[0] != 20 || all.Delay[1] != 300 || all.LoopCount != 0 {
		t.Fatalf("%d pictures, for %v, repeated %d times", len(all.Image), all.Delay, all.LoopCount)
	}
	for i, want := range []*image.Gray{first, second} {
		for at, v := range want.Pix {
			if got := color.GrayModel.Convert(all.Image[i].At(at%256, at/256)).(color.Gray).Y; got != v {
				t.Fatalf("picture %d, pixel %d: gray %d becomes %d", i, at, v, got)
			}
		}
	}
}

// On average an area keeps its colour, and the palette's own colours stay as they are.
func TestGIFKeepsColours(t *testing.T) {
	for _, want := range []color.NRGBA{{0, 0, 0, 255}, {255, 255, 255, 255}, {255, 0, 51, 255}, {200, 100, 50, 255}, {13, 77, 240, 255}} {
		m := animated(t, filled(16, 16, func(int, int) color.Color { return want })).Image[0]
		var sum [3]int
		for y := range 16 {
			for x := range 16 {
				r, g, b, _ := m.At(x, y).RGBA()
				sum[0], sum[1], sum[2] = sum[0]+int(r>>8), sum[1]+int(g>>8), sum[2]+int(b>>8)
			}
		}
		for c, v := range []uint8{want.R, want.G, want.B} {
			if got := float64(sum[c]) / 256; got < float64(v)-2 || got > float64(v)+2 {
				t.Errorf("%v: channel %d is %.1f on average", want, c, got)
			}
		}
	}
}

func TestGIFShrinksWhatIsLarge(t *testing.T) {
	board := filled(2*maxSide-1, 100, func(x, y int) color.Color { return color.Gray{Y: byte((x + y) % 2 * 200)} })
	m := SmallFrame(board)
	if m.Rect.Dx() != maxSide-1 || m.Rect.Dy() != 50 {
		t.Fatalf("%v", m.Rect)
	}
	sum := 0
	for i := range m.Pix {
		r, _, _, _ := m.At(i%m.Stride, i/m.Stride).RGBA()
		sum += int(r >> 8)
	}
	if mean := sum / len(m.Pix); mean < 98 || mean > 102 {
		t.Errorf("the mean of 0 and 200 becomes %d", mean)
	}
	if err := WriteGIF(&bytes.Buffer{}, nil, 0, 0); err == nil {
		t.Error("no picture is an animation")
	}
}

// A picture keeps its size, gray or in colours, and one that does not begin at 0 its pixels.
func TestGIFKeepsTheSize(t *testing.T) {
	board := func(x, y int) color.Color { return color.Gray{Y: byte(x%2*200 + y%2*50)} }
	for _, m := range []image.Image{filled(3*maxSide, 5, board), image.NewGray(image.Rect(0, 0, 2, 2*maxSide))} {
		if got := animated(t, m).Image[0].Rect; got != m.Bounds() {
			t.Errorf("%v becomes %v", m.Bounds(), got)
		}
	}
	whole := image.NewGray(image.Rect(0, 0, 9, 9))
	for i := range whole.Pix {
		whole.Pix[i] = byte(i)
	}
	part := Frame(whole.SubImage(image.Rect(3, 4, 7, 9)))
	if part.Rect != image.Rect(0, 0, 4, 5) || part.Pix[0] != 4*9+3 || part.Pix[2*4+1] != 6*9+4 {
		t.Errorf("%v, %v", part.Rect, part.Pix)
	}
}

// A picture that is thin or does not begin at 0 is made smaller as others are.
func TestGIFShrinksAnyRectangle(t *testing.T) {
	for _, size := range []image.Point{{1, 3 * maxSide}, {3 * maxSide, 2}, {maxSide + 1, maxSide + 1}, {maxSide, 1}} {
		m := image.NewGray(image.Rectangle{image.Pt(5, -7), image.Pt(5, -7).Add(size)})
		for i := range m.Pix {
			m.Pix[i] = 77
		}
		small := SmallFrame(m)
		if b := small.Bounds(); b.Min != (image.Point{}) || b.Dx() < 1 || b.Dy() < 1 || b.Dx() > maxSide || b.Dy() > maxSide {
			t.Errorf("%v becomes %v", size, b)
		}
		for _, v := range small.Pix {
			if v != 77 {
				t.Fatalf("%v: gray 77 becomes %d", size, v)
			}
		}
	}
}

// Pictures of several sizes, as of a folder in which runs follow each other.
func TestGIFTakesSeveralSizes(t *testing.T) {
	all := animated(t, image.NewGray(image.Rect(0, 0, 5, 9)), image.NewGray(image.Rect(0, 0, 8, 3)))
	if all.Config.Width != 8 || all.Config.Height != 9 {
		t.Errorf("%v", all.Config)
	}
}
