package models

import (
	"errors"
	"fmt"

	"cgan/bindings/nn"
	"cgan/bindings/torch"
	"cgan/weights"
)

// LoadGenerator makes a generator of the given sizes, in evaluation mode, with the weights of a state dict; no
// random number is drawn. Missing, unexpected and wrongly shaped keys are one error that lists them all.
func LoadGenerator(state weights.StateDict, c Config) (g *Generator, err error) {
	err = torch.Do("make the generator", func() error {
		nn.SkipInit(func() { g = c.NewGenerator() })
		return nil
	})
	if err != nil {
		return nil, err
	}
	if err = Load(g.StateDict(), state); err != nil {
		g.Free()
		return nil, err
	}
	g.Eval()
	return g, nil
}

// LoadDiscriminator makes a discriminator, as LoadGenerator does.
func LoadDiscriminator(state weights.StateDict, c Config) (d *Discriminator, err error) {
	err = torch.Do("make the discriminator", func() error {
		nn.SkipInit(func() { d = c.NewDiscriminator() })
		return nil
	})
	if err != nil {
		return nil, err
	}
	if err = Load(d.StateDict(), state); err != nil {
		d.Free()
		return nil, err
	}
	return d, nil
}

// ConfigOf reads the sizes off the shapes of a generator's state dict, and of a discriminator's unless that
// is nil. Then NdF and Classes come from it too; else they are the default ones.
func ConfigOf(generator, discriminator weights.StateDict) (Config, error) {
	c := Default()
	first, ok1 := shapeOf(generator, "layer1.0.weight")
	last, ok2 := shapeOf(generator, "layer4.0.weight")
	if !ok1 || !ok2 {
		return c, errors.New("not a generator: it needs layer1.0.weight [nz+classes, 4*ngf, 3, 3] and layer4.0.weight [ngf, channels, 4, 4]")
	}
	c.NgF, c.Channels = int(last[0]), int(last[1])
	if discriminator != nil {
		judge, ok := shapeOf(discriminator, "layer1.0.weight")
		if !ok {
			return c, errors.New("not a discriminator: it needs layer1.0.weight [ndf, channels+classes, 4, 4]")
		}
		c.NdF, c.Classes = int(judge[0]), int(judge[1])-c.Channels
	}
	if c.Noise = int(first[0]) - c.Classes; c.Noise < 1 || c.Classes < 1 {
		return c, fmt.Errorf("not a generator of %d classes: its first layer takes %d inputs, noise and classes together", c.Classes, first[0])
	}
	return c, c.Validate()
}

// shapeOf gives the shape of a convolution's weight.
func shapeOf(state weights.StateDict, key string) ([]int64, bool) {
	t, ok := state.Get(key)
	return t.Shape, ok && len(t.Shape) == 4
}

// Load copies state into the tensors of a net, all of them or none. Missing, unexpected and wrongly shaped keys
// are one error that lists them all.
func Load(named []nn.Named, state weights.StateDict) error {
	return torch.Do("load the weights", func() error {
		specs := make([]weights.Spec, len(named))
		for i, n := range named {
			specs[i] = weights.Spec{Key: n.Name, Shape: n.Tensor.Shape(), DType: fileTypes[n.Tensor.DType()]}
		}
		if err := weights.Match(state, specs); err != nil {
			return err
		}
		converted, err := convert(state, specs)
		if err != nil {
			return err
		}
		for i, n := range named {
			if converted[i].Data != nil {
				n.Tensor.SetBytes(converted[i].Data)
			}
		}
		return nil
	})
}

// convert brings each wanted tensor to its type. A num_batches_tracked that is missing stays without data.
func convert(state weights.StateDict, specs []weights.Spec) ([]weights.Tensor, error) {
	converted := make([]weights.Tensor, len(specs))
	for i, spec := range specs {
		t, ok := state.Get(spec.Key)
		if !ok {
			continue
		}
		var err error
		if converted[i], err = t.Convert(spec.DType); err != nil {
			return nil, fmt.Errorf("%s: %w", spec.Key, err)
		}
	}
	return converted, nil
}
