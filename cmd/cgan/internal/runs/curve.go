package runs

import (
	"os"
	"path/filepath"

	"cgan/train/runfolder"
)

// maxPoints is how many points a curve has at most: neighbours become one.
const maxPoints = 600

// point is the mean of some steps.
type point struct {
	Step  int     `json:"step"` // the last of them
	LossD float64 `json:"loss_d"`
	LossG float64 `json:"loss_g"`
	DReal float64 `json:"d_x"`
	DFake float64 `json:"d_g_z"`
	steps int
}

// curve is what was read of a run's statistics so far.
type curve struct {
	read   int64 // bytes
	last   int   // step
	width  int   // steps of a point
	points []point
}

// curve reads on where the last time ended.
func (h *Handler) curve(name string) []point {
	if !h.regular(name, "stats.jsonl") {
		return []point{}
	}
	dir := filepath.Join(h.dir, name)
	h.mutex.Lock()
	defer h.mutex.Unlock()
	c := h.curves[name]
	if info, err := os.Stat(filepath.Join(dir, "stats.jsonl")); c == nil || err != nil || info.Size() < c.read {
		c = &curve{width: 1}
	}
	before, began, back := c.last, c.read, false
	var err error
	c.read, err = runfolder.ReadStats(dir, began, func(s runfolder.Stats) {
		back = back || s.Step <= before // a run that went on from an earlier step
		c.add(s)
	})
	if back || err != nil && began > 0 { // or whose log, cut and grown since, has no line that begins there
		c = &curve{width: 1}
		c.read, _ = runfolder.ReadStats(dir, 0, c.add)
	}
	h.curves[name] = c
	return append([]point{}, c.points...)
}

func (c *curve) add(s runfolder.Stats) {
	c.last = s.Step
	if n := len(c.points); n > 0 && c.points[n-1].steps < c.width {
		c.points[n-1] = c.points[n-1].with(point{s.Step, s.LossD, s.LossG, s.DReal, s.DFake, 1})
		return
	}
	if len(c.points) == maxPoints {
		for i := range maxPoints / 2 {
			c.points[i] = c.points[2*i].with(c.points[2*i+1])
		}
		c.points, c.width = c.points[:maxPoints/2], 2*c.width
	}
	c.points = append(c.points, point{s.Step, s.LossD, s.LossG, s.DReal, s.DFake, 1})
}

// with is the mean of both.
func (p point) with(q point) point {
	n := p.steps + q.steps
	mean := func(a, b float64) float64 { return (a*float64(p.steps) + b*float64(q.steps)) / float64(n) }
	return point{q.Step, mean(p.LossD, q.LossD), mean(p.LossG, q.LossG), mean(p.DReal, q.DReal), mean(p.DFake, q.DFake), n}
}
