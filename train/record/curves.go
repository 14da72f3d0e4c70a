package record

import (
	"fmt"
	"image/color"
	"image/png"
	"io"
	"math"
	"slices"
	"strconv"

	"cgan/train/runfolder"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
)

// maxPoints bounds the points of a curve, whatever the number of steps.
const maxPoints = 400

// curves are the statistics of a run, thinned out: each point is of width steps.
type curves struct {
	width  int
	points []point
	evals  []runfolder.Stats // that have figures; of many every other one goes
}

// point sums up the steps from at*width+1 to (at+1)*width.
type point struct {
	at, n          int
	steps          float64 // their sum
	sum, low, high [4]float64
}

// series are the columns of a point: two panels of two curves each.
var series = [4]struct {
	label string
	color color.NRGBA // that people who see few colours can tell apart
	of    func(runfolder.Stats) float64
}{
	{"Loss_D", color.NRGBA{R: 0x00, G: 0x72, B: 0xb2, A: 0xff}, func(s runfolder.Stats) float64 { return s.LossD }},
	{"Loss_G", color.NRGBA{R: 0xd5, G: 0x5e, B: 0x00, A: 0xff}, func(s runfolder.Stats) float64 { return s.LossG }},
	{"D(x)", color.NRGBA{R: 0x00, G: 0x72, B: 0xb2, A: 0xff}, func(s runfolder.Stats) float64 { return s.DReal }},
	{"D(G(z))", color.NRGBA{R: 0xd5, G: 0x5e, B: 0x00, A: 0xff}, func(s runfolder.Stats) float64 { return s.DFake }},
}

// add counts a step, which comes after those before.
func (c *curves) add(s runfolder.Stats) {
	c.addEval(s)
	p := point{at: (s.Step - 1) / c.width, n: 1, steps: float64(s.Step)}
	for i, column := range series {
		v := column.of(s)
		p.sum[i], p.low[i], p.high[i] = v, v, v
	}
	if last := len(c.points) - 1; last >= 0 && c.points[last].at == p.at {
		c.points[last].merge(p)
		return
	}
	if c.points = append(c.points, p); len(c.points) > maxPoints {
		c.halve()
	}
}

// addEval keeps the figures of a step that has some.
func (c *curves) addEval(s runfolder.Stats) {
	if s.Eval == nil {
		return
	}
	if c.evals = append(c.evals, s); len(c.evals) <= maxPoints {
		return
	}
	for i := range len(c.evals) / 2 {
		c.evals[i] = c.evals[2*i+1]
	}
	c.evals = c.evals[:len(c.evals)/2]
}

// halve makes one point of two neighbours.
func (c *curves) halve() {
	c.width *= 2
	all := c.points
	c.points = all[:0]
	for _, p := range all {
		p.at /= 2
		if last := len(c.points) - 1; last >= 0 && c.points[last].at == p.at {
			c.points[last].merge(p)
		} else {
			c.points = append(c.points, p)
		}
	}
}

func (p *point) merge(q point) {
	p.n, p.steps = p.n+q.n, p.steps+q.steps
	for i := range series {
		p.sum[i] += q.sum[i]
		p.low[i], p.high[i] = min(p.low[i], q.low[i]), max(p.high[i], q.high[i])
	}
}

const legendWidth = 1.1 * vg.Inch

// draw writes losses.png: the losses above, the verdicts below, and the figures of evaluations below these. A point of many steps is their mean, in a band from the least
// to the most.
func (c *curves) draw(w io.Writer) error {
	losses, verdicts := plot.New(), plot.New()
	losses.Title.Text = "Losses and verdicts over the steps"
	if c.width > 1 {
		losses.Title.Text = fmt.Sprintf("Means of %d steps, in bands from the least to the most", c.width)
	}
	losses.Y.Label.Text, verdicts.Y.Label.Text, verdicts.X.Label.Text = "loss", "verdict of D", "step"
	panels := []*plot.Plot{losses, losses, verdicts, verdicts}
	for i, p := range panels {
		low, high := c.edges(i / 2 * 2)
		if i%2 == 0 {
			p.Add(plotter.NewGrid())
			p.Legend.Top, p.Legend.Padding, p.Legend.ThumbnailWidth = true, vg.Points(3), vg.Points(20)
			p.Legend.XOffs = legendWidth // beside the curves, not on them
		}
		if err := c.addTo(p, i, low, high); err != nil {
			return fmt.Errorf("draw %s: %w", series[i].label, err)
		}
		p.Y.Min, p.Y.Max = low, high
		if p.X.Min <= float64(c.width) { // from the first step on
			p.X.Min = 0
		}
	}
	if verdicts.Y.Min == 0 && verdicts.Y.Max == 1 {
		verdicts.Y.Tick.Marker = plot.ConstantTicks{{Value: 0, Label: "0"}, {Value: 0.25}, {Value: 0.5, Label: "0.5"}, {Value: 0.75}, {Value: 1, Label: "1"}}
	}
	rows := [][]*plot.Plot{{losses}, {verdicts}}
	if len(c.evals) > 0 {
		shares, distances, err := c.figures(verdicts.X.Min, verdicts.X.Max)
		if err != nil {
			return err
		}
		verdicts.X.Label.Text = ""
		rows = append(rows, []*plot.Plot{shares}, []*plot.Plot{distances})
	}
	canvas := vgimg.New(8*vg.Inch, 2.5*vg.Inch*vg.Length(len(rows)))
	tiles := draw.Tiles{Rows: len(rows), Cols: 1, PadY: vg.Points(8), PadTop: vg.Points(4), PadBottom: vg.Points(4), PadLeft: vg.Points(4), PadRight: legendWidth + vg.Points(8)}
	for i, part := range plot.Align(rows, tiles, draw.New(canvas)) {
		rows[i][0].X.Tick.Marker = wholeTicks{}
		rows[i][0].Draw(part[0])
	}
	return (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(w, canvas.Image())
}

// addTo adds the curve of a column, whose band ends at the panel's edges.
func (c *curves) addTo(p *plot.Plot, column int, low, high float64) error {
	inside := func(y float64) float64 { return max(low, min(y, high)) }
	var means, outline plotter.XYs
	for _, q := range c.points {
		x := q.steps / float64(q.n)
		means = append(means, plotter.XY{X: x, Y: q.sum[column] / float64(q.n)})
		outline = append(outline, plotter.XY{X: x, Y: inside(q.high[column])})
	}
	for i := len(c.points) - 1; i >= 0; i-- {
		outline = append(outline, plotter.XY{X: outline[i].X, Y: inside(c.points[i].low[column])})
	}
	if c.width > 1 {
		band, err := plotter.NewPolygon(outline)
		if err != nil {
			return err
		}
		faint := series[column].color
		faint.A = 0x30
		band.Color, band.LineStyle.Width = faint, 0
		p.Add(band)
	}
	line, err := plotter.NewLine(means)
	if err != nil {
		return err
	}
	line.Color, line.Width = series[column].color, vg.Points(1.2)
	p.Add(line)
	if len(means) == 1 { // a line of one point is nothing
		dot, err := plotter.NewScatter(means)
		if err != nil {
			return err
		}
		dot.GlyphStyle = draw.GlyphStyle{Color: line.Color, Radius: vg.Points(2), Shape: draw.CircleGlyph{}}
		p.Add(dot)
	}
	p.Legend.Add(series[column].label, line)
	return nil
}

// figures are the panels of a run that is evaluated: shares, and the Frechet distance on a scale of powers of ten.
func (c *curves) figures(from, to float64) (shares, distances *plot.Plot, err error) {
	shares, distances = plot.New(), plot.New()
	shares.Y.Label.Text, distances.Y.Label.Text, distances.X.Label.Text = "share", "Frechet distance", "step"
	const tiny = 1e-6 // a logarithm has no 0
	for _, curve := range []struct {
		panel *plot.Plot
		label string
		color color.NRGBA
		of    func(e *runfolder.Eval) float64
	}{
		{shares, "consistency", series[0].color, func(e *runfolder.Eval) float64 {
			if e.Consistency == nil {
				return math.NaN()
			}
			return *e.Consistency
		}},
		{shares, "coverage", series[1].color, func(e *runfolder.Eval) float64 { return e.Coverage }},
		{distances, "generator", series[0].color, func(e *runfolder.Eval) float64 { return max(e.Frechet, tiny) }},
		{distances, "real images", series[1].color, func(e *runfolder.Eval) float64 { return max(e.Floor, tiny) }},
	} {
		var points plotter.XYs
		for _, s := range c.evals {
			if y := curve.of(s.Eval); !math.IsNaN(y) {
				points = append(points, plotter.XY{X: float64(s.Step), Y: y})
			}
		}
		if len(points) == 0 { // of networks without classes
			continue
		}
		line, dots, err := plotter.NewLinePoints(points)
		if err != nil {
			return nil, nil, fmt.Errorf("draw %s: %w", curve.label, err)
		}
		line.Color, line.Width = curve.color, vg.Points(1.2)
		dots.GlyphStyle = draw.GlyphStyle{Color: curve.color, Radius: vg.Points(2), Shape: draw.CircleGlyph{}}
		curve.panel.Add(line, dots)
		curve.panel.Legend.Add(curve.label, line)
	}
	shares.Y.Min, shares.Y.Max = 0, 1
	distances.Y.Scale, distances.Y.Tick.Marker = plot.LogScale{}, plot.LogTicks{Prec: -1}
	distances.Y.Min, distances.Y.Max = math.Pow(10, math.Floor(math.Log10(distances.Y.Min))), math.Pow(10, math.Ceil(math.Log10(distances.Y.Max)))
	for _, p := range []*plot.Plot{shares, distances} {
		p.Add(plotter.NewGrid())
		p.X.Min, p.X.Max = from, to
		p.Legend.Top, p.Legend.Padding, p.Legend.ThumbnailWidth, p.Legend.XOffs = true, vg.Points(3), vg.Points(20), legendWidth
	}
	return shares, distances, nil
}

// wholeTicks are gonum's marks at whole numbers.
type wholeTicks struct{}

// Ticks are the marks from low to high.
func (wholeTicks) Ticks(low, high float64) (ticks []plot.Tick) {
	for _, tick := range (plot.DefaultTicks{}).Ticks(low, high) {
		if tick.Value != math.Trunc(tick.Value) {
			continue
		}
		if tick.Label != "" {
			tick.Label = strconv.FormatFloat(tick.Value, 'f', 0, 64)
		}
		ticks = append(ticks, tick)
	}
	return ticks
}

// edges are the least and the most that the panel of a column and the next one shows. Probabilities go from 0 to 1; losses and
// scores have 0 in them, and a few steps that go far beyond the others leave them room.
func (c *curves) edges(column int) (low, high float64) {
	var all []float64
	for _, p := range c.points {
		all = append(all, p.low[column], p.low[column+1], p.high[column], p.high[column+1])
	}
	if column == 2 && slices.Min(all) >= 0 && slices.Max(all) <= 1 {
		return 0, 1
	}
	few, most := min(0, quantile(all, 0.02)), max(0, quantile(all, 0.98))
	room := (most - few) / 2
	low, high = min(0, max(slices.Min(all), few-room)), max(0, min(slices.Max(all), most+room))
	if low == high {
		return 0, 1
	}
	return 1.1 * low, 1.1 * high
}

func quantile(values []float64, q float64) float64 {
	slices.Sort(values)
	return values[int(math.Ceil(q*float64(len(values))))-1]
}
