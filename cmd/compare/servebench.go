package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// vegeta is the client of all servers. It is built from its module, so that cgan does not depend on it.
const vegeta = "github.com/tsenart/vegeta/v12@v12.13.0"

const (
	connections = 64 // at once, at full load
	warmUp      = 2 * time.Second
)

// server is a program that answers with one image of a class and seed as PNG, and what its runs measured.
type server struct {
	name    string
	start   func() (*service, error)
	ready   string         // path that is answered once it is ready
	image   string         // path with %d for class and seed
	full    []attackReport // at 64 connections, each asking again as soon as it is answered
	half    []attackReport // at half of the requests per second of full, evenly
	one     []attackReport // one connection
	payload int            // bytes of its image, to see that it is one
}

// attackReport is what vegeta reports of a load.
type attackReport struct {
	Latencies struct {
		P50 time.Duration `json:"50th"`
		P99 time.Duration `json:"99th"`
	} `json:"latencies"`
	Throughput float64 `json:"throughput"` // successes a second
	Success    float64 `json:"success"`    // share of requests
	Requests   int     `json:"requests"`
}

// loads is a bench of servers: files and the times of a load.
type loads struct {
	work, client, targets string
	duration              time.Duration
}

// serveBench loads cgan serve, the original behind FastAPI and its ONNX behind onnxruntime in turn, by the same client, and writes
// the section of the report unless it is to be quick.
func serveBench(ctx context.Context, cgan string, rounds int, duration time.Duration, quick bool) error {
	p, err := newPrograms(ctx, setting{cgan: cgan, device: "cpu"})
	if err != nil {
		return err
	}
	defer p.clear()
	machine, err := readFacts(ctx, p.Threads)
	if err != nil {
		return err
	}
	b := loads{work: p.work, client: filepath.Join(p.work, "vegeta"), targets: filepath.Join(p.work, "targets"), duration: duration}
	install := exec.CommandContext(ctx, "go", "install", vegeta)
	install.Env = append(os.Environ(), "GOBIN="+p.work, "GOWORK=off", "GOFLAGS=-mod=mod")
	if text, err := install.CombinedOutput(); err != nil {
		return fmt.Errorf("build vegeta: %w\n%s", err, text)
	}
	all, err := servers(ctx, p)
	if err != nil {
		return err
	}
	for round := range rounds {
		for _, s := range all {
			if err := b.run(ctx, s); err != nil {
				return fmt.Errorf("%s: %w", s.name, err)
			}
			fmt.Fprintf(os.Stderr, "round %d of %d, %s: %.0f requests/s\n", round+1, rounds, s.name, s.full[round].Throughput)
		}
	}
	text := serversSection(machine, all)
	fmt.Print(text)
	if quick {
		return nil
	}
	return writeSection(reportFile, serversHead, text)
}

// servers are all forms of the three, of the same weights.
func servers(ctx context.Context, p *programs) (all []*server, err error) {
	weights, onnx, err := p.exportONNX(ctx)
	if err != nil {
		return nil, err
	}
	program := p.file("-onnxserver")
	build := exec.CommandContext(ctx, "go", "build", "-o", program, ".")
	build.Dir, build.Env = "cmd/compare/onnxserver", append(os.Environ(), "GOWORK=off", "GOFLAGS=")
	if text, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build onnxserver: %w\n%s", err, text)
	}
	fastapi, err := python(ctx, "fastapi")
	if err != nil {
		return nil, err
	}
	library, err := filepath.Glob(filepath.Join(sitePackages(p.onnxPython), "onnxruntime", "capi", "libonnxruntime.so.*"))
	if err != nil || len(library) != 1 {
		return nil, fmt.Errorf("no libonnxruntime beside %s: %w", p.onnxPython, err)
	}
	const image = "/image?label=%d&seed=%d"
	for _, threads := range slices.Compact([]int{1, p.Threads}) {
		n := strconv.Itoa(threads)
		all = append(all,
			&server{name: "FastAPI, PyTorch, threads " + n, ready: "/ready", image: image, start: onPort(func(port string) *exec.Cmd {
				c := exec.CommandContext(ctx, p.python, "cmd/compare/fastapi_server.py", weights, port, n)
				c.Env = append(os.Environ(), "PYTHONPATH="+sitePackages(fastapi)) // beside the torch of the other
				return c
			})},
			&server{name: "Go, onnxruntime, threads " + n, ready: "/ready", image: image, start: onPort(func(port string) *exec.Cmd {
				return exec.CommandContext(ctx, program, library[0], onnx, port, n)
			})})
	}
	return append(all, &server{name: "cgan serve", ready: "/readyz", image: "/v1/models/digits/images?class=%d&seed=%d", start: func() (*service, error) {
		return startService(exec.CommandContext(ctx, p.cgan, "serve", "--addr", "127.0.0.1:0", "--device", "cpu", "--weights", "digits="+weights))
	}}), nil
}

// sitePackages is where a virtual environment has its modules.
func sitePackages(python string) string {
	return filepath.Join(filepath.Dir(filepath.Dir(python)), "lib", "python3.11", "site-packages")
}

// onPort starts a program on a port that was free.
func onPort(command func(port string) *exec.Cmd) func() (*service, error) {
	return func() (*service, error) {
		free, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		address := free.Addr().String()
		if err := free.Close(); err != nil {
			return nil, err
		}
		_, port, _ := strings.Cut(address, ":")
		s := &service{url: "http://" + address, command: command(port)}
		s.command.Stderr = &s.log
		return s, s.command.Start()
	}
}

// run starts a server, loads it and stops it.
func (b loads) run(ctx context.Context, s *server) error {
	running, err := s.start()
	if err != nil {
		return err
	}
	if err := b.runLoads(ctx, s, running); err != nil {
		_ = running.stop() // the first error says more
		return fmt.Errorf("%w\n%s", err, &running.log)
	}
	return running.stop()
}

func (b loads) runLoads(ctx context.Context, s *server, running *service) error {
	if err := waitReady(ctx, running.url+s.ready); err != nil {
		return err
	}
	size, err := imageOf(running.url + fmt.Sprintf(s.image, 3, 7))
	if err != nil {
		return err
	}
	s.payload = size
	if err := b.writeTargets(running.url + s.image); err != nil {
		return err
	}
	if _, err := b.attack(ctx, 0, connections, warmUp); err != nil {
		return err
	}
	full, err := b.attack(ctx, 0, connections, b.duration)
	if err != nil {
		return err
	}
	half, err := b.attack(ctx, max(1, int(full.Throughput/2)), connections, b.duration)
	if err != nil {
		return err
	}
	one, err := b.attack(ctx, 0, 1, b.duration)
	if err != nil {
		return err
	}
	s.full, s.half, s.one = append(s.full, full), append(s.half, half), append(s.one, one)
	return nil
}

func waitReady(ctx context.Context, url string) error {
	for range 600 {
		if answer, err := http.Get(url); err == nil {
			answer.Body.Close()
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
	return fmt.Errorf("%s is not answered in a minute", url)
}

// imageOf is the size of an image, which must be a PNG.
func imageOf(url string) (int, error) {
	answer, err := http.Get(url)
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err == nil && !bytes.HasPrefix(body, []byte("\x89PNG")) {
		err = fmt.Errorf("%s: %s is no PNG: %.200s", url, answer.Status, body)
	}
	return len(body), err
}

// writeTargets has the client ask for images of other classes and seeds each time.
func (b loads) writeTargets(image string) error {
	random := rand.New(rand.NewPCG(1, 1))
	var text bytes.Buffer
	for range 10000 {
		fmt.Fprintf(&text, "GET "+image+"\n", random.IntN(10), random.Int32())
	}
	return os.WriteFile(b.targets, text.Bytes(), 0o644)
}

// attack sends so many requests a second, or with 0 as many as are answered, over so many connections.
func (b loads) attack(ctx context.Context, rate, workers int, duration time.Duration) (l attackReport, err error) {
	n := strconv.Itoa(workers)
	results := filepath.Join(b.work, "results")
	err = quiet(ctx, b.client, "attack", "-targets", b.targets, "-rate", strconv.Itoa(rate), "-workers", n, "-max-workers", n, "-connections", n,
		"-duration", duration.String(), "-output", results)
	if err != nil {
		return l, err
	}
	text, err := exec.CommandContext(ctx, b.client, "report", "-type", "json", results).Output()
	if err == nil {
		err = json.Unmarshal(text, &l)
	}
	if err == nil && l.Success < 1 {
		err = fmt.Errorf("%.2f %% of %d requests were not answered with an image", 100*(1-l.Success), l.Requests)
	}
	return l, err
}

const serversHead = "## Serving\n\n"

// serversSection has the medians over the rounds, and the goals round by round.
func serversSection(machine facts, all []*server) string {
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	rate := func(l attackReport) float64 { return l.Throughput }
	p50, p99 := func(l attackReport) float64 { return ms(l.Latencies.P50) }, func(l attackReport) float64 { return ms(l.Latencies.P99) }
	t := newTable(1, "one image as PNG", fmt.Sprintf("requests/s, %d connections", connections), "p50 ms", "p99 ms", "at half of it: p50 ms", "p99 ms", "one connection: p50 ms", "p99 ms")
	for _, s := range all {
		t.add(s.name, number(median(each(s.full, rate)), 0), number(median(each(s.full, p50)), 1), number(median(each(s.full, p99)), 1),
			number(median(each(s.half, p50)), 1), number(median(each(s.half, p99)), 1), number(median(each(s.one, p50)), 2), number(median(each(s.one, p99)), 2))
	}
	ours := all[len(all)-1]
	over := func(prefix string) (ratios []float64) {
		for round, l := range ours.full {
			best := 0.0
			for _, s := range all {
				if strings.HasPrefix(s.name, prefix) {
					best = max(best, s.full[round].Throughput)
				}
			}
			ratios = append(ratios, l.Throughput/best)
		}
		return ratios
	}
	goals := newTable(3, "goal, in each round", "wanted", "measured", "")
	for _, g := range []goal{
		{"requests/s over FastAPI's best", atLeast, 10, "x", over("FastAPI")},
		{"requests/s over onnxruntime's best", atLeast, 1, "x", over("Go, onnxruntime")},
		{"p99 at half of the full load", under, 20, "ms", each(ours.half, p99)},
		{"p50 of one connection", under, 2, "ms", each(ours.one, p50)},
	} {
		goals.add(g.what, g.wanted(), g.measured(), g.verdict())
	}
	return fmt.Sprintf("%sOn %s with %d cores, on %s, by `make serve-bench`: each server in turn, %d rounds, vegeta on the same cores; other classes and seeds each time. Medians.\n\n%s\n%s",
		serversHead, machine.cpu, machine.cores, machine.date, len(ours.full), t, goals)
}
