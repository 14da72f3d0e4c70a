package train

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"

	"cgan/bindings/torch"
	"cgan/models"
	"cgan/weights"
)

// readSet reads the images to train on. Where no folder is named it takes MNIST and notes its folder.
func (c *Config) readSet(ctx context.Context, say func(string)) (set *Set, err error) {
	if c.Data == "" {
		if c.Data, err = MNIST(ctx, say); err != nil {
			return nil, err
		}
	}
	return ReadSet(c.Data, "train", c.Classes)
}

// settle finds the device and notes it and the threads. It runs inside torch.Do.
func (c *Config) settle() (torch.Device, error) {
	device, err := torch.ParseDevice(c.Device)
	c.Threads = torch.NumThreads()
	c.Device = device.String()
	return device, err
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
	if err := r.init(set.Images.N); err != nil {
		return err
	}
	r.last = r.config.Epochs * r.loader.Batches()
	if r.config.Steps > 0 {
		r.last = r.config.Steps
	}
	if r.at.Step >= r.last {
		return fmt.Errorf("%s has had %d steps, and this run is to end after %d: ask for more by --epochs or --steps",
			r.config.Init, r.at.Step, r.last)
	}
	return r.openFolder(set.Images.N)
}

// init begins where the file of config.Init stood. On other data or with another batch size the epoch's order
// means nothing, and a new epoch begins.
func (r *run) init(images int) error {
	if r.config.Init != "" {
		w, err := models.Open(r.config.Init, r.config.Key)
		if err != nil {
			return err
		}
		if r.at, err = loadWeights(w, r.trainer); err != nil {
			return err
		}
		if r.at.Batch != r.config.Batch || r.at.Images != images || r.at.EpochRNG == nil {
			r.at.EpochStep = 0
		}
	}
	r.at.Batch, r.at.Images = r.config.Batch, images
	r.saved, r.result.Steps = r.at.Step, r.at.Step
	return nil
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
