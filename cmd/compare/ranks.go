package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ranksBatch is the images of a step of all processes together.
const ranksBatch = 128

// trainingRun is processes that train side by side. Its steps are timed by the log of the first one.
type trainingRun struct {
	name     string
	commands [][]string // each of cgan; they get a folder for their runs
	ms       []float64  // the median of each round's steps
	least    float64    // of all steps
}

// step is the median of the rounds, in ms.
func (r *trainingRun) step() float64 { return median(r.ms) }

// run makes one round.
func (r *trainingRun) run(ctx context.Context, p *programs) error {
	out := p.file("-runs")
	var commands [][]string
	for i, c := range r.commands {
		commands = append(commands, append(c[:len(c):len(c)], "--out", filepath.Join(out, strconv.Itoa(i))))
	}
	if err := together(ctx, commands); err != nil {
		return fmt.Errorf("%s: %w", r.name, err)
	}
	steps, err := stepTimes(filepath.Join(out, "0"))
	if err != nil {
		return err
	}
	if least := slices.Min(steps); len(r.ms) == 0 || least < r.least {
		r.least = least
	}
	r.ms = append(r.ms, median(steps))
	fmt.Fprintf(os.Stderr, "%s: %.1f ms\n", r.name, r.ms[len(r.ms)-1])
	return nil
}

// together runs commands at once, until all have ended or one has failed.
func together(ctx context.Context, commands [][]string) (failed error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	ends := make(chan error, len(commands))
	for _, c := range commands {
		go func() { ends <- quiet(ctx, c[0], c[1:]...) }()
	}
	for range commands {
		if err := <-ends; err != nil && failed == nil {
			failed = err
			stop() // the others would wait for it
		}
	}
	return failed
}

// statsLine is what is read of a line of stats.jsonl.
type statsLine struct {
	Step int
	Time time.Time
	Eval *struct{ Consistency float64 }
}

// oneRun is the one run in a folder.
func oneRun(out string) (string, error) {
	logs, err := filepath.Glob(filepath.Join(out, "*", "stats.jsonl"))
	if err == nil && len(logs) != 1 {
		err = fmt.Errorf("%s has %d runs", out, len(logs))
	}
	if err != nil {
		return "", err
	}
	return filepath.Dir(logs[0]), nil
}

// readLog is the log of the one run in a folder.
func readLog(out string) (all []statsLine, err error) {
	run, err := oneRun(out)
	if err != nil {
		return nil, err
	}
	f, err := os.Open(filepath.Join(run, "stats.jsonl"))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		var line statsLine
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			return nil, err
		}
		all = append(all, line)
	}
	return all, lines.Err()
}

// stepTimes are those of the one run in a folder, in ms, without the first ones.
func stepTimes(out string) (ms []float64, err error) {
	lines, err := readLog(out)
	if err != nil {
		return nil, err
	}
	const warmup = 5
	if len(lines) < warmup+2 {
		return nil, fmt.Errorf("the run in %s has %d steps: too few", out, len(lines))
	}
	for i := warmup + 1; i < len(lines); i++ {
		ms = append(ms, lines[i].Time.Sub(lines[i-1].Time).Seconds()*1e3)
	}
	return ms, nil
}

// trains is a command of cgan that trains.
func (p *programs) trains(threads, batch, steps int, flags ...string) []string {
	return append([]string{p.cgan, "train", "--quiet", "--device", "cpu", "--data", p.MNIST, "--keep", "1", "--threads", strconv.Itoa(threads),
		"--batch", strconv.Itoa(batch), "--steps", strconv.Itoa(steps)}, flags...)
}

// ranksCost is what training in two processes costs beside one.
type ranksCost struct {
	one, two, apart, bf16 *trainingRun
	python, pythonDDP     *contender
}

func newRanksCost(p *programs, steps int) ranksCost {
	half := p.trains(1, ranksBatch/2, steps)
	l := load{2, ranksBatch, steps}
	ddp := p.original("Python, 2 processes", load{1, ranksBatch / 2, steps})
	ddp.command = append([]string{p.python, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"}, ddp.command[1:]...)
	return ranksCost{
		one:    &trainingRun{name: "cgan, 1 process of 2 threads", commands: [][]string{p.trains(2, ranksBatch, steps)}},
		two:    &trainingRun{name: "cgan, 2 processes of 1 thread", commands: [][]string{append(half, "--processes", "2")}},
		bf16:   &trainingRun{name: "cgan, 2 processes, --compress bf16", commands: [][]string{append(half, "--processes", "2", "--compress", "bf16")}},
		apart:  &trainingRun{name: "cgan, 2 trainings that know nothing of each other", commands: [][]string{half, half}},
		python: p.original("Python, 1 process of 2 threads", l), pythonDDP: ddp,
	}
}

func (c ranksCost) measure(ctx context.Context, p *programs, rounds int) error {
	for range rounds {
		for _, r := range []*trainingRun{c.one, c.two, c.apart, c.bf16} {
			if err := r.run(ctx, p); err != nil {
				return err
			}
		}
		if err := race(ctx, "Python", []*contender{c.python, c.pythonDDP}, 1); err != nil {
			return err
		}
	}
	return nil
}

// markdown has the two goals.
func (c ranksCost) markdown() string {
	t := newTable(1, fmt.Sprintf("training, %d images a step", ranksBatch), "ms min", "ms median", "images/s", "x of 1 process, by min", "by median", "x of Python's 2, by min", "by median")
	one, ddp := c.python.summary(), c.pythonDDP.summary()
	add := func(name string, least, ms float64) {
		t.add(name, number(least, 1), number(ms, 1), number(ranksBatch*1e3/ms, 0), number(c.one.least/least, 2), number(c.one.step()/ms, 2),
			number(ddp.min/least, 2), number(ddp.median/ms, 2))
	}
	for _, r := range []*trainingRun{c.one, c.two, c.apart, c.bf16} {
		add(r.name, r.least, r.step())
	}
	add(c.python.name, one.min, one.median)
	add("Python, 2 processes of 1 thread, DistributedDataParallel", ddp.min, ddp.median)
	gloo := c.two.step() - c.apart.step()
	return fmt.Sprintf("%s\nBy medians: two trainings at once that share nothing but the cores take %s ms a step; with gradients averaged %s ms: Gloo, the waiting for the other "+
		"process and what is agreed on after each step are %s of a step.\n", t, number(c.apart.step(), 1), number(c.two.step(), 1), percent(100*gloo/c.two.step(), 1))
}

// compareRanks measures what several processes and hosts cost, and writes it behind the report unless it is to be quick.
func compareRanks(ctx context.Context, where setting, rounds, steps int, quick bool) error {
	p, err := newPrograms(ctx, where)
	if err != nil {
		return err
	}
	defer p.clear()
	f, err := readFacts(ctx, p.Threads)
	if err != nil {
		return err
	}
	busy := loadAverage()
	cost := newRanksCost(p, steps)
	if err := cost.measure(ctx, p, rounds); err != nil {
		return err
	}
	points, err := measureNetworks(ctx, p, steps)
	if err != nil {
		return err
	}
	text := fmt.Sprintf("%sOn %s with %d cores, libtorch %s, on %s; %s.\n\n%s\n%s", ranksHead, f.cpu, f.cores, p.torch, f.date, busy, cost.markdown(), points.markdown(cost.one.step()))
	fmt.Print(text)
	if quick {
		return nil
	}
	if err := drawHosts(points, cost.one.step(), hostsPlot); err != nil {
		return err
	}
	return writeSection(reportFile, ranksHead, text)
}

// loadAverage says how busy the machine is with other things.
func loadAverage() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "the load before it is not known"
	}
	one, _, _ := strings.Cut(string(text), " ")
	return "load average before it " + one
}

// writeSection puts a section at the end of the report, in the place of an earlier one.
func writeSection(report, head, text string) error {
	before, err := os.ReadFile(report)
	if err != nil {
		return err
	}
	rest, old, _ := strings.Cut(string(before), head)
	if _, behind, found := strings.Cut(old, "\n## "); found {
		rest = strings.TrimRight(rest, "\n") + "\n\n## " + behind
	}
	return os.WriteFile(report, []byte(strings.TrimRight(rest, "\n")+"\n\n"+text), 0o644)
}

const (
	ranksHead = "## Several processes and hosts\n\n"
	hostsPlot = ".github/hosts.png"
)
