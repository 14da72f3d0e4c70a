package serve

import (
	"net/http"
	"sync"
)

// gate bounds what is under way: requests for images, a POST from before its body is read, until their answers are taken, and the
// bytes that these hold.
type gate struct {
	mutex                   sync.Mutex
	requests, bytes         int
	mostRequests, mostBytes int
}

// place is what a request has of a gate: at first nothing.
type place struct {
	gate   *gate
	inside bool
	bytes  int
}

// take asks for room for so many bytes in place of those that the request had.
func (p *place) take(bytes int) *problem {
	g := p.gate
	g.mutex.Lock()
	defer g.mutex.Unlock()
	if !p.inside && g.requests >= g.mostRequests || g.bytes-p.bytes+bytes > g.mostBytes {
		return newProblem(http.StatusServiceUnavailable, "too many requests are under way: ask again").after(1)
	}
	if !p.inside {
		g.requests++
	}
	g.bytes += bytes - p.bytes
	p.inside, p.bytes = true, bytes
	return nil
}

func (p *place) leave() {
	g := p.gate
	g.mutex.Lock()
	defer g.mutex.Unlock()
	if p.inside {
		g.requests--
	}
	g.bytes -= p.bytes
}

func (g *gate) inside() int {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	return g.requests
}
