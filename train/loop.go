package train

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"time"

	"cgan/bindings/torch"
	"cgan/weights"
)

// Run trains as c says, in a new run folder with config.json, stats.jsonl, and for each epoch a sample
// grid and a checkpoint. When ctx ends it finishes the step, saves, and returns an interrupted Result.
func Run(ctx context.Context, c Config, report Reporter) (result Result, err error) {
	if err := c.Validate(); err != nil {
		return result, err
	}
	r := &run{config: c, report: report, name: "mnist"}
	if c.Data != "" {
		r.name = filepath.Base(filepath.Clean(c.Data))
	}
	err = torch.Do("", func() error { // one scope around the run keeps it on one OS thread
		err := r.open(ctx)
		if err == nil {
			err = r.loop(ctx)
		}
		return errors.Join(err, r.close())
	})
	return r.result, err
}

// readSet reads the images to train on. Where no folder is named it takes MNIST and notes its folder.
func (c *Config) readSet(ctx context.Context, say func(string)) (set *Set, err error) {
	if c.Data == "" {
		if c.Data, err = MNIST(ctx, say); err != nil {
			return nil, err
		}
	}
	return ReadSet(c.Data, "train", c.Classes)
}

// settle prepares libtorch as c says, notes what it chose, and gives the device. It runs inside torch.Do.
func (c *Config) settle() (torch.Device, error) {
	torch.KeepPages()
	if c.Threads > 0 {
		torch.SetNumThreads(c.Threads)
	}
	c.Threads = torch.NumThreads()
	device, err := torch.ParseDevice(c.Device)
	c.Device = device.String()
	return device, err
}

// run is one training run under way.
type run struct {
	config  Config
	name    string // of the data set
	report  Reporter
	loader  *Loader
	trainer *Trainer
	stats   *StatsLog
	trace   *Trace
	result  Result
	pace    pace
	last    int // the step to end after
	saved   int // the step of the last checkpoint
}

// open makes everything that the run needs, its folder last.
func (r *run) open(ctx context.Context) error {
	device, err := r.config.settle()
	if err != nil {
		return err
	}
	set, err := r.config.readSet(ctx, r.report.Say)
	if err != nil {
		return err
	}
	r.trace = newTrace(r.config)
	if r.loader, err = NewLoader(set, r.config.Batch, device); err != nil {
		return err
	}
	if r.trainer, err = NewTrainer(r.config, device); err != nil {
		return err
	}
	r.last = r.config.Epochs * r.loader.Batches()
	if r.config.Steps > 0 {
		r.last = r.config.Steps
	}
	return r.openFolder(set.Images.N)
}

// openFolder makes the run folder and tells the reporter what is settled.
func (r *run) openFolder(images int) (err error) {
	if r.result.Dir, err = NewRunFolder(r.config.Out, r.name); err != nil {
		return err
	}
	if err = r.saveConfig(); err != nil {
		return err
	}
	if r.stats, err = OpenStats(r.result.Dir); err != nil {
		return err
	}
	perEpoch := r.loader.Batches()
	r.report.Begin(Begin{
		Dir: r.result.Dir, Device: r.config.Device, Threads: r.config.Threads, Images: images,
		StepsPerEpoch: perEpoch, Epochs: (r.last + perEpoch - 1) / perEpoch, Steps: r.last,
	})
	return nil
}

func (r *run) saveConfig() error {
	saved := struct {
		Config
		Libtorch string `json:"libtorch"`
	}{r.config, torch.FullVersion()}
	text, err := json.MarshalIndent(saved, "", "  ")
	if err != nil {
		return err
	}
	return weights.WriteFile(filepath.Join(r.result.Dir, "config.json"), false, func(w io.Writer) error {
		_, err := w.Write(append(text, '\n'))
		return err
	})
}

func (r *run) loop(ctx context.Context) error {
	for epoch := 1; r.result.Steps < r.last && !r.result.Interrupted; epoch++ {
		if err := r.epoch(ctx, epoch); err != nil {
			return err
		}
		if err := r.save(epoch); err != nil {
			return err
		}
	}
	if r.config.Trace != "" {
		if err := r.trace.save(r.config.Trace, r.trainer); err != nil {
			return err
		}
	}
	return nil
}

// epoch trains to the end of the data, the last step, or the end of ctx.
func (r *run) epoch(ctx context.Context, epoch int) error {
	if err := r.loader.Shuffle(); err != nil {
		return err
	}
	for i := 0; i < r.loader.Batches() && r.result.Steps < r.last; i++ {
		if ctx.Err() != nil {
			r.result.Interrupted = true
			return nil
		}
		if err := r.step(epoch, i); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) step(epoch, i int) error {
	var losses Losses
	var images int
	number := r.result.Steps + 1
	err := torch.Do(fmt.Sprintf("train step %d", number), func() error {
		image, label := r.loader.Batch(i)
		images = int(image.Size(0))
		losses = r.trainer.Step(image, label)
		return nil
	})
	if err != nil {
		return err
	}
	if math.IsNaN(losses.D + losses.G) {
		return fmt.Errorf("train step %d: a loss is not a number, training has diverged: try a smaller --lr than %v", number, r.config.LR)
	}
	r.result.Steps = number
	r.trace.add(losses)
	now := time.Now()
	stats := Stats{epoch, number, losses.D, losses.G, losses.DReal, losses.DFake, r.pace.add(now, images), now, i + 1}
	r.report.Step(stats)
	return r.stats.Write(stats)
}

// save writes the epoch's sample grid and checkpoint, unless no step came since the last ones.
func (r *run) save(epoch int) error {
	if r.saved == r.result.Steps {
		return nil
	}
	grid, err := r.trainer.SaveSamples(r.result.Dir, r.result.Steps)
	if err != nil {
		return err
	}
	r.result.Checkpoint, err = r.trainer.Save(r.result.Dir, epoch, r.result.Steps)
	if err != nil {
		return err
	}
	r.saved = r.result.Steps
	r.report.Saved(grid, r.result.Checkpoint)
	return nil
}

// close puts the statistics on the disk and ends what open made, as far as it came.
func (r *run) close() (err error) {
	if r.stats != nil {
		err = r.stats.Close()
	}
	if r.trainer != nil {
		r.trainer.Free()
	}
	if r.loader != nil {
		r.loader.Free()
	}
	return err
}
