package dataset

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

const (
	blockBytes = 32 << 20 // decoded at once, or read for that
	blockMost  = 4096     // images, likewise
)

// source gives images one by one, in the form that they are handed out in.
type source struct {
	name    string // of the set, for messages
	count   int
	frame   *frame
	raw     int                                      // bytes of an image where prepare reads those of a block
	prepare func(start, end int) error               // called in order before those are decoded, some at once; nil for nothing
	decode  func(i int, to []byte) (original, error) // an error that is no *badImage ends it all
}

// original is what an image was in its file.
type original struct {
	width, height int
	colour        bool
}

// decoded is one image, or why there is none.
type decoded struct {
	original
	pixels []byte
	err    error
}

// each decodes all images on all cores and hands them to put in their order. Memory is that of a block.
func (s *source) each(ctx context.Context, report func(string), put func(i int, d decoded) error) error {
	size := s.frame.size()
	block := make([]decoded, min(s.count, blockMost, max(1, blockBytes/max(size, s.raw))))
	pixels := make([]byte, len(block)*size)
	for i := range block {
		block[i].pixels = pixels[i*size:][:size]
	}
	progress := progress{report: report, began: time.Now()}
	for start := 0; start < s.count; start += len(block) {
		end := min(start+len(block), s.count)
		if s.prepare != nil {
			if err := s.prepare(start, end); err != nil {
				return err
			}
		}
		s.decodeBlock(ctx, start, block[:end-start])
		if ctx.Err() != nil {
			return ctx.Err()
		}
		for i, d := range block[:end-start] {
			if err := put(start+i, d); err != nil {
				return err
			}
		}
		progress.say(s.name, end, s.count)
	}
	return nil
}

// decodeBlock decodes images from start on, as many at once as there are cores.
func (s *source) decodeBlock(ctx context.Context, start int, block []decoded) {
	var next atomic.Int64
	var workers sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(block)) {
		workers.Add(1)
		go func() {
			defer workers.Done()
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= len(block) {
					return
				}
				block[i].original, block[i].err = s.decode(start+i, block[i].pixels)
			}
		}()
	}
	workers.Wait()
}

// progress tells now and then how far it is; what is done in a moment it passes over.
type progress struct {
	report      func(string)
	began, said time.Time
}

func (p *progress) say(name string, done, of int) {
	soon := time.Since(p.began) < time.Second || time.Since(p.said) < 5*time.Second
	if last := done == of && !p.said.IsZero(); soon && !last {
		return
	}
	p.said = time.Now()
	p.report(fmt.Sprintf("decoded %d of the %d images of %s", done, of, printable(name)))
}
