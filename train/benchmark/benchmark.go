// Package benchmark times training steps and drawings.
package benchmark

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"cgan/bindings/fused"
	"cgan/bindings/torch"
	"cgan/models"
	"cgan/train"
	"cgan/train/loader"
	"cgan/train/runfolder"
	"cgan/weights/atomicfile"

	"golang.org/x/sys/unix"
)

// Speed is what `train.py bench` prints too, and more of it.
type Speed struct {
	Torch   string `json:"torch"`
	Kernels string `json:"kernels"` // instruction set of the fast mode's kernels, empty for none
	Threads int    `json:"threads"`
	Batch   int    `json:"batch"`
	Mode    string `json:"mode"` // train or generate
	models.Compute
	StepMsMin    float64 `json:"step_ms_min"`
	StepMsMedian float64 `json:"step_ms_median"`
	StepMsMean   float64 `json:"step_ms_mean"`
	ImagesPerS   float64 `json:"images_per_s"`          // at the median
	RSSMB        float64 `json:"rss_mb"`                // peak resident memory, MB of 2^20 bytes
	GFLOPS       float64 `json:"gflops"`                // of what the work needs, at the median: see models.FLOPs
	Matmul       float64 `json:"matmul_gflops"`         // of libtorch's matrix product here, in this precision
	Peak         float64 `json:"peak_gflops,omitempty"` // of the kernels' instructions on what lies in registers
	Overhead     float64 `json:"overhead_percent"`      // of the time outside of the step itself: batch, log, loop
	Work         []Work  `json:"work"`                  // of the mean step; the rest of it is libtorch's own ops and Go
}

// Modes are what Run can time.
var Modes = []string{"train", "generate"}

const warmupSteps = 5

// Run times c.Steps steps after a few of warm-up: in mode train with the data and the log of each step,
// in mode generate batches drawn in evaluation mode.
func Run(ctx context.Context, c train.Config, mode string) (s Speed, err error) {
	if err := c.Validate(); err != nil {
		return s, err
	}
	if c.Steps < 1 {
		return s, fmt.Errorf("%d steps: at least 1 is needed for a time", c.Steps)
	}
	if !slices.Contains(Modes, mode) {
		return s, &models.FieldError{Field: "mode", Problem: fmt.Sprintf("is %q: it must be train or generate", mode)}
	}
	err = run(&c, func(device torch.Device) error {
		timed := timeTraining
		if mode == "generate" {
			timed = timeDrawing
		}
		t, err := timed(ctx, &c, device)
		if err != nil {
			return err
		}
		flops, err := models.CountFLOPs(c.Config)
		if err != nil {
			return err
		}
		flop := flops.TrainStep()
		if mode == "generate" {
			flop = flops.Draw()
		}
		s = t.speed(c, mode, device, flop)
		return nil
	})
	return s, err
}

// run prepares libtorch and calls f inside of torch.Do: one scope around all steps keeps them on one OS thread.
func run(c *train.Config, f func(torch.Device) error) error {
	return torch.Do("", func() error {
		device, err := c.Setup()
		if err != nil {
			return err
		}
		return f(device)
	})
}

// times is what steps took, each from the end of the one before.
type times struct {
	ms      []float64
	outside float64 // of it outside of the steps themselves, in all
	work    []Work
}

// timeSteps runs c.Steps steps after the warm-up. A step gives the time that it took without what is around it.
func timeSteps(ctx context.Context, c train.Config, step func(i int) (time.Duration, error)) (t times, err error) {
	var before []fused.WorkTime
	start := time.Now()
	for done := range c.Steps + warmupSteps {
		if done == warmupSteps {
			before = fused.WorkTimes()
		}
		inside, err := step(done)
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return t, err
		}
		now := time.Now()
		if done >= warmupSteps {
			ms := now.Sub(start).Seconds() * 1e3
			t.ms = append(t.ms, ms)
			t.outside += ms - inside.Seconds()*1e3
		}
		start = now
	}
	t.work = workBetween(before, fused.WorkTimes(), c.Steps, torch.NumThreads())
	return t, nil
}

func timeTraining(ctx context.Context, c *train.Config, device torch.Device) (t times, err error) {
	set, err := c.ReadData(ctx, nil)
	if err != nil {
		return t, err
	}
	defer set.Close()
	batches, err := loader.New(set, c.Batch, device)
	if err != nil {
		return t, err
	}
	defer batches.Free()
	trainer, err := train.NewTrainer(*c, device)
	if err != nil {
		return t, err
	}
	defer trainer.Free()
	dir, err := os.MkdirTemp("", "cgan-bench-*")
	if err != nil {
		return t, err
	}
	defer os.RemoveAll(dir)
	log, err := runfolder.OpenLog(atomicfile.System(), dir)
	if err != nil {
		return t, err
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	return timeSteps(ctx, *c, func(done int) (inside time.Duration, err error) {
		i := done % batches.Batches()
		if i == 0 {
			if err := batches.Shuffle(); err != nil {
				return 0, err
			}
		}
		var losses train.Losses
		err = torch.Do("time a step", func() error {
			image, label, err := batches.Batch(i)
			if err != nil {
				return err
			}
			start := time.Now()
			losses = trainer.Step(image, label)
			inside = time.Since(start)
			return nil
		})
		if err != nil {
			return 0, err
		}
		return inside, log.Write(train.Stats{
			Epoch: 1, Step: done, LossD: losses.D, LossG: losses.G, DReal: losses.DReal, DFake: losses.DFake, Time: time.Now(), EpochStep: i,
		})
	})
}

func timeDrawing(ctx context.Context, c *train.Config, device torch.Device) (times, error) {
	torch.ManualSeed(c.Seed)
	c.Channels = max(1, c.Channels)
	g := c.NewGenerator()
	defer g.Free()
	g.To(device)
	g.SetFast(c.Fast())
	g.Eval()
	return timeSteps(ctx, *c, func(int) (inside time.Duration, err error) {
		start := time.Now()
		err = torch.Do("time a drawing", func() error {
			torch.NoGrad(func() {
				batch, classes := int64(c.Batch), int64(c.Classes)
				noise := g.Noise(batch, device)
				label := torch.Randint(classes, []int64{batch}, device)
				images := g.Forward(g.Condition(noise, label, classes))
				images.Reshape(-1).Narrow(0, 0, 1).Item() // CUDA is done when a value is here
			})
			return nil
		})
		return time.Since(start), err
	})
}

func (t times) speed(c train.Config, mode string, device torch.Device, flop float64) Speed {
	var usage unix.Rusage
	_ = unix.Getrusage(unix.RUSAGE_SELF, &usage) // can't fail with these arguments
	total := 0.0
	for _, ms := range t.ms {
		total += ms
	}
	slices.Sort(t.ms)
	median := t.ms[len(t.ms)/2]
	kernels, peak := "", 0.0
	if set := c.KernelSet(); set != nil && device == torch.CPU {
		kernels, peak = set.Name(), set.Peak(c.Precision == models.BF16, torch.NumThreads())
	}
	return Speed{
		Torch: torch.FullVersion(), Kernels: kernels, Threads: torch.NumThreads(), Batch: c.Batch, Mode: mode, Compute: c.Compute,
		StepMsMin: t.ms[0], StepMsMedian: median, StepMsMean: total / float64(len(t.ms)), Work: t.work, ImagesPerS: 1e3 * float64(c.Batch) / median,
		RSSMB: float64(usage.Maxrss) / 1024, GFLOPS: flop * float64(c.Batch) / median / 1e6,
		Matmul: matmulRate(c.Precision.DType(), device), Peak: peak, Overhead: 100 * t.outside / total,
	}
}

// TrySmallSteps trains small networks for some steps on the set in dir, to see whether training works.
func TrySmallSteps(ctx context.Context, dir string) error {
	c := train.Default()
	c.Data, c.Batch, c.NgF, c.NdF, c.Steps = dir, 4, 8, 8, 1
	if err := c.Validate(); err != nil {
		return err
	}
	return run(&c, func(device torch.Device) error {
		_, err := timeTraining(ctx, &c, device)
		return err
	})
}
