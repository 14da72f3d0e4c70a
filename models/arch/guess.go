package arch

import (
	"fmt"
	"math"
	"strings"

	"cgan/weights"
)

// planOf reads keys and shapes as far as they go.
func planOf(state weights.StateDict, known Known) (*plan, error) {
	modules, err := modulesOf(state)
	if err != nil {
		return nil, err
	}
	if err := foreign(modules); err != nil {
		return nil, err
	}
	common := commonParts(modules)
	all := joinEnds(branches(modules, common), common)
	if len(all) == 0 {
		return nil, fmt.Errorf("the state dict has no linear layer and no convolution")
	}
	if err := attachNorms(modules, all); err != nil {
		return nil, err
	}
	p, err := meet(all, common, known)
	if err == nil {
		err = p.geometry()
	}
	return p, err
}

// foreignParts are parts of keys that other networks than plain generators have, and what they are.
var foreignParts = map[string]string{
	"encoder":       "an encoder: take the part that draws, such as decoder, by its key",
	"enc":           "an encoder: take the part that draws by its key",
	"discriminator": "a discriminator: take the generator by its key",
	"critic":        "a discriminator: take the generator by its key",
	"shortcut":      "a residual block, whose sum the shapes don't tell",
	"skip":          "a skip connection, which the shapes don't tell",
	"downsample":    "a residual block, whose sum the shapes don't tell",
	"residual":      "a residual block, whose sum the shapes don't tell",
	"resblock":      "a residual block, whose sum the shapes don't tell",
	"res_block":     "a residual block, whose sum the shapes don't tell",
	"resblocks":     "residual blocks, whose sums the shapes don't tell",
	"res_blocks":    "residual blocks, whose sums the shapes don't tell",
	"attention":     "attention, which is no layer here",
	"attn":          "attention, which is no layer here",
}

// foreign refuses networks that their keys name, and that would be drawn wrong where the channels happen to go on.
func foreign(modules []moduleState) error {
	for _, m := range modules {
		for _, part := range strings.Split(strings.ToLower(m.key), ".") {
			if what, ok := foreignParts[strings.TrimRight(part, "0123456789_")]; ok {
				return fmt.Errorf("%s is of %s", weights.Show(m.key), what)
			}
		}
	}
	return nil
}

// commonParts is what all keys begin with, in whole parts with their dots.
func commonParts(modules []moduleState) string {
	common := ""
	for len(modules) > 0 {
		rest := strings.TrimPrefix(modules[0].key, common)
		dot := strings.IndexByte(rest, '.')
		if dot < 0 {
			break
		}
		longer := common + rest[:dot+1]
		for _, m := range modules {
			if !strings.HasPrefix(m.key, longer) {
				return common
			}
		}
		common = longer
	}
	return common
}

// geometry chooses strides and paddings, and checks that an image comes out.
func (p *plan) geometry() error {
	drawn := p.drawn()
	last := drawn[len(drawn)-1]
	if last.kind == linear {
		return p.linearImage(drawn[0], last)
	}
	if c := last.channels(); p.known.Image != nil && c != p.known.Image[0] {
		return fmt.Errorf("%s.weight %v gives %d channels, and the images have %d", weights.Show(last.key), last.weight, c, p.known.Image[0])
	} else if c != 1 && c != 3 {
		return fmt.Errorf("the output is no image: %s.weight %v gives %d channels, not 1 or 3", weights.Show(last.key), last.weight, c)
	}
	first := 0
	for drawn[first].kind != convolution {
		first++
	}
	width, before := int64(1), ""
	if first > 0 {
		before = drawn[first-1].lastKey()
		if width = p.width; width == 0 {
			width = side(drawn[first-1].out, drawn[first].in)
		}
	}
	if n := drawn[first]; first == 0 && !n.transposed && n.weight[2] > 1 {
		return fmt.Errorf("%s.weight %v is a convolution of an image of %d channels: a discriminator, a classifier or an encoder, not a generator",
			weights.Show(n.key), n.weight, n.in)
	}
	p.width = width
	if first > 0 {
		shuffleAlike(drawn[first-1], drawn[first:], width)
	}
	if err := settle(drawn[first:], width, before, func(w int64) float64 {
		if p.known.Image != nil {
			return only(p.known.Image[2], w)
		}
		return imageCost(w, last.channels())
	}); err != nil {
		return err
	}
	return p.labelGeometry(drawn[first:max(first, len(p.noise))])
}

// shuffleAlike puts a PixelShuffle behind a linear layer too where there is one behind a convolution, so that the linear layer's
// features are an image of half the height and width.
func shuffleAlike(n *node, convolutions []*node, width int64) {
	for _, c := range convolutions {
		if c.shuffle > 1 && width%c.shuffle == 0 && width > 8 {
			n.shuffle = c.shuffle
		}
	}
}

// linearImage checks that linear layers draw an image.
func (p *plan) linearImage(first, last *node) error {
	name := weights.Show(last.key)
	if image := p.known.Image; image != nil {
		if values, _ := numel(image); values != last.out {
			return fmt.Errorf("%s.weight %v gives %d values, and the images have %d", name, last.weight, last.out, values)
		}
	} else if squareImage(last.out) == 0 {
		return fmt.Errorf("the output is no image: %s.weight %v gives %d values, and no square image of 8x8 or more, of 1 or 3 channels, has so many",
			name, last.weight, last.out)
	}
	if len(p.noise) == 0 && p.main[0].in >= last.out {
		return fmt.Errorf("%s.weight %v takes as many features as %s gives or more: an autoencoder or a classifier of images, not a generator",
			weights.Show(first.key), first.weight, name)
	}
	return nil
}

// labelGeometry is for a label with convolutions of its own, which gives the same height and width as the noise's.
func (p *plan) labelGeometry(noise []*node) error {
	if len(p.label) == 0 || p.label[len(p.label)-1].kind != convolution {
		return nil
	}
	want := p.width
	for _, n := range noise {
		want = n.setting.width(n, want)
	}
	first, width, before := 0, int64(1), ""
	for p.label[first].kind != convolution {
		first++
	}
	if first > 0 && p.label[first-1].kind == linear {
		width, before = side(p.label[first-1].out, p.label[first].in), p.label[first-1].lastKey()
	}
	return settle(p.label[first:], width, before, func(w int64) float64 { return only(want, w) })
}

// only is a cost that leaves nothing but one width.
func only(want, width int64) float64 {
	if width == want {
		return 0
	}
	return math.Inf(1)
}
