package train

import (
	"context"
	"fmt"

	"cgan/bindings/torch"
	"cgan/models"
	"cgan/train/dataset"
)

// ReadData reads the images to train on, and notes their channels and classes. Close them.
func (c *Config) ReadData(ctx context.Context, say func(string)) (*dataset.Set, error) {
	set, err := dataset.Open(ctx, c.Data, dataset.Options{
		Size: c.Size, Channels: c.Channels, Fit: c.Fit, Background: c.Background, SkipBad: c.SkipBad,
	}, say)
	if err != nil {
		return nil, err
	}
	if i := set.Images; i.Height != c.Size || i.Width != c.Size {
		return nil, &models.FieldError{Field: "size", Problem: fmt.Sprintf("is %d, and the images of %s are %dx%d", c.Size, i.File, i.Height, i.Width)}
	}
	c.Channels, c.Classes = set.Images.Channels, len(set.Classes)
	return set, nil
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
