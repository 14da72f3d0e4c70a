// Package checkpoint keeps a trainer's state in a .pt file, and gives it back: networks, optimizers, random numbers
// and progress. The file is laid out as checkpoint in train.py does it, so torch.load reads it and a run of Go or
// Python can go on from it.
package checkpoint

import (
	"fmt"
	"io"
	"path/filepath"
	"slices"

	"cgan/bindings/nn"
	"cgan/bindings/optim"
	"cgan/bindings/torch"
	"cgan/models"
	"cgan/models/arch"
	"cgan/weights"
	"cgan/weights/atomicfile"
	"cgan/weights/pt"
)

// Progress is where a run stands. A checkpoint holds it, so that another run goes on from there.
type Progress struct {
	Step      int      // over all epochs
	Epoch     int      // from 1
	EpochStep int      // in this epoch
	EpochRNG  []byte   // torch.RNGState when the epoch began: it gives the epoch's order again
	Batch     int      // images per step
	Images    int      // in the data set
	RankRNG   [][]byte // torch.RNGState of each process that trains, where there are several; else nil
	Classes   models.Classes
	Arch      *arch.File // the networks in the article's place; nil for the article's. Load leaves it out
}

// Network is what a checkpoint needs of the generator or the discriminator: its tensors, by PyTorch's names.
type Network interface {
	NamedParameters() []nn.Named
	StateDict() []nn.Named
}

// Parts are the parts of a trainer that a checkpoint holds.
type Parts struct {
	Generator, Discriminator Network
	Average                  Network     // of the generator's weights; nil where none is kept
	OptimizerG, OptimizerD   *optim.Adam // over all parameters of the one and of the other
}

// Save writes parts and progress to path, in place of a file of that name, whole or not at all.
func Save(disk atomicfile.Disk, path string, parts Parts, p Progress) error {
	value, err := checkpoint(parts, p)
	if err != nil {
		return fmt.Errorf("make the checkpoint of step %d: %w", p.Step, err)
	}
	var metadata map[string]string
	if p.Arch != nil {
		metadata = map[string]string{models.ArchText: string(arch.Write(p.Arch))}
	}
	return disk.Write(path, true, func(w io.Writer) error { return pt.Write(w, filepath.Base(path), value, metadata) })
}

func checkpoint(parts Parts, p Progress) (*weights.Dict, error) {
	d := &weights.Dict{}
	for _, part := range []struct {
		name string
		get  func() (weights.Value, error)
	}{
		{"generator", func() (weights.Value, error) { return models.StateDict(parts.Generator.StateDict()) }},
		{"discriminator", func() (weights.Value, error) { return models.StateDict(parts.Discriminator.StateDict()) }},
		{"optimizerG", func() (weights.Value, error) { return adamState(parts.OptimizerG) }},
		{"optimizerD", func() (weights.Value, error) { return adamState(parts.OptimizerD) }},
		{"rng_state", func() (weights.Value, error) { return rngState(torch.CPU) }},
	} {
		value, err := part.get()
		if err != nil {
			return nil, err
		}
		d.Set(part.name, value)
	}
	if parts.Average != nil {
		state, err := models.StateDict(parts.Average.StateDict())
		if err != nil {
			return nil, err
		}
		d.Set("generator_ema", state)
	}
	if device := parts.device(); device != torch.CPU {
		state, err := rngState(device)
		if err != nil {
			return nil, err
		}
		d.Set(cudaRNG, state)
	}
	d.Set("epoch_rng_state", byteTensor(p.EpochRNG))
	if n := len(p.RankRNG); n > 0 {
		states := slices.Concat(p.RankRNG...)
		d.Set(rankRNG, weights.Tensor{DType: weights.U8, Shape: []int64{int64(n), int64(len(states) / n)}, Data: states})
	}
	d.Set("step", int64(p.Step))
	d.Set("epoch", int64(p.Epoch))
	d.Set("epoch_step", int64(p.EpochStep))
	d.Set("batch", int64(p.Batch))
	d.Set("images", int64(p.Images))
	d.Set(models.ClassNames, p.Classes.List())
	return d, nil
}

// rankRNG is the key of every process's random numbers, a row for each, in the file of a run of several.
const rankRNG = "rank_rng_states"

// cudaRNG is the key of CUDA's random numbers, in the file of a run on CUDA.
const cudaRNG = "cuda_rng_state"

// device is where the parts are.
func (p Parts) device() torch.Device { return p.Generator.NamedParameters()[0].Tensor.Device() }

// rngState is what torch.get_rng_state() gives in Python, and torch.cuda.get_rng_state() for CUDA.
func rngState(device torch.Device) (state weights.Value, err error) {
	err = torch.Do("read the random numbers' state", func() error {
		state = byteTensor(torch.RNGState(device).Bytes())
		return nil
	})
	return state, err
}

func byteTensor(bytes []byte) weights.Tensor {
	return weights.Tensor{DType: weights.U8, Shape: []int64{int64(len(bytes))}, Data: bytes}
}
