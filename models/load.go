package models

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"cgan/bindings/nn"
	"cgan/bindings/torch"
	"cgan/models/arch"
	"cgan/weights"
)

// LoadGenerator makes a generator of the given sizes, in evaluation mode and on the fast ops (Use has others), with
// the weights of a state dict; no random number is drawn. Missing, unexpected and wrongly shaped keys are one error that lists them all.
func LoadGenerator(state weights.StateDict, c Config) (*Net, error) {
	g, err := LoadNew(c.NewGenerator, state)
	if err != nil {
		return nil, c.byLayer(err, state, func(f *arch.File) *arch.Network { return f.Generator })
	}
	g.Eval()
	return g, g.Use(Compute{})
}

// LoadDiscriminator makes a discriminator, as LoadGenerator does, with spectral normalisation where the state dict has it.
func LoadDiscriminator(state weights.StateDict, c Config) (*Net, error) {
	if c.Arch != nil && c.Arch.Discriminator == nil {
		return nil, errors.New("the networks that are given as data have no discriminator")
	}
	d, err := LoadNew(func() *Net {
		d := c.NewDiscriminator()
		if articles, ok := d.Network.(*Discriminator); ok && HasSpectralNorm(state) {
			articles.SpectralNorm()
		}
		return d
	}, state)
	return d, c.byLayer(err, state, func(f *arch.File) *arch.Network { return f.Discriminator })
}

// LoadNew makes a network with the weights of a state dict, and draws no random number. Names and shapes are compared
// before there is memory for the weights: a file of a few bytes can name sizes that no machine has.
func LoadNew[N interface {
	StateDict() []nn.Named
	Free()
}](create func() N, state weights.StateDict) (n N, err error) {
	made := false
	err = torch.Do("make the network", func() error {
		var outline N
		nn.Outline(func() { outline = create() })
		defer outline.Free()
		specs := specsOf(outline.StateDict())
		if err := weights.Match(state, specs); err != nil {
			return err
		}
		nn.SkipInit(func() { n = create() })
		made = true
		return fill(n.StateDict(), state, specs)
	})
	if err != nil && made {
		n.Free()
	}
	return n, err
}

// byLayer is err, which may be nil, as what is wrong with the layers of a network that is given as data.
func (c Config) byLayer(err error, state weights.StateDict, of func(*arch.File) *arch.Network) error {
	var match *weights.MatchError
	if c.Arch != nil && errors.As(err, &match) {
		return mismatch(of(c.Arch), state, match)
	}
	return err
}

// original is how a weight's key ends under spectral normalisation.
const original = "_orig"

// HasSpectralNorm says whether the weights of a state dict are spectrally normalised ones.
func HasSpectralNorm(state weights.StateDict) bool {
	return slices.ContainsFunc(state, func(e weights.Entry) bool { return strings.HasSuffix(e.Key, "weight"+original) })
}

// ConfigOf reads the sizes off the shapes of a generator's state dict, and of a discriminator's unless that
// is nil. Then NdF and Classes come from it too; else there are so many classes, and the default ones for 0.
func ConfigOf(generator, discriminator weights.StateDict, classes int) (Config, error) {
	c := Default()
	if classes > 0 {
		c.Classes = classes
	}
	g, d, err := unitNets(generator)
	if err != nil {
		return c, err
	}
	inputs, ngf, channels, err := g.sizes(generator)
	if err != nil {
		return c, fmt.Errorf("not a generator: %w", err)
	}
	c.Size = g.size
	c.NgF, c.Channels = int(ngf), int(channels)
	if discriminator != nil {
		planes, ndf, _, err := d.sizes(discriminator)
		if err != nil {
			return c, fmt.Errorf("not a discriminator: %w", err)
		}
		c.NdF, c.Classes = int(ndf), int(planes)-c.Channels
	}
	if c.Noise = int(inputs) - c.Classes; c.Noise < 1 || c.Classes < 1 {
		return c, fmt.Errorf("not a generator of %d classes: its first layer takes %d inputs, noise and classes together", c.Classes, inputs)
	}
	return c, c.Validate()
}

// unitNet is the convolutions' weights of a net whose sizes but the image's are all 1: what stands in their shapes there
// is how often a size goes into them.
type unitNet struct {
	size       int
	weights    []weights.Spec
	transposed bool
}

// unitNets walks the layers of both networks for images of that size whose generator has the convolutions of state, or of
// the article's where none has.
func unitNets(state weights.StateDict) (g, d unitNet, err error) {
	err = torch.Do("walk the networks", func() error {
		for _, size := range slices.Backward(Sizes) { // a net of more layers has the keys of one with fewer
			generator, discriminator := Config{Noise: 1, NgF: 1, NdF: 1, Channels: 1, Classes: 1, Size: size}.skeleton()
			g, d = newUnitNet(size, generator.NamedParameters(), true), newUnitNet(size, discriminator.NamedParameters(), false)
			generator.Free()
			discriminator.Free()
			if g.misses(state) == nil {
				break
			}
		}
		return nil
	})
	return g, d, err
}

func newUnitNet(size int, named []nn.Named, transposed bool) unitNet {
	u := unitNet{size: size, transposed: transposed}
	for _, n := range named {
		if shape := n.Tensor.Shape(); len(shape) == 4 {
			u.weights = append(u.weights, weights.Spec{Key: n.Name, Shape: shape})
		}
	}
	return u
}

// misses says which convolution state has not.
func (u unitNet) misses(state weights.StateDict) error {
	for _, spec := range u.weights {
		t, ok := weightOf(state, spec.Key)
		if !ok || len(t.Shape) != 4 || !slices.Equal(t.Shape[2:], spec.Shape[2:]) {
			return fmt.Errorf("it needs %s, a convolution of %d x %d", spec.Key, spec.Shape[2], spec.Shape[3])
		}
	}
	return nil
}

// sizes reads off a state dict what goes into the net, its base channels, and what comes out.
func (u unitNet) sizes(state weights.StateDict) (in, base, out int64, err error) {
	if err := u.misses(state); err != nil {
		return 0, 0, 0, err
	}
	unitFirst, unitLast := u.weights[0], u.weights[len(u.weights)-1]
	first, _ := weightOf(state, unitFirst.Key)
	last, _ := weightOf(state, unitLast.Key)
	if u.transposed { // weights are [in, out, k, k], and the last one takes the base channels
		return first.Shape[0], last.Shape[0] / unitLast.Shape[0], last.Shape[1], nil
	}
	return first.Shape[1], first.Shape[0] / unitFirst.Shape[0], last.Shape[0], nil
}

// weightOf is the weight under a key, or the one that is normalised in its place.
func weightOf(state weights.StateDict, key string) (weights.Tensor, bool) {
	if t, ok := state.Get(key); ok {
		return t, true
	}
	return state.Get(key + original)
}

// Load copies state into the tensors of a net, all of them or none. Missing, unexpected and wrongly shaped keys
// are one error that lists them all.
func Load(named []nn.Named, state weights.StateDict) error {
	return torch.Do("load the weights", func() error {
		specs := specsOf(named)
		if err := weights.Match(state, specs); err != nil {
			return err
		}
		return fill(named, state, specs)
	})
}

// fill copies a state dict that matches specs into the tensors that these are of, all of them or none.
func fill(named []nn.Named, state weights.StateDict, specs []weights.Spec) error {
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
}

// specsOf is what a state dict must have for these tensors.
func specsOf(named []nn.Named) []weights.Spec {
	specs := make([]weights.Spec, len(named))
	for i, n := range named {
		specs[i] = weights.Spec{Key: n.Name, Shape: n.Tensor.Shape(), DType: fileTypes[n.Tensor.DType()]}
	}
	return specs
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
