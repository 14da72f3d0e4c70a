package train

import (
	"context"

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
	return dataset.Read(c.Data, "train", c.Classes)
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
