package train

import (
	"context"
	"fmt"
	"slices"
	"time"

	"cgan/bindings/torch"

	"golang.org/x/sys/unix"
)

// Speed is what `train.py bench` prints too.
type Speed struct {
	Torch        string  `json:"torch"`
	Threads      int     `json:"threads"`
	Batch        int     `json:"batch"`
	StepMsMin    float64 `json:"step_ms_min"`
	StepMsMedian float64 `json:"step_ms_median"`
	ImagesPerS   float64 `json:"images_per_s"` // at the median
	RSSMB        float64 `json:"rss_mb"`       // peak resident memory, MB of 2^20 bytes
}

const warmupSteps = 5

// Bench times c.Steps training steps behind a few of warm-up, data included, without progress and files.
func Bench(ctx context.Context, c Config) (s Speed, err error) {
	if err := c.Validate(); err != nil {
		return s, err
	}
	if c.Steps < 1 {
		return s, fmt.Errorf("%d steps: at least 1 is needed for a time", c.Steps)
	}
	err = torch.Do("", func() error { // one scope around all steps keeps them on one OS thread
		device, err := c.settle()
		if err != nil {
			return err
		}
		set, err := c.readSet(ctx, nil)
		if err != nil {
			return err
		}
		times, err := timeSteps(ctx, c, set, device)
		if err == nil {
			s = speed(c, times)
		}
		return err
	})
	return s, err
}

// timeSteps gives the milliseconds of each step, each from the end of the one before.
func timeSteps(ctx context.Context, c Config, set *Set, device torch.Device) ([]float64, error) {
	loader, err := NewLoader(set, c.Batch, device)
	if err != nil {
		return nil, err
	}
	defer loader.Free()
	trainer, err := NewTrainer(c, device)
	if err != nil {
		return nil, err
	}
	defer trainer.Free()
	var times []float64
	start := time.Now()
	for done := 0; done < c.Steps+warmupSteps; done++ {
		i := done % loader.Batches()
		if i == 0 {
			if err := loader.Shuffle(); err != nil {
				return nil, err
			}
		}
		err := torch.Do("time a step", func() error {
			trainer.Step(loader.Batch(i))
			return ctx.Err()
		})
		if err != nil {
			return nil, err
		}
		now := time.Now()
		times = append(times, float64(now.Sub(start).Microseconds())/1e3)
		start = now
	}
	return times[warmupSteps:], nil
}

func speed(c Config, times []float64) Speed {
	slices.Sort(times)
	median := times[len(times)/2]
	var usage unix.Rusage
	_ = unix.Getrusage(unix.RUSAGE_SELF, &usage) // can't fail with these arguments
	return Speed{
		Torch: torch.FullVersion(), Threads: c.Threads, Batch: c.Batch,
		StepMsMin: times[0], StepMsMedian: median, ImagesPerS: 1e3 * float64(c.Batch) / median,
		RSSMB: float64(usage.Maxrss) / 1024,
	}
}

// TrySmallSteps trains small networks for some steps on the set in dir, to see whether training works.
func TrySmallSteps(ctx context.Context, dir string) error {
	c := Default()
	c.Data, c.Batch, c.NgF, c.NdF, c.Steps = dir, 4, 8, 8, 1
	_, err := Bench(ctx, c)
	return err
}
