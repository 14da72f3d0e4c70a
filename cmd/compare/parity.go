package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
)

// trace is what `cgan train --trace` and `train.py trace` write.
type trace struct {
	Torch         string            `json:"torch"`
	Threads       int               `json:"threads"`
	Seed          int               `json:"seed"`
	Batch         int               `json:"batch"`
	Losses        [][2]string       `json:"losses"`
	Generator     map[string]string `json:"generator"`
	Discriminator map[string]string `json:"discriminator"`
	Average       map[string]string `json:"generator_ema"` // where one is kept
}

// parityCase is one training that both programs run.
type parityCase struct {
	name               string
	images             int     // of MNIST's first ones; 0 for all
	set                madeSet // in place of MNIST
	batch, seed, steps int
	flags              []string // of both
	processes          int      // that train together; 0 for one
	networks           string   // in the article's place: a file of the folder networks, without its ending
	varies             bool     // on CUDA, where Python differs from itself
}

var parityCases = slices.Concat([]parityCase{
	{name: "20 steps, batch 128, seed 0", batch: 128, steps: 20},
	{name: "20 steps, batch 128, seed 1", batch: 128, seed: 1, steps: 20},
	{name: "25 steps, batch 96 of 1000 images, across two epochs' ends", images: 1000, batch: 96, seed: 2, steps: 25},
	{name: "47 classes, labels with gaps", set: madeSet{images: 200, channels: 1, size: 28, classes: 47}, batch: 64, steps: 8},
	{name: "2 processes, 25 steps, batch 96 of 1000 images each", processes: 2, images: 1000, batch: 96, seed: 6, steps: 25},
	{name: "3 processes, 25 steps, batch 48 of 500 images each", processes: 3, images: 500, batch: 48, seed: 7, steps: 25, flags: []string{"--flip", "--ema", "1000"}},
	{name: "2 processes, 8 steps, batch 48 of 500 images each, BatchNorm over both", processes: 2, images: 500, batch: 48, seed: 9, steps: 8, flags: []string{"--sync-bn", "--ngf", "32", "--ndf", "32"}},
	{name: "2 processes, 8 steps, gradients in bfloat16", processes: 2, images: 500, batch: 48, seed: 8, steps: 8, flags: []string{"--compress", "bf16"}},
}, sizeCases(), []parityCase{
	withOptions("--flip"),
	withOptions("--label-smoothing", "0.1", "--lr-g", "1e-4", "--lr-d", "4e-4", "--ema", "0.9"),
	withOptions("--loss", "hinge", "--d-steps", "2"),
	withOptions("--loss", "lsgan", "--label-smoothing", "0.2", "--lr-schedule", "linear"),
	withOptions("--loss", "wgan-gp", "--d-steps", "3", "--lr-schedule", "cosine"),
	withOptions("--r1", "10"),
	withOptions("--spectral-norm", "--ema", "1000"),
	withOptions("--loss", "hinge", "--r1", "0.5", "--spectral-norm"),
	withNetworks("mlp-embedding", "--ema", "0.9"),
	withNetworks("convtranspose"),
	withNetworks("linear-convtranspose", "--d-steps", "2").varying(),
	withNetworks("linear-upsample", "--flip").varying(),
	withNetworks("branches", "--lr-schedule", "linear"),
	withNetworks("plain", "--loss", "wgan-gp"),
})

// sizeCases are networks for images of every size, grey and RGB.
func sizeCases() (cases []parityCase) {
	for _, size := range []int{28, 32, 64, 128} {
		for _, channels := range []int{1, 3} {
			if size == 28 && channels == 1 {
				continue // MNIST is
			}
			cases = append(cases, parityCase{
				name: fmt.Sprintf("images of %dx%d, %d channels", size, size, channels), set: madeSet{images: 24, channels: channels, size: size, classes: 5},
				batch: 16, steps: 6, flags: []string{"--ngf", "16", "--ndf", "8"},
			})
		}
	}
	return cases
}

// withOptions is a short training: of 200 images in batches of 48, so that the sixth step is in the second epoch.
func withOptions(flags ...string) parityCase {
	return parityCase{name: "6 steps, batch 48 of 200 images, " + strings.Join(flags, " "), images: 200, batch: 48, seed: 4, steps: 6, flags: flags}
}

// withNetworks is a short training of networks that are given as data, as withOptions.
func withNetworks(name string, flags ...string) parityCase {
	c := withOptions(flags...)
	c.name, c.networks = "networks "+strings.TrimSpace(name+" "+strings.Join(flags, " "))+", 6 steps, batch 48 of 200 images", name
	return c
}

// varying is c, of which two runs of Python on CUDA differ.
func (c parityCase) varying() parityCase {
	c.varies = true
	return c
}

// parity runs every case in both programs and fails when one bit differs.
func parity(ctx context.Context, where setting) error {
	p, err := newPrograms(ctx, where)
	if err != nil {
		return err
	}
	defer p.clear()
	return p.parity(ctx)
}

// proof is something that both programs do, and gives the number of values that differ.
type proof func(context.Context, *programs) (int, error)

// proofs are those of the device: several processes train on the CPU alone, and some ops of CUDA have no bits of their own.
func (p *programs) proofs() (all []proof) {
	for _, c := range parityCases {
		if c.processes == 0 && !c.varies || p.device == "cpu" {
			all = append(all, c.run)
		}
	}
	handOptions := func(options ...string) proof {
		return func(ctx context.Context, p *programs) (int, error) { return handover(ctx, p, options) }
	}
	all = append(all, handOptions(), handOptions("--loss", "hinge", "--spectral-norm", "--ema", "0.9", "--d-steps", "2"), relay)
	if p.device != "cpu" {
		return all
	}
	return append(all, func(ctx context.Context, p *programs) (int, error) {
		p.processes = 3
		defer func() { p.processes = 0 }()
		return handover(ctx, p, []string{"--ema", "0.9", "--ngf", "16", "--ndf", "16"})
	})
}

// atOnce is how many proofs run at a time: each has threads of its own, and on CUDA a part of the memory.
func (p *programs) atOnce() int {
	if p.device != "cpu" {
		return 4
	}
	return max(1, runtime.GOMAXPROCS(0)/max(1, p.Threads))
}

// parity goes through the proofs.
func (p *programs) parity(ctx context.Context) error {
	todo, all := make(chan proof), p.proofs()
	var workers sync.WaitGroup
	var differing atomic.Int64
	failures := make([]error, p.atOnce())
	for i := range failures {
		own := *p
		own.work = filepath.Join(p.work, strconv.Itoa(i))
		workers.Add(1)
		go func() {
			defer workers.Done()
			failures[i] = os.Mkdir(own.work, 0o700)
			for try := range todo {
				if failures[i] != nil {
					continue
				}
				n, err := try(ctx, &own)
				differing.Add(int64(n))
				failures[i] = err
			}
		}()
	}
	for _, try := range all {
		todo <- try
	}
	close(todo)
	workers.Wait()
	if n := differing.Load(); n > 0 {
		failures = append([]error{fmt.Errorf("%d values differ from Python's", n)}, failures...)
	}
	if err := errors.Join(failures...); err != nil {
		return err
	}
	fmt.Printf("parity: every bit is Python's, %d times\n", len(all))
	return nil
}

// run gives the number of values that differ.
func (c parityCase) run(ctx context.Context, p *programs) (int, error) {
	data, err := p.data(c.images)
	if c.set.images > 0 {
		data, err = p.noise(c.set)
	}
	if err != nil {
		return 0, err
	}
	flags := append([]string{"--data", data, "--batch", strconv.Itoa(c.batch), "--seed", strconv.Itoa(c.seed), "--steps", strconv.Itoa(c.steps)}, c.flags...)
	var own []string // train.py has the size of the images that it gets
	if c.set.size > 0 {
		own = []string{"--size", strconv.Itoa(c.set.size)}
	}
	var python []string
	if c.networks != "" {
		column := filepath.Join("cmd", "compare", "networks", c.networks+".yaml")
		module, err := p.asPython(ctx, column)
		if err != nil {
			return 0, err
		}
		own, python = append(own, "--arch", column), []string{"--networks", module}
	}
	p.processes = c.processes
	defer func() { p.processes = 0 }()
	mine, _, err := p.goTrain(ctx, append(own, flags...))
	if err != nil {
		return 0, fmt.Errorf("%s: %w", c.name, err)
	}
	original, _, err := p.pythonTrain(ctx, append(python, flags...))
	if err != nil {
		return 0, fmt.Errorf("%s: %w", c.name, err)
	}
	return report(c.name, mine, original), nil
}

// handover trains 10 steps in Python; then 5 in one program and 5 more in the other, both ways. The second half
// must be the same to the bit. 1000 images in batches of 128 put the handover into an epoch's middle, and the
// end of the epoch after it.
func handover(ctx context.Context, p *programs, options []string) (differing int, err error) {
	data, err := p.data(1000)
	if err != nil {
		return 0, err
	}
	to := func(steps int, init string) []string {
		flags := append([]string{"--data", data, "--batch", "128", "--seed", "3", "--steps", strconv.Itoa(steps)}, options...)
		if init != "" {
			flags = append(flags, "--init", init)
		}
		return flags
	}
	whole, _, err := p.pythonTrain(ctx, to(10, ""))
	if err != nil {
		return 0, err
	}
	whole.Losses = whole.Losses[5:]
	for _, way := range []struct {
		name          string
		first, second func(context.Context, []string) (trace, string, error)
	}{{"5 steps in Go, 5 more in Python", p.goTrain, p.pythonTrain}, {"5 steps in Python, 5 more in Go", p.pythonTrain, p.goTrain}} {
		_, checkpoint, err := way.first(ctx, to(5, ""))
		if err != nil {
			return 0, err
		}
		rest, _, err := way.second(ctx, to(10, checkpoint))
		if err != nil {
			return 0, err
		}
		differing += report(strings.Join(slices.Concat([]string{way.name}, p.ranks(), options), " "), rest, whole)
	}
	return differing, nil
}

// report prints what differs, and one line for the case.
func report(name string, mine, original trace) int {
	differences := compare(mine, original)
	var found strings.Builder
	for _, d := range differences {
		fmt.Fprintln(&found, "  differs:", d)
	}
	fmt.Printf("%storch %s, %d threads, %s: %d losses, %d tensors, %d differ\n", &found, original.Torch, original.Threads, name,
		2*len(original.Losses), len(original.Generator)+len(original.Discriminator)+len(original.Average), len(differences))
	return len(differences)
}

// compare lists every value of the two traces that is not the same.
func compare(a, b trace) (differences []string) {
	note := func(what string, x, y any) {
		if x != y {
			differences = append(differences, fmt.Sprintf("%s: %v, Python %v", what, x, y))
		}
	}
	note("threads", a.Threads, b.Threads)
	note("seed", a.Seed, b.Seed)
	note("batch", a.Batch, b.Batch)
	note("torch", a.Torch, b.Torch)
	note("number of losses", len(a.Losses), len(b.Losses))
	for i := range min(len(a.Losses), len(b.Losses)) {
		note(fmt.Sprintf("Loss_D of step %d", i+1), a.Losses[i][0], b.Losses[i][0])
		note(fmt.Sprintf("Loss_G of step %d", i+1), a.Losses[i][1], b.Losses[i][1])
	}
	for net, pair := range map[string][2]map[string]string{
		"generator": {a.Generator, b.Generator}, "discriminator": {a.Discriminator, b.Discriminator}, "generator_ema": {a.Average, b.Average},
	} {
		note(net+": number of tensors", len(pair[0]), len(pair[1]))
		for key, sum := range pair[1] {
			note(net+": "+key, pair[0][key], sum)
		}
	}
	return differences
}

func readTrace(path string) (t trace, err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return t, err
	}
	if err := json.Unmarshal(text, &t); err != nil {
		return t, fmt.Errorf("%s: %w", path, err)
	}
	if len(t.Losses) == 0 || len(t.Generator) == 0 || len(t.Discriminator) == 0 {
		return t, fmt.Errorf("%s holds no losses or no tensors", path)
	}
	return t, nil
}
