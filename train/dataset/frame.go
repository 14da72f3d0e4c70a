package dataset

import (
	"image"
	"image/color"

	"golang.org/x/image/draw"
)

// frame is what images are fitted into.
type frame struct {
	channels, height, width int
	fit                     string
	background              color.RGBA
}

// newFrame is what options ask for; the size is 0 where they leave it to the images, and the channels are 1.
func newFrame(o Options) *frame {
	background, _ := o.background() // which Validate has seen
	return &frame{max(1, o.Channels), o.Size, o.Size, o.Fit, background}
}

func (f *frame) size() int { return f.channels * f.height * f.width }

// draw fits an image on the background. turned frames are for images that will be turned by a quarter.
func (f *frame) draw(m image.Image, turned bool) *image.RGBA {
	width, height := f.width, f.height
	if turned {
		width, height = height, width
	}
	canvas := image.NewRGBA(image.Rect(0, 0, width, height))
	draw.Draw(canvas, canvas.Rect, image.NewUniform(f.background), image.Point{}, draw.Src)
	from, to := m.Bounds(), canvas.Rect
	if from.Size() == to.Size() {
		draw.Draw(canvas, to, m, from.Min, draw.Over)
		return canvas
	}
	switch f.fit {
	case "pad":
		to = within(to, from.Dx(), from.Dy())
	case "stretch":
	default:
		from = within(from, width, height)
	}
	if to.Dx() > 4*from.Dx() && from.Dy() > 4*to.Dy() { // at once it would take the room of the new width times the old height
		less := image.NewRGBA(image.Rect(0, 0, from.Dx(), to.Dy()))
		draw.CatmullRom.Scale(less, less.Rect, m, from, draw.Src, nil)
		m, from = less, less.Rect
	}
	draw.CatmullRom.Scale(canvas, to, m, from, draw.Over, nil)
	return canvas
}

// within is the largest rectangle in the middle of r whose sides are as width to height.
func within(r image.Rectangle, width, height int) image.Rectangle {
	w, h := r.Dx(), r.Dy()
	if w*height > h*width {
		w = max(1, (h*width+height/2)/height)
	} else {
		h = max(1, (w*height+width/2)/width)
	}
	at := r.Min.Add(image.Pt((r.Dx()-w)/2, (r.Dy()-h)/2))
	return image.Rectangle{at, at.Add(image.Pt(w, h))}
}

// put writes a fitted image as [channels, height, width], and says whether it has colours.
func (f *frame) put(m *image.RGBA, to []byte) (colour bool) {
	plane := f.height * f.width
	for i := range plane {
		r, g, b := m.Pix[4*i], m.Pix[4*i+1], m.Pix[4*i+2]
		colour = colour || r != g || g != b
		if f.channels == 3 {
			to[i], to[plane+i], to[2*plane+i] = r, g, b
		} else {
			to[i] = color.GrayModel.Convert(color.RGBA{r, g, b, 255}).(color.Gray).Y
		}
	}
	return colour
}

// upright turns an image as its EXIF orientation, 1 to 8, says.
func upright(m *image.RGBA, orientation int) *image.RGBA {
	if orientation < 2 || orientation > 8 {
		return m
	}
	w, h := m.Rect.Dx(), m.Rect.Dy()
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	if orientation >= 5 {
		out = image.NewRGBA(image.Rect(0, 0, h, w))
	}
	for y := range h {
		for x := range w {
			left, up := w-1-x, h-1-y // counted from the other side
			at := [...][2]int{2: {left, y}, 3: {left, up}, 4: {x, up}, 5: {y, x}, 6: {up, x}, 7: {up, left}, 8: {y, left}}[orientation]
			copy(out.Pix[out.PixOffset(at[0], at[1]):][:4], m.Pix[m.PixOffset(x, y):])
		}
	}
	return out
}
