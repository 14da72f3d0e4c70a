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

// start is what a weights file gives a run to begin with: a whole checkpoint, or a generator alone.
type start struct {
	path                     string
	generator, discriminator weights.StateDict // the second nil where there is none
	root                     *weights.Dict     // nil for a bare state dict
}

func openStart(path string) (*start, error) {
	path, err := weightsFile(path)
	if err != nil {
		return nil, err
	}
	file, err := weights.Open(path)
	if err != nil {
		return nil, err
	}
	s := &start{path: path}
	s.root, _ = file.Root.(*weights.Dict)
	if s.generator, err = weights.FindStateDict(file.Root, ""); err != nil {
		return nil, s.fail(err)
	}
	if _, ok := s.get("discriminator"); ok {
		if s.discriminator, err = weights.FindStateDict(file.Root, "discriminator"); err != nil {
			return nil, s.fail(err)
		}
	}
	return s, nil
}

func (s *start) fail(err error) error { return &weights.FormatError{File: s.path, Reason: err.Error()} }

func (s *start) get(key string) (weights.Value, bool) {
	if s.root == nil {
		return nil, false
	}
	return s.root.Get(key)
}

// InitConfig is Default with what a weights file says: the networks' sizes, and for a checkpoint the batch and
// Adam's settings.
func InitConfig(path string) (Config, error) {
	c := Default()
	s, err := openStart(path)
	if err != nil {
		return c, err
	}
	c.Init = path
	if c.Config, err = models.ConfigOf(s.generator, s.discriminator); err != nil {
		return c, s.fail(err)
	}
	if batch, ok := s.number("batch"); ok {
		c.Batch = batch
	}
	if value, ok := s.get("optimizerG"); ok {
		adam, err := parseAdam(value)
		if err != nil {
			return c, s.fail(fmt.Errorf("optimizerG: %w", err))
		}
		c.LR, c.Beta1, c.Beta2 = adam.lr, adam.beta1, adam.beta2
	}
	return c, nil
}

func (s *start) number(key string) (int, bool) {
	value, _ := s.get(key)
	n, ok := value.(int64)
	return int(n), ok && n >= 0 && n < 1<<40
}

// load gives the trainer what the file holds, and returns where its run stood. It runs inside torch.Do.
func (s *start) load(t *Trainer) (p Progress, err error) {
	if err := models.Load(t.generator.StateDict(), s.generator); err != nil {
		return p, s.fail(err)
	}
	if s.discriminator == nil {
		return p, nil
	}
	if err := models.Load(t.discriminator.StateDict(), s.discriminator); err != nil {
		return p, s.fail(fmt.Errorf("discriminator: %w", err))
	}
	for _, part := range []struct {
		name string
		adam *optim.Adam
		net  []nn.Named
	}{{"optimizerG", t.optimizerG, t.generator.NamedParameters()}, {"optimizerD", t.optimizerD, t.discriminator.NamedParameters()}} {
		if value, ok := s.get(part.name); ok {
			if err := loadAdam(part.adam, value, part.net); err != nil {
				return p, s.fail(fmt.Errorf("%s: %w", part.name, err))
			}
		}
	}
	p, err = s.progress()
	if err != nil {
		return p, s.fail(err)
	}
	return p, nil
}

// progress reads where the run stood and puts the random numbers back there.
func (s *start) progress() (p Progress, err error) {
	for name, to := range map[string]*int{
		"step": &p.Step, "epoch": &p.Epoch, "epoch_step": &p.EpochStep, "batch": &p.Batch, "images": &p.Images,
	} {
		*to, _ = s.number(name)
	}
	if p.EpochRNG, err = s.bytes("epoch_rng_state"); err != nil {
		return p, err
	}
	state, err := s.bytes("rng_state")
	if err != nil || state == nil {
		return p, err
	}
	return p, torch.Do("rng_state", func() error {
		torch.SetRNGState(torch.FromBytes(state, []int64{int64(len(state))}, torch.Uint8))
		return nil
	})
}

// bytes is a random number state; nil where the file has none.
func (s *start) bytes(key string) ([]byte, error) {
	value, ok := s.get(key)
	if !ok {
		return nil, nil
	}
	t, ok := value.(*weights.Tensor)
	if !ok || t.DType != weights.U8 || len(t.Shape) != 1 {
		return nil, errors.New(key + " is not a tensor of bytes, as torch.get_rng_state() gives it")
	}
	return t.Data, nil
}
