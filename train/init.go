package train

import (
	"cmp"
	"fmt"
	"os"

	"cgan/models"
	"cgan/models/arch"
	"cgan/train/checkpoint"
	"cgan/train/dataset"
	"cgan/train/loader"
	"cgan/train/runfolder"
)

// InitConfig is Default with what path says. A run folder gives its config.json: sizes, data, batch, seed, Adam's and
// the compute settings. A weights file gives the networks' sizes, and a checkpoint the batch and Adam's settings. given, which
// may be nil, is what the networks are.
func InitConfig(path, key string, given *arch.File) (Config, error) {
	w, err := models.OpenAs(path, key, given)
	if err != nil {
		return Default(), err
	}
	from := initFromFile
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		from = initFromRun
	}
	c, err := from(path, key, w)
	c.Arch, c.InitArch = w.Config.Arch, given
	return c, err
}

// initFromRun leaves out what is not the training's: how long, with how many threads, where, and on what kernels.
func initFromRun(dir, key string, w *models.Weights) (Config, error) {
	d := Default()
	c := d
	if err := runfolder.ReadConfig(dir, &c); err != nil {
		return d, err
	}
	c.Init, c.Key, c.Out, c.Trace = dir, key, d.Out, d.Trace
	c.TimeLimit, c.StopWhen, c.Patience = d.TimeLimit, d.StopWhen, d.Patience
	c.Epochs, c.Steps, c.Threads, c.Device, c.Kernels = d.Epochs, d.Steps, d.Threads, d.Device, d.Kernels
	if err := c.Validate(); err != nil {
		return d, runfolder.ConfigError(dir, err)
	}
	if err := sameSizes(c.Config, w.Config, w.Discriminator != nil); err != nil {
		return d, runfolder.ConfigError(dir, fmt.Errorf("%w in %s", err, w.File.Path))
	}
	return c, nil
}

// sameSizes compares what a run says with its checkpoint, whose shapes tell nz and classes only together.
func sameSizes(said, found models.Config, discriminator bool) error {
	if said.Arch != nil && found.Arch != nil {
		return nil // where they differ, keys or shapes of their tensors do
	}
	for _, size := range []struct {
		name        string
		said, found int
	}{
		{"ngf", said.NgF, found.NgF}, {"channels", said.Channels, found.Channels}, {"size", said.Size, found.Size},
		{"nz with classes", said.Noise + said.Classes, found.Noise + found.Classes}, {"ndf", said.NdF, found.NdF},
	} {
		if size.said != size.found && (size.name != "ndf" || discriminator) {
			return fmt.Errorf("%s is %d, but %d", size.name, size.said, size.found)
		}
	}
	return nil
}

// sameClasses sees that the data is of the kind that the networks of w know.
func sameClasses(c Config, w models.Config) error {
	for _, d := range []struct {
		what      string
		has, know int
	}{{"classes", c.Classes, w.Classes}, {"channels", c.Channels, w.Channels}, {"pixels a side", c.Size, w.Size}} {
		if d.has != d.know {
			return &models.FieldError{Field: "data", Problem: fmt.Sprintf("has images of %d %s, and the networks of %s are for %d: name the data that they were trained on, or data like it",
				d.has, d.what, cmp.Or(c.Init, c.Resume), d.know)}
		}
	}
	return nil
}

func initFromFile(path, key string, w *models.Weights) (Config, error) {
	c := Default()
	c.Init, c.Key, c.Config = path, key, w.Config
	c.SpectralNorm = models.HasSpectralNorm(w.Discriminator)
	s, err := checkpoint.SettingsOf(w.File.Root)
	if err != nil {
		return c, w.Fail(err)
	}
	if s.Batch > 0 {
		c.Batch = s.Batch
	}
	if s.Adam {
		c.LR, c.LRD, c.Beta1, c.Beta2 = s.LR, s.LRD, s.Beta1, s.Beta2
	}
	return c, nil
}

// init begins where the file of config.Init stood.
func (r *run) init(set *dataset.Set) error {
	images := set.Images.N
	if r.config.Init != "" {
		w, err := models.OpenAs(r.config.Init, r.config.Key, r.config.InitArch)
		if err != nil {
			return err
		}
		for _, notice := range w.File.Notices {
			r.report.Say(notice)
		}
		if err := sameClasses(r.config, w.Config); err != nil {
			return err
		}
		if err := r.config.fits(w); err != nil {
			return err
		}
		if whole(w) {
			if err := r.settleBuckets(); err != nil {
				return err
			}
		}
		if r.at, err = checkpoint.Load(w, r.trainer.parts()); err != nil {
			return w.Fail(err)
		}
		if w.Average != nil && r.config.EMA == 0 {
			r.report.Say(fmt.Sprintf("notice: %s holds %s, an average of the generator's weights, which this run leaves behind: its ema is 0", w.File.Path, w.AverageKey))
		}
		r.goOn(images)
	}
	r.at.Batch, r.at.Images = r.config.Batch, images
	r.saved, r.result.Steps = r.at.Step, r.at.Step
	return nil
}

// whole says whether a file has all that a step changes.
func whole(w *models.Weights) bool {
	for _, part := range []string{"step", "optimizerG", "optimizerD"} {
		if _, ok := w.Get(part); !ok {
			return false
		}
	}
	return w.Discriminator != nil
}

// goOn settles which epochs the earlier run had. On other data or with another batch size the epoch's order means
// nothing, and an epoch that was left half-way begins again.
func (r *run) goOn(images int) {
	if r.at.Epoch == 0 && r.at.Step > 0 { // a file that counts steps alone
		r.at.Epoch, r.at.EpochStep = r.at.Step/r.loader.Batches(), 0
	}
	perEpoch := r.loader.Batches()
	if r.at.Batch > 0 && r.at.Images > 0 {
		perEpoch = loader.BatchesOf(r.at.Images, r.at.Batch, max(1, len(r.at.RankRNG)))
	}
	half := r.at.EpochStep > 0 && r.at.EpochStep < perEpoch
	if same := r.at.Batch == r.config.Batch && r.at.Images == images && r.at.EpochRNG != nil; same && half {
		return
	}
	r.at.EpochStep = 0
	if half {
		r.at.Epoch--
	}
}
