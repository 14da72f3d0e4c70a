package train

import (
	"fmt"

	"cgan/models"
	"cgan/train/dataset"
)

// validateArch says why the networks of config.Arch can't be trained.
func (c Config) validateArch() error {
	if err := c.Config.Validate(); err != nil {
		return err
	}
	wrong := func(format string, args ...any) error {
		return &models.FieldError{Field: "arch", Problem: fmt.Sprintf(format, args...)}
	}
	g, d := c.Arch.Generator, c.Arch.Discriminator
	if d == nil {
		return wrong("has no discriminator: a training needs both networks")
	}
	if image := g.Output(); image[1] != image[2] {
		return wrong("draws images of %dx%d: a training takes square ones", image[1], image[2])
	}
	if d.Classes() > 0 && g.Classes() == 0 {
		return wrong("has a label in the discriminator and none in the generator, which then can't draw what is asked for")
	}
	switch last := d.Layers[len(d.Layers)-1]; {
	case c.sigmoid() && last.Op != "Sigmoid":
		return wrong("has a discriminator that ends in %s, and the loss %s takes probabilities: end it in Sigmoid(), or choose another loss", last, c.Loss)
	case !c.sigmoid() && last.Op == "Sigmoid":
		return wrong("has a discriminator that ends in Sigmoid(), and the loss %s, with r1 %v, takes scores: leave that layer out", c.Loss, c.R1)
	}
	if c.SpectralNorm {
		return &models.FieldError{Field: "spectral_norm", Problem: "is for the article's discriminator, and not for networks that are given as data: leave it out"}
	}
	return nil
}

// fitsArch says why the networks of config.Arch can't be trained on set.
func (c Config) fitsArch(set *dataset.Set) error {
	if n := len(set.Classes); c.Classes > 0 && c.Classes != n {
		return &models.FieldError{Field: "data", Problem: fmt.Sprintf("%q has %d classes, and the networks that are given know %d: change one of them", c.Data, n, c.Classes)}
	}
	return nil
}
