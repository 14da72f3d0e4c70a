package train

import (
	"errors"
	"fmt"

	"cgan/bindings/nn"
	"cgan/bindings/optim"
	"cgan/bindings/torch"
	"cgan/models"
	"cgan/weights"
)

// InitConfig is Default with what a weights file says: the networks' sizes, and for a checkpoint the batch and
// Adam's settings.
func InitConfig(path, key string) (Config, error) {
	c := Default()
	w, err := OpenWeights(path, key)
	if err != nil {
		return c, err
	}
	c.Init, c.Key, c.Config = path, key, w.Config
	if batch, ok := w.number("batch"); ok {
		c.Batch = batch
	}
	if value, ok := w.get("optimizerG"); ok {
		adam, err := parseAdam(value)
		if err != nil {
			return c, w.fail(fmt.Errorf("optimizerG: %w", err))
		}
		if judge, _ := w.get("optimizerD"); judge != nil {
			other, err := parseAdam(judge)
			if err != nil {
				return c, w.fail(fmt.Errorf("optimizerD: %w", err))
			}
			if other.lr != adam.lr || other.beta1 != adam.beta1 || other.beta2 != adam.beta2 {
				return c, w.fail(errors.New("optimizerG and optimizerD have other lr or betas; here both networks train with the same"))
			}
		}
		c.LR, c.Beta1, c.Beta2 = adam.lr, adam.beta1, adam.beta2
	}
	return c, nil
}

func (w *Weights) number(key string) (int, bool) {
	value, _ := w.get(key)
	n, ok := value.(int64)
	return int(n), ok && n >= 0 && n < 1<<40
}

// load gives the trainer what the file holds, and returns where its run stood. It runs inside torch.Do.
func (w *Weights) load(t *Trainer) (p Progress, err error) {
	if err := models.Load(t.generator.StateDict(), w.Generator); err != nil {
		return p, w.fail(err)
	}
	if w.Discriminator == nil {
		return p, nil
	}
	if err := models.Load(t.discriminator.StateDict(), w.Discriminator); err != nil {
		return p, w.fail(fmt.Errorf("discriminator: %w", err))
	}
	for _, part := range []struct {
		name string
		adam *optim.Adam
		net  []nn.Named
	}{{"optimizerG", t.optimizerG, t.generator.NamedParameters()}, {"optimizerD", t.optimizerD, t.discriminator.NamedParameters()}} {
		if value, ok := w.get(part.name); ok {
			if err := loadAdam(part.adam, value, part.net); err != nil {
				return p, w.fail(fmt.Errorf("%s: %w", part.name, err))
			}
		}
	}
	p, err = w.progress()
	if err != nil {
		return p, w.fail(err)
	}
	return p, nil
}

// progress reads where the run stood and puts the random numbers back there.
func (w *Weights) progress() (p Progress, err error) {
	for name, to := range map[string]*int{
		"step": &p.Step, "epoch": &p.Epoch, "epoch_step": &p.EpochStep, "batch": &p.Batch, "images": &p.Images,
	} {
		*to, _ = w.number(name)
	}
	if p.EpochRNG, err = w.bytes("epoch_rng_state"); err != nil {
		return p, err
	}
	state, err := w.bytes("rng_state")
	if err != nil || state == nil {
		return p, err
	}
	return p, torch.Do("rng_state", func() error {
		torch.SetRNGState(torch.FromBytes(state, []int64{int64(len(state))}, torch.Uint8))
		return nil
	})
}

// bytes is a random number state; nil where the file has none.
func (w *Weights) bytes(key string) ([]byte, error) {
	value, ok := w.get(key)
	if !ok {
		return nil, nil
	}
	t, ok := value.(*weights.Tensor)
	if !ok || t.DType != weights.U8 || len(t.Shape) != 1 {
		return nil, errors.New(key + " is not a tensor of bytes, as torch.get_rng_state() gives it")
	}
	return t.Data, nil
}
