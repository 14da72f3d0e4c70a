package train

import (
	"fmt"
	"io"
	"path/filepath"

	"cgan/bindings/nn"
	"cgan/bindings/optim"
	"cgan/bindings/torch"
	"cgan/models"
	"cgan/weights"
)

// Save writes networks, optimizers and progress to dir/checkpoint-STEP.pt and returns its path. The file is
// laid out as checkpoint in train.py does it, so torch.load reads it and a Python run can continue from it.
func (t *Trainer) Save(dir string, epoch, step int) (string, error) {
	value, err := t.checkpoint(epoch, step)
	if err != nil {
		return "", fmt.Errorf("make the checkpoint of step %d: %w", step, err)
	}
	path := filepath.Join(dir, fmt.Sprintf("checkpoint-%06d.pt", step))
	write := func(w io.Writer) error { return weights.WritePT(w, filepath.Base(path), value) }
	return path, weights.WriteFile(path, false, write)
}

func (t *Trainer) checkpoint(epoch, step int) (*weights.Dict, error) {
	d := &weights.Dict{}
	for _, net := range []struct {
		name  string
		named []nn.Named
	}{{"generator", t.generator.StateDict()}, {"discriminator", t.discriminator.StateDict()}} {
		state, err := models.StateDict(net.named)
		if err != nil {
			return nil, err
		}
		d.Set(net.name, state)
	}
	for _, opt := range []struct {
		name string
		adam *optim.Adam
	}{{"optimizerG", t.optimizerG}, {"optimizerD", t.optimizerD}} {
		state, err := adamState(opt.adam)
		if err != nil {
			return nil, err
		}
		d.Set(opt.name, state)
	}
	d.Set("step", int64(step))
	d.Set("epoch", int64(epoch))
	return d, nil
}

// adamState is what torch.optim.Adam's state_dict() gives, in the keys that all supported versions know.
func adamState(a *optim.Adam) (*weights.Dict, error) {
	state, numbers := &weights.Dict{}, weights.List{}
	err := torch.Do("read the optimizer", func() error {
		for i, s := range a.States() {
			numbers = append(numbers, int64(i))
			if s.ExpAvg == nil {
				continue
			}
			entry, err := parameterState(s)
			if err != nil {
				return err
			}
			state.SetInt(int64(i), entry)
		}
		return nil
	})
	group := &weights.Dict{}
	group.Set("lr", a.LR)
	group.Set("betas", weights.Tuple{a.Beta1, a.Beta2})
	group.Set("eps", a.Eps)
	group.Set("weight_decay", int64(0))
	for _, off := range []string{"amsgrad", "maximize"} {
		group.Set(off, false)
	}
	group.Set("foreach", nil)
	for _, off := range []string{"capturable", "differentiable"} {
		group.Set(off, false)
	}
	group.Set("fused", nil)
	group.Set("params", numbers)
	d := &weights.Dict{}
	d.Set("state", state)
	d.Set("param_groups", weights.List{group})
	return d, err
}

func parameterState(s optim.State) (*weights.Dict, error) {
	entry := &weights.Dict{}
	for _, part := range []struct {
		name   string
		tensor *torch.Tensor
	}{
		{"step", torch.ScalarTensor(float64(s.Step), torch.Float32, torch.CPU)},
		{"exp_avg", s.ExpAvg}, {"exp_avg_sq", s.ExpAvgSq},
	} {
		t, err := models.FileTensor(part.tensor)
		if err != nil {
			return nil, err
		}
		entry.Set(part.name, t)
	}
	return entry, nil
}
