package train

import (
	"context"
	"errors"
	"fmt"

	"cgan/bindings/torch"
	"cgan/models"
	"cgan/train/dataset"
)

// ReadData reads the images to train on, and notes their channels and classes. Close them. say, which may be nil, gets what
// takes time, and what is left out.
func (c *Config) ReadData(ctx context.Context, say func(string)) (*dataset.Set, error) {
	set, err := dataset.Open(ctx, c.Data, c.dataOptions(), say)
	if err != nil {
		return nil, optionError(err)
	}
	if n := len(set.Skipped); n > 0 && say != nil {
		say(fmt.Sprintf("notice: %d files are left out; the first one is %v", n, set.Skipped[0]))
	}
	if c.Arch != nil {
		if err := c.fitsArch(set); err != nil {
			_ = set.Close()
			return nil, err
		}
		return set, nil
	}
	c.Channels, c.Classes = set.Images.Channels, len(set.Classes)
	if err := c.Config.Validate(); err != nil {
		_ = set.Close()
		return nil, &models.FieldError{Field: "data", Problem: fmt.Sprintf("%q can't be trained on: the number of its %v", c.Data, err)}
	}
	return set, nil
}

func (c *Config) dataOptions() dataset.Options {
	return dataset.Options{Size: c.Size, Channels: c.Channels, Fit: c.Fit, Background: c.Background, SkipBad: c.SkipBad}
}

// optionError is an option that the data set refuses as an error of the Config's field.
func optionError(err error) error {
	var option *dataset.OptionError
	if errors.As(err, &option) {
		return &models.FieldError{Field: option.Field, Problem: option.Problem}
	}
	return err
}

// Setup finds the device and notes it and the threads. It runs inside torch.Do.
func (c *Config) Setup() (torch.Device, error) {
	device, err := torch.ParseDevice(c.Device)
	c.Threads = torch.NumThreads()
	c.Device = device.String()
	if err == nil && device != torch.CPU {
		if c.Launch != nil {
			return device, ErrRanksOnCUDA
		}
		torch.SetCuDNN(c.Exact, !c.Exact)
	}
	return device, err
}

// ErrRanksOnCUDA refuses several processes that train on CUDA.
var ErrRanksOnCUDA error = &models.FieldError{Field: "device", Problem: "is cuda, or auto found it, but several processes train on the CPU alone: " +
	"there is no NCCL here to average their gradients; ask for cpu, or train in one process"}
