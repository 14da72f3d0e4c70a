package checkpoint

import (
	"errors"
	"fmt"
	"slices"

	"cgan/bindings/nn"
	"cgan/bindings/optim"
	"cgan/bindings/torch"
	"cgan/models"
	"cgan/weights"
)

// Settings is what a checkpoint says of how its run trained.
type Settings struct {
	Batch            int  // 0 where it does not say
	Adam             bool // whether it holds Adam's state, and with it these
	LR, Beta1, Beta2 float64
	LRD              float64 // of optimizerD where it is another than LR, else 0
}

// SettingsOf reads the settings off a file. Both optimizers must have the same betas.
func SettingsOf(root weights.Value) (s Settings, err error) {
	s.Batch, _ = number(root, "batch")
	value, ok := get(root, "optimizerG")
	if !ok {
		return s, nil
	}
	adam, err := parseAdam(value)
	if err != nil {
		return s, fmt.Errorf("optimizerG: %w", err)
	}
	if judge, _ := get(root, "optimizerD"); judge != nil {
		other, err := parseAdam(judge)
		if err != nil {
			return s, fmt.Errorf("optimizerD: %w", err)
		}
		if other.lr != adam.lr {
			s.LRD = other.lr
		}
		if other.beta1 != adam.beta1 || other.beta2 != adam.beta2 {
			return s, errors.New("optimizerG and optimizerD have other betas; here both networks train with the same")
		}
	}
	s.Adam, s.LR, s.Beta1, s.Beta2 = true, adam.lr, adam.beta1, adam.beta2
	return s, nil
}

// Load gives parts what a file holds, and returns where its run stood. Without a discriminator the file is no checkpoint,
// and only the generator is taken. An average that the file lacks begins as the generator. It runs inside torch.Do.
func Load(w *models.Weights, parts Parts) (p Progress, err error) {
	root := w.File.Root
	if err := models.Load(parts.Generator.StateDict(), w.Generator); err != nil {
		return p, err
	}
	if parts.Average != nil {
		average := w.Generator
		if w.Average != nil {
			average = w.Average
		}
		if err := models.Load(parts.Average.StateDict(), average); err != nil {
			return p, fmt.Errorf("%s: %w", w.AverageKey, err)
		}
	}
	if w.Discriminator == nil {
		return p, nil
	}
	if err := models.Load(parts.Discriminator.StateDict(), w.Discriminator); err != nil {
		return p, fmt.Errorf("discriminator: %w", err)
	}
	for _, part := range []struct {
		name string
		adam *optim.Adam
		net  []nn.Named
	}{
		{"optimizerG", parts.OptimizerG, parts.Generator.NamedParameters()},
		{"optimizerD", parts.OptimizerD, parts.Discriminator.NamedParameters()},
	} {
		if value, ok := get(root, part.name); ok {
			if err := loadAdam(part.adam, value, part.net); err != nil {
				return p, fmt.Errorf("%s: %w", part.name, err)
			}
		}
	}
	return progress(root, parts.device())
}

// progress reads where the run stood and puts the random numbers back there.
func progress(root weights.Value, device torch.Device) (p Progress, err error) {
	for name, to := range map[string]*int{
		"step": &p.Step, "epoch": &p.Epoch, "epoch_step": &p.EpochStep, "batch": &p.Batch, "images": &p.Images,
	} {
		*to, _ = number(root, name)
	}
	if p.EpochRNG, err = stateBytes(root, "epoch_rng_state"); err != nil {
		return p, err
	}
	if p.RankRNG, err = rankStates(root); err != nil {
		return p, err
	}
	if err := setRNG(root, "rng_state", torch.CPU); err != nil || device == torch.CPU {
		return p, err
	}
	return p, setRNG(root, cudaRNG, device)
}

// rankStates are the random numbers of each process; none where the file is of one.
func rankStates(root weights.Value) ([][]byte, error) {
	value, ok := get(root, rankRNG)
	if !ok {
		return nil, nil
	}
	t, ok := value.(*weights.Tensor)
	if !ok || t.DType != weights.U8 || len(t.Shape) != 2 || t.Shape[0] < 1 || t.Shape[1] < 1 {
		return nil, errors.New(rankRNG + " is not a tensor of bytes with a row for each process")
	}
	return slices.Collect(slices.Chunk(t.Data, int(t.Shape[1]))), nil
}

// setRNG puts a device's random numbers where the file says; without the key they stay.
func setRNG(root weights.Value, key string, device torch.Device) error {
	state, err := stateBytes(root, key)
	if err != nil || state == nil {
		return err
	}
	return torch.Do(key, func() error {
		torch.SetRNGState(torch.FromBytes(state, []int64{int64(len(state))}, torch.Uint8), device)
		return nil
	})
}

// get gives what the file's outermost dict holds under key.
func get(root weights.Value, key string) (weights.Value, bool) {
	if d, ok := root.(*weights.Dict); ok {
		return d.Get(key)
	}
	return nil, false
}

func number(root weights.Value, key string) (int, bool) {
	value, _ := get(root, key)
	n, ok := value.(int64)
	if !ok || n < 0 || n >= 1<<40 {
		return 0, false
	}
	return int(n), true
}

// stateBytes is a random number state; nil where the file has none.
func stateBytes(root weights.Value, key string) ([]byte, error) {
	value, ok := get(root, key)
	if !ok {
		return nil, nil
	}
	t, ok := value.(*weights.Tensor)
	if !ok || t.DType != weights.U8 || len(t.Shape) != 1 {
		return nil, errors.New(key + " is not a tensor of bytes, as torch.get_rng_state() gives it")
	}
	return t.Data, nil
}
