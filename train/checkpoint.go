package train

import (
	"fmt"
	"io"
	"path/filepath"

	"cgan/bindings/optim"
	"cgan/bindings/torch"
	"cgan/models"
	"cgan/weights"
)

// Progress is where a run stands. A checkpoint holds it, so that another run goes on from there.
type Progress struct {
	Step      int    // over all epochs
	Epoch     int    // from 1
	EpochStep int    // in this epoch
	EpochRNG  []byte // torch.RNGState when the epoch began: it gives the epoch's order again
	Batch     int    // images per step
	Images    int    // in the data set
}

// Save writes networks, optimizers and progress to dir/checkpoint-STEP.pt and returns its path. The file is
// laid out as checkpoint in train.py does it, so torch.load reads it and a Python run can go on from it.
func (t *Trainer) Save(dir string, p Progress) (string, error) {
	value, err := t.checkpoint(p)
	if err != nil {
		return "", fmt.Errorf("make the checkpoint of step %d: %w", p.Step, err)
	}
	path := filepath.Join(dir, fmt.Sprintf("checkpoint-%06d.pt", p.Step))
	write := func(w io.Writer) error { return weights.WritePT(w, filepath.Base(path), value) }
	return path, weights.WriteFile(path, false, write)
}

func (t *Trainer) checkpoint(p Progress) (*weights.Dict, error) {
	d := &weights.Dict{}
	for _, part := range []struct {
		name string
		get  func() (weights.Value, error)
	}{
		{"generator", func() (weights.Value, error) { return models.StateDict(t.generator.StateDict()) }},
		{"discriminator", func() (weights.Value, error) { return models.StateDict(t.discriminator.StateDict()) }},
		{"optimizerG", func() (weights.Value, error) { return adamState(t.optimizerG) }},
		{"optimizerD", func() (weights.Value, error) { return adamState(t.optimizerD) }},
		{"rng_state", rngState},
	} {
		value, err := part.get()
		if err != nil {
			return nil, err
		}
		d.Set(part.name, value)
	}
	d.Set("epoch_rng_state", byteTensor(p.EpochRNG))
	d.Set("step", int64(p.Step))
	d.Set("epoch", int64(p.Epoch))
	d.Set("epoch_step", int64(p.EpochStep))
	d.Set("batch", int64(p.Batch))
	d.Set("images", int64(p.Images))
	return d, nil
}

// rngState is what torch.get_rng_state() gives in Python.
func rngState() (state weights.Value, err error) {
	err = torch.Do("read the random numbers' state", func() error {
		state = byteTensor(torch.RNGState().Bytes())
		return nil
	})
	return state, err
}

func byteTensor(bytes []byte) weights.Tensor {
	return weights.Tensor{DType: weights.U8, Shape: []int64{int64(len(bytes))}, Data: bytes}
}

// adamState is what torch.optim.Adam's state_dict() gives, in the keys that all supported versions know.
func adamState(a *optim.Adam) (weights.Value, error) {
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
