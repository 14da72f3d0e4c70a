package weights_test

import (
	"slices"
	"strings"
	"testing"

	"cgan/weights"
	"cgan/weights/internal/weightstest"
)

func TestFind(t *testing.T) {
	plain := weightstest.TensorDict("a.weight", "a.bias")
	adam := weightstest.Dict("state", weightstest.Dict(int64(0), weightstest.TensorDict("exp_avg")), "param_groups", weights.List{})
	keys := []string{"a.weight", "a.bias"}
	for name, c := range map[string]struct {
		v   weights.Value
		key string
	}{
		"bare":            {plain, ""},
		"generator":       {weightstest.Dict("generator", plain, "discriminator", weightstest.TensorDict("x"), "optimizerG", adam, "epoch", int64(3)), ""},
		"state_dict":      {weightstest.Dict("state_dict", plain), ""},
		"G_ema":           {weightstest.Dict("G_ema", plain, "D", weightstest.TensorDict("x")), ""},
		"netG":            {weightstest.Dict("netG", plain), ""},
		"of both":         {weightstest.Dict("netG_state_dict", plain, "netD_state_dict", weightstest.TensorDict("x"), "optG_state_dict", adam), ""},
		"gen":             {weightstest.Dict("gen_state_dict", plain, "disc_state_dict", weightstest.TensorDict("x")), ""},
		"model_G":         {weightstest.Dict("model_D", weightstest.TensorDict("x"), "model_G", plain, "model", weightstest.TensorDict("y")), ""},
		"by key":          {weightstest.Dict("generator", weightstest.TensorDict("x"), "ema", plain), "ema"},
		"by path":         {weightstest.Dict("nets", weightstest.Dict("ema", plain)), "nets.ema"},
		"by dotted key":   {weightstest.Dict("nets.ema", plain), "nets.ema"},
		"by mixed path":   {weightstest.Dict("a.b", weightstest.Dict("c", plain)), "a.b.c"},
		"by number":       {weightstest.Dict("nets", weightstest.Dict(int64(0), plain)), "nets.0"},
		"DataParallel":    {weightstest.TensorDict("module.a.weight", "module.a.bias"), ""},
		"stacked":         {weightstest.TensorDict("_orig_mod.module.a.weight", "_orig_mod.module.a.bias"), ""},
		"stacked, turned": {weightstest.Dict("model", weightstest.TensorDict("module._orig_mod.a.weight", "module._orig_mod.a.bias")), ""},
	} {
		s, err := weights.Find(c.v, c.key)
		if err != nil || !slices.Equal(s.Keys(), keys) {
			t.Errorf("%s: %v, %v", name, s.Keys(), err)
		}
	}
	s, err := weights.Find(weightstest.TensorDict("module.a", "b"), "")
	if err != nil || !slices.Equal(s.Keys(), []string{"module.a", "b"}) {
		t.Errorf("a prefix that not all names have must stay: %v, %v", s.Keys(), err)
	}
}

func TestFindErrors(t *testing.T) {
	adam := weightstest.Dict("state", weightstest.Dict(int64(0), weightstest.TensorDict("exp_avg")), "param_groups", weights.List{})
	checkpoint := weightstest.Dict("nets", weightstest.Dict("ema", weightstest.TensorDict("a"), "D", weightstest.TensorDict("b")), "optimizerG", adam)
	for want, c := range map[string]struct {
		v   weights.Value
		key string
	}{
		"there is no state dict under a usual name; the file holds: nets.ema, nets.D":                                         {checkpoint, ""},
		`there is no state dict under "generator"; the file holds: nets.ema, nets.D`:                                          {checkpoint, "generator"},
		"there is no state dict under a usual name; the file holds none":                                                      {weights.List{int64(1)}, ""},
		"there are several state dicts, G and netG: say which by its key":                                                     {weightstest.Dict("G", weightstest.TensorDict("a"), "netG", weightstest.TensorDict("a")), ""},
		`there is no state dict under "nets.x"; the file holds: nets.ema, nets.D`:                                             {checkpoint, "nets.x"},
		`there is no state dict under "optimizerG.state"; the file holds: nets.ema, nets.D`:                                   {checkpoint, "optimizerG.state"},
		"there is no state dict under a usual name; the file holds: netX":                                                     {weightstest.Dict("netX", weightstest.TensorDict("a"), "generator", weightstest.Dict()), ""},
		`there is no state dict under "critic"; the file holds: state_dict, names that begin with generator or discriminator`: {weightstest.Dict("state_dict", weightstest.TensorDict("generator.a", "discriminator.b")), "critic"},
		`there is no state dict under ".."; the file holds: nets.ema, nets.D`:                                                 {checkpoint, ".."},
	} {
		_, err := weights.Find(c.v, c.key)
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	}
}

// Lightning keeps several networks in one flat dict; cgan export --net all writes such a safetensors file.
func TestFindInAFlatDict(t *testing.T) {
	flat := weightstest.TensorDict("generator.a.weight", "generator.a.bias", "discriminator.a.weight", "criterion.weight")
	wrapped := weightstest.TensorDict("module.netG.a.weight", "module.netG.a.bias", "module.netD.b")
	for name, c := range map[string]struct {
		v    weights.Value
		key  string
		want []string
	}{
		"without a key":      {weightstest.Dict("state_dict", flat, "epoch", int64(3)), "", []string{"a.weight", "a.bias"}},
		"bare":               {flat, "", []string{"a.weight", "a.bias"}},
		"by key":             {weightstest.Dict("state_dict", flat), "discriminator", []string{"a.weight"}},
		"by path":            {weightstest.Dict("state_dict", flat), "state_dict.discriminator", []string{"a.weight"}},
		"bare, by key":       {flat, "discriminator", []string{"a.weight"}},
		"wrapped":            {weightstest.Dict("model", wrapped), "", []string{"a.weight", "a.bias"}},
		"alone":              {weightstest.TensorDict("generator.a", "generator.b"), "", []string{"a", "b"}},
		"layers":             {weightstest.TensorDict("gen.0.weight", "label_emb.weight"), "", []string{"gen.0.weight", "label_emb.weight"}},
		"averages":           {weightstest.TensorDict("G.a", "G_ema.b"), "", []string{"a"}},
		"a layer of a model": {weightstest.TensorDict("model.0.weight", "model.1.weight"), "", []string{"model.0.weight", "model.1.weight"}},
	} {
		s, err := weights.Find(c.v, c.key)
		if err != nil || !slices.Equal(s.Keys(), c.want) {
			t.Errorf("%s: %v, %v", name, s.Keys(), err)
		}
	}
}

// The average of weights is what one draws with; training goes on from the others.
func TestFindAverageBesideItsWeights(t *testing.T) {
	plain, average, other := weightstest.TensorDict("a"), weightstest.TensorDict("b"), weightstest.TensorDict("x")
	flat := weightstest.TensorDict("module.G.a", "module.G_ema.b", "module.D.x")
	for name, c := range map[string]struct {
		v    weights.Value
		want string
	}{
		"G_ema":         {weightstest.Dict("G", plain, "D", other, "G_ema", average), "G_ema"},
		"generator_ema": {weightstest.Dict("generator", plain, "discriminator", other, "generator_ema", average), "generator_ema"},
		"netG_ema":      {weightstest.Dict("netG_ema", average, "netG", plain), "netG_ema"},
		"ema":           {weightstest.Dict("model", plain, "ema", average), "ema"},
		"flat":          {flat, "G_ema"},
		"flat, below":   {weightstest.Dict("state_dict", flat, "epoch", int64(3)), "G_ema"},
	} {
		s, err := weights.Find(c.v, "")
		if err != nil || !slices.Equal(s.Keys(), []string{"a"}) {
			t.Errorf("%s: %v, %v", name, s.Keys(), err)
		}
		if s, name := weights.FindAverage(c.v); name != c.want || !slices.Equal(s.Keys(), []string{"b"}) {
			t.Errorf("%s: the average is %q, %v", c.want, name, s.Keys())
		}
	}
	for name, v := range map[string]weights.Value{
		"no average": weightstest.Dict("G", plain, "D", other), "alone": weightstest.Dict("G_ema", average), "a layer": weightstest.TensorDict("ema.0", "G2.1"),
		"two": weightstest.Dict("G", plain, "G_ema", average, "ema", average),
	} {
		if s, found := weights.FindAverage(v); s != nil || found != "" {
			t.Errorf("%s: the average is %q", name, found)
		}
	}
}

// Beside a generator there lies a discriminator, under a name of its own kind.
func TestFindDiscriminator(t *testing.T) {
	g, d := weightstest.TensorDict("a"), weightstest.TensorDict("b")
	for want, v := range map[string]weights.Value{
		"discriminator":  weightstest.Dict("generator", g, "discriminator", d),
		"D_state_dict":   weightstest.Dict("G_state_dict", g, "D_state_dict", d),
		"netD":           weightstest.Dict("state_dict", weightstest.TensorDict("netG.a", "netD.b")),
		"critic":         weightstest.TensorDict("gen.a", "critic.b"),
		"":               weightstest.Dict("generator", g),
		"\x00of several": weightstest.Dict("D", d, "critic", d),
	} {
		s, name := weights.FindDiscriminator(v)
		if known := want != "" && want[0] != 0; known && (name != want || !slices.Equal(s.Keys(), []string{"b"})) || !known && s != nil {
			t.Errorf("%q: %q, %v", want, name, s.Keys())
		}
	}
}
