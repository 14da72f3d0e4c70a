package main

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"
)

const benchBatch = 128

// load is what a contender has to do; both programs know these flags.
type load struct{ threads, batch, steps int }

// limit is how long a program may take that has to finish its steps, and those of its warm-up, to be measured.
func (l load) limit() time.Duration { return time.Minute + time.Duration(l.steps+5)*slowest }

func (l load) flags() []string {
	return []string{"--threads", strconv.Itoa(l.threads), "--batch", strconv.Itoa(l.batch), "--steps", strconv.Itoa(l.steps)}
}

func (p *programs) original(name string, l load, flags ...string) *contender {
	command := []string{p.python, "train/train.py", "bench", "--device", p.device, "--data", p.MNIST}
	return &contender{name: name, command: append(append(command, l.flags()...), flags...), limit: l.limit()}
}

func (p *programs) ours(name string, l load, flags ...string) *contender {
	command := []string{p.cgan, "bench", "--json", "--device", p.device, "--data", p.MNIST}
	return &contender{name: name, command: append(append(command, l.flags()...), flags...)}
}

// fusesAdam says whether the original's Adam can be one op on the CPU, as from torch 2.4 on.
func (p *programs) fusesAdam() bool {
	var major, minor int
	_, err := fmt.Sscanf(p.torch, "%d.%d", &major, &minor)
	return err == nil && (major > 2 || major == 2 && minor >= 4)
}

// training has every contender that trains.
type training struct {
	python, exact, f32, bf16 *contender
	tuned                    []*contender // Python with what PyTorch offers for speed
	frameworks               []*contender // other ones
}

func newTraining(p *programs, plan plan) training {
	l := load{p.Threads, benchBatch, plan.steps}
	tuned := []*contender{p.original("Python bf16 channels_last", l, "--bf16", "--channels-last")}
	if !plan.quick {
		tuned = append(tuned,
			p.original("Python bf16", l, "--bf16"),
			p.original("Python bf16 channels_last compile", l, "--bf16", "--channels-last", "--compile"))
	}
	if !plan.quick && p.fusesAdam() {
		tuned = append(tuned,
			p.original("Python bf16 channels_last fused Adam", l, "--bf16", "--channels-last", "--fused-adam"),
			p.original("Python bf16 channels_last compile fused Adam", l, "--bf16", "--channels-last", "--compile", "--fused-adam"))
	}
	return training{
		python: p.original("Python", l), tuned: tuned, frameworks: p.frameworks(plan),
		exact: p.ours("cgan --exact", l, "--exact"),
		f32:   p.ours("cgan", l),
		bf16:  p.ours("cgan bf16", l, "--precision", "bf16"),
	}
}

// frameworkShare is the part of the steps that other frameworks make: JAX takes seconds for one.
const frameworkShare = 5

// frameworks train the same networks in JAX and in TensorFlow, in a thorough run.
func (p *programs) frameworks(plan plan) (all []*contender) {
	if plan.quick || plan.held != "" { // they can't be held
		return nil
	}
	l := load{p.Threads, benchBatch, max(1, plan.steps/frameworkShare)}
	for _, f := range []struct {
		name  string
		flags []string
	}{
		{"JAX", []string{"jax"}},
		{"JAX bf16", []string{"jax", "--bf16"}},
		{"TensorFlow", []string{"tensorflow"}},
		{"TensorFlow XLA", []string{"tensorflow", "--xla"}},
		{"TensorFlow bf16", []string{"tensorflow", "--bf16"}},
		{"TensorFlow bf16 XLA", []string{"tensorflow", "--bf16", "--xla"}},
	} {
		command := append([]string{p.peersPython, "cmd/compare/train_peers.py"}, append(f.flags, l.flags()...)...)
		all = append(all, &contender{name: f.name, command: command, limit: l.limit()})
	}
	return all
}

func (t training) all() []*contender {
	return slices.Concat(t.pythons(), t.frameworks, []*contender{t.exact, t.f32, t.bf16})
}

// pythons are Python as it is written and all that is tuned.
func (t training) pythons() []*contender { return append([]*contender{t.python}, t.tuned...) }

// fastest has the least median of those that were measured.
func fastest(all []*contender) *contender {
	best := all[0]
	for _, c := range all[1:] {
		if m := best.summary().median; math.IsNaN(m) || c.summary().median < m {
			best = c
		}
	}
	return best
}

// drawing has every contender that draws, in evaluation mode without gradients.
type drawing struct {
	python, f32, bf16 *contender
	tuned             []*contender // Python, and runtimes of the ONNX that cgan exports
}

// runtimes are those of ONNX that draw; onnxruntime can't be held.
func (p plan) runtimes() []string {
	if p.held != "" {
		return []string{"openvino"}
	}
	return []string{"onnxruntime", "openvino"}
}

// newDrawing draws batches of a size, and with the ONNX runtimes too where a model of theirs is given.
func newDrawing(p *programs, plan plan, batch int, onnx string) drawing {
	l := load{p.Threads, batch, plan.steps * drawFactor}
	generate := []string{"--mode", "generate"}
	tuned := []*contender{p.original("Python bf16 channels_last", l, append(generate, "--bf16", "--channels-last")...)}
	if !plan.quick {
		tuned = append(tuned,
			p.original("Python compile", l, append(generate, "--compile")...),
			p.original("Python bf16 channels_last compile", l, append(generate, "--bf16", "--channels-last", "--compile")...))
	}
	if onnx != "" {
		for _, runtime := range plan.runtimes() {
			command := append([]string{p.onnxPython, "cmd/compare/draw_onnx.py", runtime, onnx}, l.flags()...)
			tuned = append(tuned, &contender{name: runtime + ", exported ONNX", command: command, limit: l.limit()})
		}
	}
	return drawing{
		python: p.original("Python", l, generate...), tuned: tuned,
		f32:  p.ours("cgan", l, generate...),
		bf16: p.ours("cgan bf16", l, append(generate, "--precision", "bf16")...),
	}
}

func (d drawing) all() []*contender { return append(d.others(), d.ours()...) }

// ours are both precisions of cgan.
func (d drawing) ours() []*contender { return []*contender{d.f32, d.bf16} }

// others are all but cgan.
func (d drawing) others() []*contender { return append([]*contender{d.python}, d.tuned...) }
