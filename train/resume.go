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
	w, err := models.Open(path, key)
	if err != nil {
		return c, err
	}
	c.Init, c.Key, c.Config = path, key, w.Config
	if batch, ok := number(w, "batch"); ok {
		c.Batch = batch
	}
	if value, ok := w.Get("optimizerG"); ok {
		adam, err := parseAdam(value)
		if err != nil {
			return c, w.Fail(fmt.Errorf("optimizerG: %w", err))
		}
		if judge, _ := w.Get("optimizerD"); judge != nil {
			other, err := parseAdam(judge)
			if err != nil {
				return c, w.Fail(fmt.Errorf("optimizerD: %w", err))
			}
			if other.lr != adam.lr || other.beta1 != adam.beta1 || other.beta2 != adam.beta2 {
				return c, w.Fail(errors.New("optimizerG and optimizerD have other lr or betas; here both networks train with the same"))
			}
		}
		c.LR, c.Beta1, c.Beta2 = adam.lr, adam.beta1, adam.beta2
	}
	return c, nil
}

func number(w *models.Weights, key string) (int, bool) {
	value, _ := w.Get(key)
	n, ok := value.(int64)
	return int(n), ok && n >= 0 && n < 1<<40
}

// loadWeights gives the trainer what the file holds, and returns where its run stood. It runs inside torch.Do.
func loadWeights(w *models.Weights, t *Trainer) (p Progress, err error) {
	if err := models.Load(t.generator.StateDict(), w.Generator); err != nil {
		return p, w.Fail(err)
	}
	if w.Discriminator == nil {
		return p, nil
	}
	if err := models.Load(t.discriminator.StateDict(), w.Discriminator); err != nil {
		return p, w.Fail(fmt.Errorf("discriminator: %w", err))
	}
	for _, part := range []struct {
		name string
		adam *optim.Adam
		net  []nn.Named
	}{{"optimizerG", t.optimizerG, t.generator.NamedParameters()}, {"optimizerD", t.optimizerD, t.discriminator.NamedParameters()}} {
		if value, ok := w.Get(part.name); ok {
			if err := loadAdam(part.adam, value, part.net); err != nil {
				return p, w.Fail(fmt.Errorf("%s: %w", part.name, err))
			}
		}
	}
	p, err = progress(w)
	if err != nil {
		return p, w.Fail(err)
	}
	return p, nil
}

// progress reads where the run stood and puts the random numbers back there.
func progress(w *models.Weights) (p Progress, err error) {
	for name, to := range map[string]*int{
		"step": &p.Step, "epoch": &p.Epoch, "epoch_step": &p.EpochStep, "batch": &p.Batch, "images": &p.Images,
	} {
		*to, _ = number(w, name)
	}
	if p.EpochRNG, err = byteState(w, "epoch_rng_state"); err != nil {
		return p, err
	}
	state, err := byteState(w, "rng_state")
	if err != nil || state == nil {
		return p, err
	}
	return p, torch.Do("rng_state", func() error {
		torch.SetRNGState(torch.FromBytes(state, []int64{int64(len(state))}, torch.Uint8))
		return nil
	})
}

// byteState is a random number state; nil where the file has none.
func byteState(w *models.Weights, key string) ([]byte, error) {
	value, ok := w.Get(key)
	if !ok {
		return nil, nil
	}
	t, ok := value.(*weights.Tensor)
	if !ok || t.DType != weights.U8 || len(t.Shape) != 1 {
		return nil, errors.New(key + " is not a tensor of bytes, as torch.get_rng_state() gives it")
	}
	return t.Data, nil
}
