package main

import (
	"fmt"
	"image/color"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// colours that people who see few of them can tell apart.
var colours = map[string]color.Color{
	"Python":    color.RGBA{R: 0x66, G: 0x66, B: 0x66, A: 0xff},
	"cgan":      color.RGBA{R: 0x00, G: 0x72, B: 0xb2, A: 0xff},
	"cgan bf16": color.RGBA{R: 0xd5, G: 0x5e, B: 0x00, A: 0xff},
}

// drawScaling draws images a second over the batch size into a PNG.
func drawScaling(all []series, file string) error {
	p := plot.New()
	p.Title.Text = "Training, images per second"
	p.X.Label.Text, p.Y.Label.Text = "batch (images a step)", "images/s"
	p.X.Scale, p.X.Tick.Marker = plot.LogScale{}, batchTicks()
	p.Y.Min = 0
	p.Legend.Top, p.Legend.Left, p.Legend.Padding = true, true, vg.Points(3)
	p.Add(plotter.NewGrid())
	for i := len(all) - 1; i >= 0; i-- { // the fastest stand last in the list and first in the legend
		if err := addSeries(p, all[i]); err != nil {
			return fmt.Errorf("plot %s: %w", all[i].label(), err)
		}
	}
	p.Y.Max *= 1.3 // room for the legend
	return p.Save(8*vg.Inch, 5*vg.Inch, file)
}

// addSeries draws one line: full for all threads, dashed and hollow for one.
func addSeries(p *plot.Plot, s series) error {
	var points plotter.XYs
	for i, c := range s.points {
		points = append(points, plotter.XY{X: float64(scalingBatches[i]), Y: c.summary().imagesPerS})
	}
	line, marks, err := plotter.NewLinePoints(points)
	if err != nil {
		return err
	}
	line.Color, line.Width = colours[s.name], vg.Points(2)
	marks.Color, marks.Radius, marks.Shape = colours[s.name], vg.Points(3), draw.CircleGlyph{}
	if s.threads == 1 {
		line.Dashes, marks.Shape = []vg.Length{vg.Points(5), vg.Points(3)}, draw.RingGlyph{}
	}
	p.Add(line, marks)
	p.Legend.Add(s.label(), line, marks)
	return nil
}

func batchTicks() plot.ConstantTicks {
	var ticks plot.ConstantTicks
	for _, batch := range scalingBatches {
		ticks = append(ticks, plot.Tick{Value: float64(batch), Label: strconv.Itoa(batch)})
	}
	return ticks
}
