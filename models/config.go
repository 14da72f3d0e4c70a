package models

import (
	"errors"
	"fmt"
	"slices"

	"cgan/bindings/nn"
	"cgan/models/arch"
)

// Config is the sizes of both networks: of the article's, or of those in Arch.
type Config struct {
	Noise    int        `json:"nz"`             // noise values per image
	NgF      int        `json:"ngf"`            // base channels of the generator, nch_g; 0 with Arch
	NdF      int        `json:"ndf"`            // base channels of the discriminator, nch_d; 0 with Arch
	Channels int        `json:"channels"`       // image channels, 1 for grey and 3 for RGB
	Size     int        `json:"size"`           // height and width of the images, one of Sizes; with Arch any height
	Classes  int        `json:"classes"`        // classes, one label plane each; with Arch 0 where there is nothing to choose
	Arch     *arch.File `json:"arch,omitempty"` // networks that stand in the article's place, nil for the article's
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

// ConfigOfArch is the sizes of networks that are given as data. An error says what does not fit in them.
func ConfigOfArch(f *arch.File) (Config, error) {
	if f.Generator == nil {
		return Config{}, errors.New("there is no generator in it")
	}
	if err := f.Generator.Check(); err != nil {
		return Config{}, fmt.Errorf("generator: %w", err)
	}
	if f.Discriminator != nil {
		if err := f.Discriminator.Check(); err != nil {
			return Config{}, fmt.Errorf("discriminator: %w", err)
		}
	}
	if n := f.Generator.Classes(); n > maxClasses {
		return Config{}, fmt.Errorf("generator: a label of %d classes: at most %d are possible", n, maxClasses)
	}
	image := f.Generator.Output() // [C, H, W]
	return Config{
		Noise: int(product(f.Generator.Noise())), Channels: int(image[0]), Size: int(image[1]), Classes: int(f.Generator.Classes()), Arch: f,
	}, nil
}

// Image is the shape of an image: channels, height, width.
func (c Config) Image() []int64 {
	if c.Arch != nil {
		return c.Arch.Generator.Output()
	}
	return []int64{int64(c.Channels), int64(c.Size), int64(c.Size)}
}

// Validate says which size is out of range.
func (c Config) Validate() error {
	if c.Arch != nil {
		return c.validateArch()
	}
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

// validateArch sees that the sizes are those of Arch.
func (c Config) validateArch() error {
	of, err := ConfigOfArch(c.Arch)
	if err != nil {
		return &FieldError{"arch", err.Error()}
	}
	if of != c {
		return &FieldError{"arch", fmt.Sprintf("has nz %d, channels %d, size %d and classes %d, and no ngf and ndf: the sizes beside it are others", of.Noise, of.Channels, of.Size, of.Classes)}
	}
	return nil
}

// Networks are both networks as data, without a discriminator where Arch has none. Arch itself stays as it is.
func (c Config) Networks() (f *arch.File, err error) {
	f = &arch.File{}
	err = c.walkBoth("walk the networks", func(g, d *arch.Network) { f.Generator, f.Discriminator = g, d })
	return f, err
}

// skeleton makes both networks without weights: for who wants to look at their layers. Without a discriminator d is nil.
func (c Config) skeleton() (g, d *Net) {
	nn.Outline(func() {
		if g = c.NewGenerator(); c.Arch == nil || c.Arch.Discriminator != nil {
			d = c.NewDiscriminator()
		}
	})
	return g, d
}

// NewGenerator makes the generator of these sizes.
func (c Config) NewGenerator() *Net {
	if c.Arch != nil {
		return columnNet(c.Arch.Generator)
	}
	g := NewGenerator(int64(c.Noise+c.Classes), int64(c.NgF), int64(c.Channels), int64(c.Size))
	return c.net(&g.Base, g, arch.New("", "randn", c.Noise, 1, 1))
}

// NewDiscriminator makes the discriminator of these sizes, as the article has it: with a Sigmoid. Arch, if given, has one.
func (c Config) NewDiscriminator() *Net { return c.newDiscriminator(true) }

// NewCritic is NewDiscriminator without the article's Sigmoid: its verdicts are scores. One of Arch is as it is given.
func (c Config) NewCritic() *Net { return c.newDiscriminator(false) }

func (c Config) newDiscriminator(sigmoid bool) *Net {
	if c.Arch != nil {
		return columnNet(c.Arch.Discriminator)
	}
	d := NewDiscriminator(int64(c.Channels+c.Classes), int64(c.NdF), int64(c.Size), sigmoid)
	return c.net(&d.Base, d, arch.New("", "image", c.Channels, c.Size, c.Size))
}

func columnNet(n *arch.Network) *Net {
	c := NewColumn(n)
	return newNet(&c.Base, c, n)
}
