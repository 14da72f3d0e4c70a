package train

import (
	"context"
	"fmt"

	"cgan/bindings/torch"
	"cgan/train/dataset"
)

// ReadData reads the images to train on. Where no folder is named it takes MNIST and notes its folder.
func (c *Config) ReadData(ctx context.Context, say func(string)) (set *dataset.Set, err error) {
	if c.Data == "" {
		if c.Data, err = dataset.MNIST(ctx, say); err != nil {
			return nil, err
		}
	}
	set, err = dataset.Open(ctx, c.Data, dataset.Options{}, say)
	if err == nil && len(set.Classes) > c.Classes {
		return nil, &dataset.DataError{File: c.Data, Offset: -1, Reason: fmt.Sprintf("there are %d classes: the networks take %d", len(set.Classes), c.Classes)}
	}
	return set, err
}

// Setup finds the device and notes it and the threads. It runs inside torch.Do.
func (c *Config) Setup() (torch.Device, error) {
	device, err := torch.ParseDevice(c.Device)
	c.Threads = torch.NumThreads()
	c.Device = device.String()
	if err == nil && device != torch.CPU {
		torch.SetCuDNN(c.Exact, !c.Exact)
	}
	return device, err
}
