package evaluate

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"image/color"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"cgan/models/picture"
	"cgan/weights"
	"cgan/weights/atomicfile"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
)

const (
	gridRows      = 10
	gridClasses   = 20 // of which images are shown
	mostConfusion = 30 // classes, beyond which a matrix can't be read
	neighboursOf  = 10 // images
)

// WriteReport writes into a folder, which it makes, what is to be seen of a generator: figures.json, pictures, and README.md with
// both. name is what it is called there.
func (r *Reference) WriteReport(dir, name string, d *Drawn, f *Figures) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	text, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		return err
	}
	pictures := []struct {
		file string
		make func() ([]byte, error)
	}{
		{"figures.json", func() ([]byte, error) { return append(text, '\n'), nil }},
		{"grid.png", d.grid},
		{"neighbours.png", func() ([]byte, error) { return r.neighbours(d) }},
		{"confusion.png", func() ([]byte, error) { return confusion(f, r.about.Classes) }},
		{"README.md", func() ([]byte, error) { return []byte(page(name, f, r.about.Classes)), nil }},
	}
	for _, p := range pictures {
		if p.file == "confusion.png" && !showsConfusion(f) {
			_ = os.Remove(filepath.Join(dir, p.file)) // that of an earlier report
			continue
		}
		content, err := p.make()
		if err == nil {
			err = atomicfile.Write(filepath.Join(dir, p.file), true, func(w io.Writer) error {
				_, err := w.Write(content)
				return err
			})
		}
		if err != nil {
			return fmt.Errorf("write %s of the report: %w", p.file, err)
		}
	}
	return nil
}

func showsConfusion(f *Figures) bool {
	return f.Consistency != nil && len(f.Consistency.Classes) <= mostConfusion
}

// grid is images of each class, a column for each.
func (d *Drawn) grid() ([]byte, error) {
	columns := gridRows
	if d.config.Classes > 0 {
		columns = min(d.config.Classes, gridClasses)
	}
	numbers := firstNumbers(min(gridRows, d.n()/columns) * columns)
	classes := make([]int64, len(numbers))
	for i := range numbers {
		classes[i] = int64(i % columns)
	}
	images, err := d.ofClasses(numbers, classes)
	if err != nil {
		return nil, err
	}
	return encode(images.Grid(columns))
}

func encode(g picture.Grid) ([]byte, error) {
	m, err := picture.Render(g)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = picture.Encode(&b, picture.Enlarge(m, 2))
	return b.Bytes(), err
}

// neighbours has in each row a drawn image and the real images that are nearest to it, of those drawn images that are nearest to
// any, one of each class first: where a generator copies, the first two columns are the same.
func (r *Reference) neighbours(d *Drawn) ([]byte, error) {
	distances, err := closest(d.judged, r.real)
	if err != nil {
		return nil, err
	}
	order := d.suspects(distances)
	drawn, err := d.images(order)
	if err != nil {
		return nil, err
	}
	size := len(drawn.Pixels) / drawn.N
	g := picture.Grid{Rows: len(order), Columns: 1 + neighbourK, Channels: drawn.Channels, Height: drawn.Height, Width: drawn.Width}
	for row, i := range order {
		g.Pixels = append(g.Pixels, drawn.Pixels[row*size:][:size]...)
		near := nearest{k: neighbourK}
		for j := range r.real.n() {
			near.show(j, float32(d.distance(i, r.real, j)))
		}
		numbers := make([]int, neighbourK)
		for k, j := range near.at {
			numbers[k] = r.order[j]
		}
		pixels, _, err := readImages(r.train, numbers)
		if err != nil {
			return nil, err
		}
		for _, level := range pixels {
			g.Pixels = append(g.Pixels, float32(level)/127.5-1)
		}
	}
	return encode(g)
}

// suspects are the images that are nearest to a training image: of each class one, and then others of any.
func (d *Drawn) suspects(distances []float64) (some []int) {
	order := firstNumbers(d.n())
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(distances[a], distances[b]) })
	had := map[int]bool{}
	var others []int
	for _, i := range order {
		if class := d.asked[i]; !had[class] {
			had[class] = true
			some = append(some, i)
		} else {
			others = append(others, i)
		}
	}
	some = append(some, others...)
	return some[:min(neighboursOf, len(some))]
}

// shares is a confusion matrix as shares of its rows, for gonum's plotter: row 0 at the top.
type shares [][]int

// Dims is columns and rows.
func (s shares) Dims() (columns, rows int) { return len(s), len(s) }

// Z is the share of images of a class that are read as the class of the column.
func (s shares) Z(column, row int) float64 {
	of := s[len(s)-1-row]
	sum := 0
	for _, n := range of {
		sum += n
	}
	return float64(of[column]) / float64(max(1, sum))
}

// X is where a column stands.
func (s shares) X(column int) float64 { return float64(column) }

// Y is where a row stands.
func (s shares) Y(row int) float64 { return float64(row) }

// blues go from white, which is no image, to blue, which is all.
type blues struct{}

// Colors are the 256 of them.
func (blues) Colors() (all []color.Color) {
	part := func(from, to, i int) uint8 { return uint8(from + (to-from)*i/255) }
	for i := range 256 {
		all = append(all, color.NRGBA{part(0xff, 0x00, i), part(0xff, 0x4c, i), part(0xff, 0x8c, i), 0xff})
	}
	return all
}

// confusion draws the confusion matrix.
func confusion(f *Figures, classes []string) ([]byte, error) {
	s := shares(f.Consistency.Confusion)
	p := plot.New()
	p.Title.Text = fmt.Sprintf("%.2f %% of %d images are read as asked", 100*f.Consistency.Share, f.Count)
	p.X.Label.Text, p.Y.Label.Text = "read by the judge", "asked for"
	heat := plotter.NewHeatMap(s, blues{})
	heat.Min, heat.Max = 0, 1
	p.Add(heat)
	var counts plotter.XYLabels
	var x, y []plot.Tick
	for i, row := range f.Consistency.Confusion {
		x = append(x, plot.Tick{Value: float64(i), Label: short(classes[i])})
		y = append(y, plot.Tick{Value: float64(len(s) - 1 - i), Label: short(classes[i])})
		for j, n := range row {
			if n > 0 {
				counts.XYs = append(counts.XYs, plotter.XY{X: float64(j), Y: float64(len(s) - 1 - i)})
				counts.Labels = append(counts.Labels, strconv.Itoa(n))
			}
		}
	}
	p.X.Tick.Marker, p.Y.Tick.Marker = plot.ConstantTicks(x), plot.ConstantTicks(y)
	if slices.ContainsFunc(classes, func(name string) bool { return len(name) > 3 }) {
		p.X.Tick.Label.Rotation, p.X.Tick.Label.XAlign, p.X.Tick.Label.YAlign = 0.8, draw.XRight, draw.YTop
	}
	labels, err := plotter.NewLabels(counts)
	if err != nil {
		return nil, err
	}
	for i := range labels.TextStyle {
		at := counts.XYs[i]
		labels.TextStyle[i].XAlign, labels.TextStyle[i].YAlign, labels.TextStyle[i].Color = draw.XCenter, draw.YCenter, color.Black
		if s.Z(int(at.X), int(at.Y)) > 0.5 {
			labels.TextStyle[i].Color = color.White
		}
	}
	p.Add(labels)
	side := vg.Length(2+0.45*float64(len(s))) * vg.Inch
	canvas := vgimg.New(side, side)
	p.Draw(draw.New(canvas))
	var b bytes.Buffer
	err = (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&b, canvas.Image())
	return b.Bytes(), err
}

// short is a class's name for an axis.
func short(name string) string {
	if letters := []rune(name); len(letters) > 12 {
		return string(letters[:11]) + "…"
	}
	return name
}

// page is README.md of a report.
func page(name string, f *Figures, classes []string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\n%d drawn images beside %d real ones. The judge reads %v right.\n\n| figure | value | beside |\n|---|---:|---:|\n", weights.Show(name), f.Count, f.Real, f.Judge)
	for _, row := range f.Rows() {
		fmt.Fprintf(&b, "| %s | %s | %s |\n", row.Name, row.Value, row.Beside)
	}
	b.WriteString("\n![drawn images](grid.png)\n\n")
	if showsConfusion(f) {
		b.WriteString("![confusion matrix](confusion.png)\n\n")
	}
	b.WriteString("In each row a drawn image and the five of these real images that are nearest to it, of those drawn images that are nearest to any, one of each class first:\n\n![nearest real images](neighbours.png)\n")
	if f.Consistency != nil && !showsConfusion(f) {
		b.WriteString("\n| class | read as asked |\n|---|---:|\n")
		for i, name := range classes {
			fmt.Fprintf(&b, "| %s | %s |\n", weights.Show(name), f.Consistency.OfClass(i))
		}
	}
	return b.String()
}
