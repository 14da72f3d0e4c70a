package models

import (
	"fmt"
	"slices"

	"cgan/bindings/nn"
)

// Config is the sizes of both networks.
type Config struct {
	Noise    int `json:"nz"`       // noise values per image
	NgF      int `json:"ngf"`      // base channels of the generator, nch_g
	NdF      int `json:"ndf"`      // base channels of the discriminator, nch_d
	Channels int `json:"channels"` // image channels, 1 for grey and 3 for RGB
	Size     int `json:"size"`     // height and width of the images, one of Sizes
	Classes  int `json:"classes"`  // classes, one label plane each
}

// Bounds of each size, so that a typing mistake ends in an error and not in the memory's end: the one-hot rows of so many
// classes take 1 GiB.
const (
	maxSize    = 4096
	maxClasses = 16384
)

// Default is the article's network: 100 + 10 inputs, 128 and 64 base channels, gray images of 28x28.
func Default() Config {
	return Config{Noise: 100, NgF: 128, NdF: 64, Channels: 1, Size: 28, Classes: 10}
}

// Validate says which size is out of range.
func (c Config) Validate() error {
	for _, size := range []struct {
		name  string
		value int
		most  int
	}{{"nz", c.Noise, maxSize}, {"ngf", c.NgF, maxSize}, {"ndf", c.NdF, maxSize}, {"channels", c.Channels, maxSize}, {"classes", c.Classes, maxClasses}} {
		if size.value < 1 || size.value > size.most {
			return &FieldError{size.name, fmt.Sprintf("is %d: it must be from 1 to %d", size.value, size.most)}
		}
	}
	if !slices.Contains(Sizes, c.Size) {
		return &FieldError{"size", fmt.Sprintf("is %d: it must be 28, 32, 64 or 128", c.Size)}
	}
	return nil
}

// skeleton makes both networks without drawing a random number: for who wants to look at their layers.
func (c Config) skeleton() (g *Generator, d *Discriminator) {
	nn.SkipInit(func() { g, d = c.NewGenerator(), c.NewDiscriminator() })
	return g, d
}

// NewGenerator makes the generator of these sizes.
func (c Config) NewGenerator() *Generator {
	return NewGenerator(int64(c.Noise+c.Classes), int64(c.NgF), int64(c.Channels), int64(c.Size))
}

// NewDiscriminator makes the discriminator of these sizes, as the article has it: with a Sigmoid.
func (c Config) NewDiscriminator() *Discriminator {
	return NewDiscriminator(int64(c.Channels+c.Classes), int64(c.NdF), int64(c.Size), true)
}
