package train

import (
	"cgan/models"
	"cgan/train/checkpoint"
)

// InitConfig is Default with what a weights file says: the networks' sizes, and for a checkpoint the batch and
// Adam's settings.
func InitConfig(path, key string) (Config, error) {
	c := Default()
	w, err := models.Open(path, key)
	if err != nil {
		return c, err
	}
	c.Init, c.Key, c.Config = path, key, w.Config
	s, err := checkpoint.SettingsOf(w.File.Root)
	if err != nil {
		return c, w.Fail(err)
	}
	if s.Batch > 0 {
		c.Batch = s.Batch
	}
	if s.Adam {
		c.LR, c.Beta1, c.Beta2 = s.LR, s.Beta1, s.Beta2
	}
	return c, nil
}

// init begins where the file of config.Init stood. On other data or with another batch size the epoch's order
// means nothing, and a new epoch begins.
func (r *run) init(images int) error {
	if r.config.Init != "" {
		w, err := models.Open(r.config.Init, r.config.Key)
		if err != nil {
			return err
		}
		if r.at, err = checkpoint.Load(w.File.Root, w.Generator, w.Discriminator, r.trainer.parts()); err != nil {
			return w.Fail(err)
		}
		if r.at.Batch != r.config.Batch || r.at.Images != images || r.at.EpochRNG == nil {
			r.at.EpochStep = 0
		}
	}
	r.at.Batch, r.at.Images = r.config.Batch, images
	r.saved, r.result.Steps = r.at.Step, r.at.Step
	return nil
}
