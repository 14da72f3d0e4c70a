package models

import (
	"fmt"

	"cgan/bindings/nn"
	"cgan/bindings/torch"
	"cgan/weights"
)

// defaultClasses is what a generator's weights are taken to have: its first layer takes noise and classes
// in one dimension, and nothing in the file says where one ends.
const defaultClasses = 10

// LoadGenerator makes a generator from its state dict. The sizes are read off the shapes. Missing,
// unexpected and wrongly shaped keys are one error that lists them all.
func LoadGenerator(state weights.StateDict) (g *Generator, c Config, err error) {
	if c, err = generatorConfig(state); err != nil {
		return nil, c, err
	}
	err = torch.Do("make the generator", func() error {
		g = c.NewGenerator()
		return nil
	})
	if err != nil {
		return nil, c, err
	}
	if err = load(g.StateDict(), state); err != nil {
		g.Free()
		return nil, c, err
	}
	return g, c, nil
}

// generatorConfig reads the sizes off the first and the last layer.
func generatorConfig(state weights.StateDict) (Config, error) {
	c := Default()
	first, ok1 := state.Get("layer1.0.weight")
	last, ok2 := state.Get("layer4.0.weight")
	if !ok1 || !ok2 || len(first.Shape) != 4 || len(last.Shape) != 4 {
		return c, fmt.Errorf("not a generator: it needs layer1.0.weight [nz+classes, 4*ngf, 3, 3] and layer4.0.weight [ngf, channels, 4, 4]")
	}
	c.Noise, c.Classes = int(first.Shape[0])-defaultClasses, defaultClasses
	c.NgF, c.Channels = int(last.Shape[0]), int(last.Shape[1])
	if err := c.Validate(); err != nil {
		return c, fmt.Errorf("not a conditional generator of %d classes: %w", c.Classes, err)
	}
	return c, nil
}

// load copies state into the tensors of a net, all of them or none.
func load(named []nn.Named, state weights.StateDict) error {
	return torch.Do("load the weights", func() error {
		specs := make([]weights.Spec, len(named))
		for i, n := range named {
			specs[i] = weights.Spec{Key: n.Name, Shape: n.Tensor.Shape(), DType: fileTypes[n.Tensor.DType()]}
		}
		if err := weights.Match(state, specs); err != nil {
			return err
		}
		for i, n := range named {
			t, ok := state.Get(n.Name)
			if !ok {
				continue // num_batches_tracked may be missing
			}
			t, err := t.Convert(specs[i].DType)
			if err != nil {
				return fmt.Errorf("%s: %w", n.Name, err)
			}
			n.Tensor.SetBytes(t.Data)
		}
		return nil
	})
}
