package serve

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"time"

	"cgan/models"
)

// maxBatch is how many images are drawn at once where they can be joined: a request for more takes turns with the others.
const maxBatch = 64

// job is what one request wants drawn.
type job struct {
	ctx    context.Context
	shelf  *shelf // that g is on
	g      *generator
	d      *drawing
	pixels []float32

	taken, drawn int // images
	waits        time.Time
	noise        map[int64][]float32 // rows of noise by seed
	err          error
	done         chan struct{}
}

var (
	errClosed  = errors.New("closed")
	errDrawing = errors.New("a drawing ended in a panic")
)

// batchStats is what is told of a drawing.
type batchStats struct {
	images int
	waited []time.Duration // of each job that began with it
	took   time.Duration
}

// batcher draws what waits, the oldest first, and with it all that can be drawn together. One thread draws, whose ops have
// threads of their own, so that what comes meanwhile is drawn together next: while it is idle nothing waits.
type batcher struct {
	tell  func(batchStats)
	draw  func(*generator, []models.Point) (models.Images, error)
	mutex sync.Mutex
	wake  sync.Cond
	ended chan struct{}

	closed  bool
	waiting []*job
}

func newBatcher(tell func(batchStats)) *batcher {
	b := &batcher{tell: tell, ended: make(chan struct{})}
	b.draw = func(g *generator, points []models.Point) (models.Images, error) {
		return g.DrawPoints(g.config, points)
	}
	b.wake.L = &b.mutex
	go b.run()
	return b
}

// do waits until a job is drawn, and gives its pixels, or until its context ends.
func (b *batcher) do(j *job) ([]float32, error) {
	j.done, j.waits, j.noise = make(chan struct{}), time.Now(), map[int64][]float32{}
	b.mutex.Lock()
	if b.closed {
		b.mutex.Unlock()
		return nil, errClosed
	}
	b.waiting = append(b.waiting, j)
	b.wake.Signal()
	b.mutex.Unlock()
	select {
	case <-j.done:
	case <-j.ctx.Done():
		b.giveUp(j)
		return nil, j.ctx.Err()
	}
	return j.pixels, j.err
}

// giveUp takes out what nobody waits for any more.
func (b *batcher) giveUp(j *job) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	if i := slices.Index(b.waiting, j); i >= 0 {
		b.waiting = slices.Delete(b.waiting, i, i+1)
	}
}

func (b *batcher) close() {
	b.mutex.Lock()
	b.closed = true
	for _, j := range b.waiting {
		j.finish(errClosed)
	}
	b.waiting = nil
	b.wake.Signal()
	b.mutex.Unlock()
	<-b.ended
}

func (j *job) finish(err error) {
	j.err = err
	close(j.done)
}

// part is some images of a job.
type part struct {
	*job
	from, to int
}

// take waits for work, and gives what is drawn next; nil when there will be no more. What it gives holds its models.
func (b *batcher) take() (parts []part) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	for len(b.waiting) == 0 {
		if b.closed {
			return nil
		}
		b.wake.Wait()
	}
	first := b.waiting[0]
	room := maxBatch
	if !first.g.joins {
		room = first.alone()
	}
	var others []*job
	for _, j := range b.waiting {
		if j != first && (j.g != first.g || room == 0 || !first.g.joins) {
			others = append(others, j)
			continue
		}
		n := min(room, j.d.n()-j.taken)
		parts = append(parts, part{j, j.taken, j.taken + n})
		j.shelf.hold()
		j.taken += n
		room -= n
	}
	b.waiting = others
	return parts
}

// alone is how many images of a job that can't be joined are drawn in a turn: those that depend on each other, as Draw has them, else one.
func (j *job) alone() int {
	if j.d.sweep == nil {
		return 1
	}
	return j.g.DrawnTogether()
}

func (b *batcher) run() {
	runtime.LockOSThread() // the threads of ops belong to the thread that calls them
	defer close(b.ended)
	for parts := b.take(); parts != nil; parts = b.take() {
		begin := time.Now()
		stats := batchStats{}
		for _, p := range parts {
			stats.images += p.to - p.from
			if p.from == 0 {
				stats.waited = append(stats.waited, begin.Sub(p.waits))
			}
		}
		b.drawParts(parts)
		stats.took = time.Since(begin)
		b.tell(stats)
		for _, p := range parts {
			p.shelf.release()
		}
	}
}

// drawParts draws parts together. Where that fails each is drawn alone, so that what is wrong with one ends that one.
func (b *batcher) drawParts(parts []part) {
	err := b.try(parts)
	if err != nil && len(parts) > 1 {
		for _, p := range parts {
			b.drawParts([]part{p})
		}
		return
	}
	b.mutex.Lock()
	defer b.mutex.Unlock()
	for _, p := range parts {
		switch p.drawn += p.to - p.from; {
		case err != nil || p.drawn == p.d.n():
			p.finish(err)
		case b.closed:
			p.finish(errClosed)
		case p.ctx.Err() == nil:
			b.waiting = append(b.waiting, p.job) // behind those that came meanwhile
		}
	}
}

// try draws, and gives a panic as an error.
func (b *batcher) try(parts []part) (err error) {
	defer func() {
		if failure := recover(); failure != nil {
			err = fmt.Errorf("%w: %v\n%s", errDrawing, failure, stack())
		}
	}()
	g := parts[0].g
	var points []models.Point
	for _, p := range parts {
		for i := p.from; i < p.to; i++ {
			point, err := p.point(p.d.want(i))
			if err != nil {
				return err
			}
			points = append(points, point)
		}
	}
	images, err := b.draw(g, points)
	if err != nil {
		return err
	}
	size := len(images.Pixels) / len(points)
	for _, p := range parts {
		if p.pixels == nil {
			p.pixels = make([]float32, p.d.n()*size)
		}
		copy(p.pixels[p.from*size:], images.Pixels[:(p.to-p.from)*size])
		images.Pixels = images.Pixels[(p.to-p.from)*size:]
	}
	return nil
}

// point is what an image is drawn of.
func (j *job) point(w want) (p models.Point, err error) {
	p = models.Point{Class: w.classes[0], Toward: w.classes[1], Share: w.share}
	if p.Noise, err = j.values(w.at); err != nil || w.reach == 0 {
		return p, err
	}
	end, err := j.values(w.to)
	if err != nil {
		return p, err
	}
	p.Noise = j.g.Between(p.Noise, end, w.reach)
	return p, nil
}

// values is the noise of a source. The rows of a seed are drawn once, all that the job has of it: none but a sweep has several.
func (j *job) values(s source) ([]float32, error) {
	if s.values != nil {
		return s.values, nil
	}
	rows, ok := j.noise[s.seed]
	if !ok {
		n := 1
		if j.d.sweep != nil {
			n = j.d.sweep.rows
		}
		var err error
		if rows, err = j.g.NoiseRows(j.g.config, n, s.seed); err != nil {
			return nil, err
		}
		j.noise[s.seed] = rows
	}
	return rows[s.row*j.g.config.Noise:][:j.g.config.Noise], nil
}
