package main

import (
	"context"
	"errors"
	"fmt"
	"image/color"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// network is what connects hosts.
type network struct {
	gbit  float64       // per second, one way; 0 for as fast as the kernel
	delay time.Duration // of a message, one way
}

// ring is how many ms Gloo's all_reduce of that many bytes takes over n hosts: each sends 2(n-1) messages of an n-th of them, one
// after the other.
func (w network) ring(bytes float64, n int) float64 {
	messages := float64(2 * (n - 1))
	ms := messages * w.delay.Seconds() * 1e3
	if w.gbit > 0 {
		ms += messages * bytes / float64(n) * 8 / (w.gbit * 1e6)
	}
	return ms
}

// workload is what hosts do between the steps: none of its parts is taken to hide behind another, which bounds the step from above.
type workload struct {
	compute float64 // ms of a step of one host
	bytes   float64 // of gradients
	every   int     // steps for one exchange
}

// sums is how many all_reduce a step has at least: the gradients of D and of G, in two buckets each, and what ranks agree on.
const sums = 5

// step is the ms of a step of n hosts.
func (l workload) step(w network, n int) float64 {
	if n == 1 {
		return l.compute
	}
	return l.compute + (w.ring(l.bytes, n)+(sums-1)*network{delay: w.delay}.ring(0, n))/float64(l.every)
}

// networkPoint is a network that two hosts were tried with.
type networkPoint struct {
	network
	run *trainingRun
}

// networkPoints is what was measured of two hosts of one thread each.
type networkPoints struct {
	points []networkPoint // the first one is of a network that nothing holds back
	alone  float64        // ms of a step of such a host beside another that it knows nothing of
	bytes  float64        // that a host sends in a step: with two hosts, all gradients
	delay  time.Duration  // that tc could set; 0 where the kernel has no netem
	none   error          // why nothing was measured
}

// lanDelay is what a message takes between hosts of one room: an assumption.
const lanDelay = 50 * time.Microsecond

const (
	hostA, hostB       = "cgan-a", "cgan-b"
	addressA, addressB = "10.78.0.1", "10.78.0.2"
)

// errNoNamespaces is why no network could be measured.
var errNoNamespaces = errors.New("network namespaces can't be made: run as root, with iproute2")

// inHost runs a command in a host's namespace, or outside of any, and gives what it printed.
func inHost(host string, command ...string) (string, error) {
	if host != "" {
		command = append([]string{"ip", "netns", "exec", host}, command...)
	}
	out, err := exec.Command(command[0], command[1:]...).CombinedOutput()
	if err != nil {
		err = fmt.Errorf("%s: %w, %s", strings.Join(command, " "), err, out)
	}
	return string(out), err
}

// measureNetworks trains on two network namespaces with a cable between them, whose rate tc sets.
func measureNetworks(ctx context.Context, p *programs, steps int) (n networkPoints, err error) {
	if n.none = makeHosts(); n.none != nil {
		return n, nil
	}
	defer removeHosts()
	half := p.trains(1, ranksBatch/2, steps)
	apart := &trainingRun{name: "2 hosts that know nothing of each other", commands: [][]string{half, half}}
	if err := apart.run(ctx, p); err != nil {
		return n, err
	}
	n.alone = apart.step()
	for _, gbit := range []float64{0, 10, 1, 0.1} {
		w := network{gbit: gbit}
		if w.delay, err = shape(gbit); err != nil {
			return n, err
		}
		n.delay = w.delay
		r := &trainingRun{name: fmt.Sprintf("2 hosts, %s", w), commands: [][]string{onHost(hostA, 0, half), onHost(hostB, 1, half)}}
		before, err := sent()
		if err == nil {
			err = r.run(ctx, p)
		}
		if err != nil {
			return n, err
		}
		after, err := sent()
		if err != nil {
			return n, err
		}
		if gbit == 0 {
			n.bytes = (after - before) / float64(steps)
		}
		n.points = append(n.points, networkPoint{w, r})
	}
	return n, nil
}

// String is the rate.
func (w network) String() string {
	if w.gbit == 0 {
		return "as fast as the kernel"
	}
	return fmt.Sprintf("%v Gbit/s", w.gbit)
}

// onHost is a command of a rank there.
func onHost(host string, rank int, command []string) []string {
	return append([]string{"ip", "netns", "exec", host, "env", "RANK=" + strconv.Itoa(rank), "WORLD_SIZE=2", "MASTER_ADDR=" + addressA, "MASTER_PORT=29500"}, command...)
}

func makeHosts() error {
	removeHosts() // of a run that was killed
	commands := [][]string{
		{"", "ip", "netns", "add", hostA}, {"", "ip", "netns", "add", hostB},
		{"", "ip", "link", "add", "eth0", "netns", hostA, "type", "veth", "peer", "name", "eth0", "netns", hostB},
	}
	for _, host := range [][2]string{{hostA, addressA}, {hostB, addressB}} {
		commands = append(commands, []string{host[0], "ip", "link", "set", "lo", "up"},
			[]string{host[0], "ip", "address", "add", host[1] + "/24", "dev", "eth0"}, []string{host[0], "ip", "link", "set", "eth0", "up"})
	}
	for _, c := range commands {
		if _, err := inHost(c[0], c[1:]...); err != nil {
			removeHosts()
			return fmt.Errorf("%w: %w", errNoNamespaces, err)
		}
	}
	return nil
}

func removeHosts() {
	for _, host := range []string{hostA, hostB} {
		_, _ = inHost("", "ip", "netns", "delete", host) // it may not be there
	}
}

// shape sets the rate of the cable, both ways, and its delay where the kernel has netem.
func shape(gbit float64) (delay time.Duration, err error) {
	for _, host := range []string{hostA, hostB} {
		tc := func(more ...string) error {
			_, err := inHost(host, append([]string{"tc", "qdisc"}, more...)...)
			return err
		}
		_ = tc("delete", "dev", "eth0", "root") // it may have none
		if gbit == 0 {
			continue
		}
		rate := fmt.Sprintf("%.0fmbit", gbit*1e3)
		if tc("add", "dev", "eth0", "root", "netem", "rate", rate, "delay", lanDelay.String(), "limit", "100000") == nil {
			delay = lanDelay
			continue
		}
		burst := strconv.Itoa(max(65536, int(gbit*1e9/8/1000))) // of a millisecond
		if err := tc("add", "dev", "eth0", "root", "tbf", "rate", rate, "burst", burst, "latency", "100ms"); err != nil {
			return 0, err
		}
	}
	return delay, nil
}

// sent is the bytes that host A has sent.
func sent() (float64, error) {
	text, err := inHost(hostA, "cat", "/sys/class/net/eth0/statistics/tx_bytes")
	if err != nil {
		return 0, err
	}
	return strconv.ParseFloat(strings.TrimSpace(text), 64)
}

// scenario is a line of the plot.
type scenario struct {
	name   string
	gbit   float64
	colour color.Color
	change func(workload) workload
	images int // of a step of one host
}

func scenarios() []scenario {
	same := func(l workload) workload { return l }
	halved := func(l workload) workload { l.bytes /= 2; return l }
	larger := func(l workload) workload { l.compute *= 4; return l }
	local := func(l workload) workload { l.every = 4; return l }
	blue, orange, green, grey := color.RGBA{0x00, 0x72, 0xb2, 0xff}, color.RGBA{0xd5, 0x5e, 0x00, 0xff}, color.RGBA{0x00, 0x9e, 0x73, 0xff}, color.RGBA{0x66, 0x66, 0x66, 0xff}
	return []scenario{
		{"100 Gbit/s", 100, green, same, ranksBatch},
		{"10 Gbit/s", 10, blue, same, ranksBatch},
		{"1 Gbit/s", 1, orange, same, ranksBatch},
		{"1 Gbit/s, --compress bf16", 1, orange, halved, ranksBatch},
		{"1 Gbit/s, 4 times the batch", 1, grey, larger, 4 * ranksBatch},
		{"1 Gbit/s, 4 local steps", 1, grey, local, ranksBatch},
	}
}

var hostCounts = []int{1, 2, 4, 8, 16, 32, 64}

// markdown has what was measured and what follows for more hosts, of which one takes that many ms for a step.
func (n networkPoints) markdown(oneHost float64) string {
	if n.none != nil {
		return fmt.Sprintf("Two hosts were not tried: %v.\n", n.none)
	}
	t := newTable(1, "2 hosts (network namespaces) of 1 thread", "ms a step", "computed")
	half := workload{compute: n.alone, bytes: n.bytes, every: 1}
	for _, point := range n.points {
		t.add(point.String(), number(point.run.step(), 1), number(half.step(point.network, 2), 1))
	}
	delay := "The kernel here has no netem: rates are tbf's, and no delay was set."
	if n.delay > 0 {
		delay = fmt.Sprintf("Rates and a delay of %v are netem's.", n.delay)
	}
	s := newTable(1, "hosts", "2", "4", "8", "16", "32", "64")
	for _, c := range scenarios() {
		l := c.change(workload{compute: oneHost, bytes: n.bytes, every: 1})
		row := []string{c.name}
		for _, hosts := range hostCounts[1:] {
			row = append(row, percent(100*l.compute/l.step(network{c.gbit, lanDelay}, hosts), 0))
		}
		s.add(row...)
	}
	return fmt.Sprintf("%s\nComputed: the time of a step alone, %s ms, and 2(n-1) messages of an n-th of the gradients, %s MB, one after the other, none of it behind the backward "+
		"pass. %s\n\n![images per second over hosts](%s)\n\nWhat is left of each host's speed, computed the same way for hosts like this machine (%s ms for a step of %d images) and a "+
		"delay of %v. Local steps are not built; the other columns are what cgan does.\n\n%s",
		t, number(n.alone, 1), number(n.bytes/1e6, 1), delay, hostsPlot, number(oneHost, 1), ranksBatch, lanDelay, s)
}

// drawHosts draws images a second over hosts into a PNG, with what was measured of two.
func drawHosts(n networkPoints, oneHost float64, file string) error {
	p := plot.New()
	p.Title.Text = "Training on several hosts, images per second: computed, and measured on two"
	p.X.Label.Text, p.Y.Label.Text = "hosts", "images/s"
	p.X.Scale, p.Y.Scale = plot.LogScale{}, plot.LogScale{}
	p.X.Tick.Marker, p.Y.Tick.Marker = hostTicks(), plot.LogTicks{Prec: -1}
	p.Legend.Top, p.Legend.Left, p.Legend.Padding = true, true, vg.Points(3)
	p.Add(plotter.NewGrid())
	for i, c := range scenarios() {
		l := c.change(workload{compute: oneHost, bytes: n.bytes, every: 1})
		var points plotter.XYs
		for _, hosts := range hostCounts {
			points = append(points, plotter.XY{X: float64(hosts), Y: float64(hosts*c.images) * 1e3 / l.step(network{c.gbit, lanDelay}, hosts)})
		}
		line, err := plotter.NewLine(points)
		if err != nil {
			return err
		}
		line.Color, line.Width = c.colour, vg.Points(2)
		if i >= 3 {
			line.Dashes = []vg.Length{vg.Points(float64(2 + 3*(i-3))), vg.Points(3)}
		}
		p.Add(line)
		p.Legend.Add(c.name, line)
	}
	var measured plotter.XYs
	for _, point := range n.points {
		measured = append(measured, plotter.XY{X: 2, Y: ranksBatch * 1e3 / point.run.step()})
	}
	if len(measured) > 0 {
		marks, err := plotter.NewScatter(measured)
		if err != nil {
			return err
		}
		marks.Shape, marks.Radius = draw.RingGlyph{}, vg.Points(3)
		p.Add(marks)
		p.Legend.Add("measured: 2 hosts of 1 thread, 64 images each", marks)
	}
	return p.Save(8*vg.Inch, 5*vg.Inch, file)
}

func hostTicks() plot.ConstantTicks {
	var ticks plot.ConstantTicks
	for _, hosts := range hostCounts {
		ticks = append(ticks, plot.Tick{Value: float64(hosts), Label: strconv.Itoa(hosts)})
	}
	return ticks
}
