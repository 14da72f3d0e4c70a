package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	gpuTests   = "tests"        // folder of the test binaries
	gpuJudge   = "judge.pt"     // weights of the judge, trained where the kit was made
	gpuPicture = "cgan-gpu.png" // the ten digits, drawn on CUDA
	gpuSteps   = 200            // timed steps of each run
	gpuEpochs  = 2
	gpuTime    = 6 * time.Minute // for all parts
)

// gpuPart is one thing to try. It gives what it found in words.
type gpuPart struct {
	name string
	try  func(context.Context, *programs) (found []string, err error)
}

var gpuParts = []gpuPart{
	{"doctor", gpuDoctor},
	{"tests", gpuRunTests},
	{"parity", gpuParity},
	{"train", gpuTrain},
	{"processes", gpuProcesses},
	{"memory", gpuMemory},
	{"draw", gpuDraw},
	{"bench-bf16", gpuBench("bf16", nil, []string{"--bf16"}, []string{"--precision", "bf16"})},
	{"bench-tf32", gpuBench("TF32", nil, nil, nil)},
	{"bench-f32", gpuBench("f32", []string{"env", "NVIDIA_TF32_OVERRIDE=0"}, nil, nil)},
	{"compile", gpuCompile},
}

func partNames() (names []string) {
	for _, p := range gpuParts {
		names = append(names, p.name)
	}
	return names
}

// gpu tries the parts and prints one table. A part that fails is a row of it, and the others go on, as long as there is time:
// parts that are asked for by name have all that they need.
func gpu(ctx context.Context, where setting, only []string) error {
	for _, name := range only {
		if !slices.Contains(partNames(), name) {
			return fmt.Errorf("--part is %q: it must be one of %s", name, strings.Join(partNames(), ", "))
		}
	}
	p, err := newPrograms(ctx, where)
	if err != nil {
		return err
	}
	defer p.clear()
	if len(only) == 0 {
		var done context.CancelFunc
		ctx, done = context.WithTimeout(ctx, gpuTime)
		defer done()
	}
	t, failed, cut := newTable(3, "part", "", "found"), 0, 0
	for _, part := range gpuParts {
		if len(only) > 0 && !slices.Contains(only, part.name) {
			continue
		}
		begin := time.Now()
		found, err := part.try(ctx, p)
		verdict := "works"
		if err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", part.name, err)
			if ctx.Err() != nil {
				cut++
				verdict, found = "cut off", append(found, fmt.Sprintf("%v are over: --part %s has all the time that it needs", gpuTime, part.name))
			} else {
				failed++
				verdict, found = "FAILS", append(found, strings.Split(err.Error(), "\n")[0])
			}
		}
		name := fmt.Sprintf("%s, %.0f s", part.name, time.Since(begin).Seconds())
		for _, line := range append(found, "")[:max(1, len(found))] {
			fmt.Fprintf(os.Stderr, "%s: %s %s\n", name, verdict, line)
			t.add(name, verdict, line)
			name, verdict = "", ""
		}
	}
	fmt.Print(t)
	if failed > 0 || cut > 0 {
		return fmt.Errorf("of %d parts %d fail and %d had not the time", len(gpuParts), failed, cut)
	}
	return nil
}

func gpuDoctor(ctx context.Context, p *programs) (found []string, err error) {
	card, err := exec.CommandContext(ctx, "nvidia-smi", "--query-gpu=name,driver_version,memory.total", "--format=csv,noheader").Output()
	if err != nil {
		found = append(found, "nvidia-smi finds no GPU")
	} else {
		found = append(found, strings.TrimSpace(string(card)))
	}
	found = append(found, "libtorch "+p.Version, "CUDA "+p.CUDA)
	if p.CUDA != "cuda:0" {
		return found, errors.New("cgan finds no CUDA")
	}
	return found, nil
}

// gpuRunTests runs what the test binaries say of CUDA.
func gpuRunTests(ctx context.Context, _ *programs) (found []string, err error) {
	binaries, err := filepath.Glob(filepath.Join(gpuTests, "*.test"))
	if err != nil || len(binaries) == 0 {
		return nil, errors.Join(err, fmt.Errorf("no test binary in %s: is this the folder of make gpu-kit?", gpuTests))
	}
	for _, binary := range binaries {
		whole, err := filepath.Abs(binary)
		if err != nil {
			return found, err
		}
		cmd := exec.CommandContext(ctx, whole, "-test.v", "-test.run", "CUDA|Graph|Device|SetLR")
		cmd.Dir = gpuTests
		output, failure := cmd.CombinedOutput()
		text := string(output)
		found = append(found, fmt.Sprintf("%s: %d pass, %d skipped, %d fail", filepath.Base(binary),
			strings.Count(text, "--- PASS"), strings.Count(text, "--- SKIP"), strings.Count(text, "--- FAIL")))
		if failure != nil {
			fmt.Fprintln(os.Stderr, text)
			return found, fmt.Errorf("%s: %w", binary, failure)
		}
	}
	return found, nil
}

func gpuParity(ctx context.Context, p *programs) ([]string, error) {
	if err := p.parity(ctx); err != nil {
		return nil, err
	}
	return []string{"every bit is Python's, with cuDNN's deterministic algorithms"}, nil
}

// gpuTrain trains, and has the judge read what was learned.
func gpuTrain(ctx context.Context, p *programs) (found []string, err error) {
	judge, err := filepath.Abs(gpuJudge)
	if err != nil {
		return nil, err
	}
	for _, a := range arithmetics() {
		begin := time.Now()
		out, err := a.train(ctx, p, gpuEpochs, 0)
		if err != nil {
			return found, err
		}
		took := time.Since(begin)
		if err := a.judge(ctx, p, judge, out, gpuEpochs); err != nil {
			return found, err
		}
		found = append(found, fmt.Sprintf("%s: %d epochs in %.1f s, %.1f %% of the drawn digits show their class", a.name, gpuEpochs, took.Seconds(), a.scores[0].percent()))
		saved, err := checkpoints(out)
		if err != nil {
			return found, err
		}
		if err := quiet(ctx, p.cgan, "generate", "--device", p.device, "--count", "8", "--weights", saved[len(saved)-1], "--out", gpuPicture); err != nil {
			return found, err
		}
	}
	return found, nil
}

// gpuProcesses is what cgan says to two processes on one GPU.
func gpuProcesses(ctx context.Context, p *programs) ([]string, error) {
	out := p.file("-runs")
	text, err := exec.CommandContext(ctx, p.cgan, "train", "--quiet", "--device", p.device, "--processes", "2", "--steps", "2", "--out", out).CombinedOutput()
	if err == nil {
		return []string{"two processes train"}, nil
	}
	if strings.Contains(string(text), "there is no NCCL") {
		return []string{"two processes are refused: " + strings.Split(string(text), "\n")[0]}, nil
	}
	return nil, fmt.Errorf("%w: %s", err, text)
}

// gpuMemory runs the test of make memory on CUDA.
func gpuMemory(ctx context.Context, _ *programs) ([]string, error) {
	cmd := exec.CommandContext(ctx, filepath.Join(gpuTests, "train.test"), "-test.v", "-test.run", "^TestMemoryStaysFlat$")
	cmd.Env = append(os.Environ(), "CGAN_MEMORY_STEPS=2000", "CGAN_MEMORY_DEVICE=cuda")
	output, err := cmd.CombinedOutput()
	line := regexp.MustCompile(`resident after.*`).FindString(string(output))
	if err != nil || line == "" {
		why := "no resident memory"
		if said := regexp.MustCompile(`_test\.go:\d+: (.+)\n\s*--- FAIL`).FindSubmatch(output); said != nil {
			why = string(said[1])
		}
		return nil, errors.Join(errors.New(why), err, errors.New(strings.TrimSpace(string(output))))
	}
	return []string{line}, nil
}

// gpuBench races training in one precision: cgan beside Python as it is written, and with all that PyTorch offers.
func gpuBench(name string, before, pythonFlags, cganFlags []string) func(context.Context, *programs) ([]string, error) {
	return func(ctx context.Context, p *programs) ([]string, error) {
		l := load{p.Threads, benchBatch, gpuSteps}
		python := func(name string, flags ...string) *contender {
			return p.original(name, l, append(slices.Clone(pythonFlags), flags...)...)
		}
		ours := func(name string, flags ...string) *contender {
			return p.ours(name, l, append(slices.Clone(cganFlags), flags...)...)
		}
		all := []*contender{
			python("Python eager"),
			python("Python eager, tuned", "--on-device", "--fused-adam"),
			python("Python eager, tuned, channels_last", "--on-device", "--fused-adam", "--channels-last"),
			python("Python CUDA graph", "--on-device", "--fused-adam", "--graph"),
			python("Python CUDA graph, channels_last", "--on-device", "--fused-adam", "--graph", "--channels-last"),
			ours("cgan without graph", "--without", "graph"),
			ours("cgan"),
		}
		if name == "TF32" {
			all = append(all, ours("cgan --exact", "--exact"))
		}
		for _, c := range all {
			c.command = append(slices.Clone(before), c.command...)
		}
		if err := race(ctx, name, all, 2); err != nil {
			return nil, err
		}
		return gpuRows(all), nil
	}
}

// gpuRows compares all with the first.
func gpuRows(all []*contender) (rows []string) {
	for _, c := range all {
		s := c.summary()
		byMin, byMedian := c.ratio(all[0])
		rows = append(rows, fmt.Sprintf("%s: %s ms min, %s median, %s images/s; x %s by min, %s by median", c.name,
			number(s.min, 2), number(s.median, 2), number(s.imagesPerS, 0), number(byMin, 2), number(byMedian, 2)))
	}
	return rows
}

func gpuDraw(ctx context.Context, p *programs) ([]string, error) {
	l, generate := load{p.Threads, benchBatch, gpuSteps}, []string{"--mode", "generate"}
	with := func(flags ...string) []string { return append(slices.Clone(generate), flags...) }
	all := []*contender{
		p.original("Python eager", l, generate...),
		p.original("Python bf16 channels_last", l, with("--bf16", "--channels-last")...),
		p.ours("cgan", l, generate...),
		p.ours("cgan bf16", l, with("--precision", "bf16")...),
	}
	if err := race(ctx, "drawing", all, 2); err != nil {
		return nil, err
	}
	return gpuRows(all), nil
}

// gpuCompile is torch.compile, which takes long to begin.
func gpuCompile(ctx context.Context, p *programs) ([]string, error) {
	l := load{p.Threads, benchBatch, gpuSteps}
	all := []*contender{
		p.original("Python compile, TF32", l, "--compile", "--on-device", "--fused-adam"),
		p.original("Python compile, bf16", l, "--compile", "--on-device", "--fused-adam", "--bf16"),
		p.ours("cgan", l), p.ours("cgan bf16", l, "--precision", "bf16"),
	}
	if err := race(ctx, "compile, "+strconv.Itoa(gpuSteps)+" steps", all, 1); err != nil {
		return nil, err
	}
	return gpuRows(all), nil
}
