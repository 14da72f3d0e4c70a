package weights

import (
	"slices"
	"strings"
	"testing"
)

// dict makes a dict of keys and values in turn.
func dict(items ...any) *Dict {
	d := &Dict{}
	for i := 0; i < len(items); i += 2 {
		d.set(items[i], items[i+1])
	}
	return d
}

func tensorDict(keys ...string) *Dict {
	d := &Dict{}
	for _, key := range keys {
		t := entry(key, F32, 2).Tensor
		d.Set(key, &t)
	}
	return d
}

func TestFindStateDict(t *testing.T) {
	plain := tensorDict("a.weight", "a.bias")
	adam := dict("state", dict(int64(0), tensorDict("exp_avg")), "param_groups", List{})
	keys := []string{"a.weight", "a.bias"}
	for name, c := range map[string]struct {
		v   Value
		key string
	}{
		"bare":            {plain, ""},
		"generator":       {dict("generator", plain, "discriminator", tensorDict("x"), "optimizerG", adam, "epoch", int64(3)), ""},
		"state_dict":      {dict("state_dict", plain), ""},
		"G_ema":           {dict("G_ema", plain, "D", tensorDict("x")), ""},
		"netG":            {dict("netG", plain), ""},
		"by key":          {dict("generator", tensorDict("x"), "ema", plain), "ema"},
		"by path":         {dict("nets", dict("ema", plain)), "nets.ema"},
		"by dotted key":   {dict("nets.ema", plain), "nets.ema"},
		"by mixed path":   {dict("a.b", dict("c", plain)), "a.b.c"},
		"by number":       {dict("nets", dict(int64(0), plain)), "nets.0"},
		"DataParallel":    {tensorDict("module.a.weight", "module.a.bias"), ""},
		"stacked":         {tensorDict("_orig_mod.module.a.weight", "_orig_mod.module.a.bias"), ""},
		"stacked, turned": {dict("model", tensorDict("module._orig_mod.a.weight", "module._orig_mod.a.bias")), ""},
	} {
		s, _, err := FindStateDict(c.v, c.key)
		if err != nil || !slices.Equal(s.Keys(), keys) {
			t.Errorf("%s: %v, %v", name, s.Keys(), err)
		}
	}
	s, _, err := FindStateDict(tensorDict("module.a", "b"), "")
	if err != nil || !slices.Equal(s.Keys(), []string{"module.a", "b"}) {
		t.Errorf("a prefix that not all names have must stay: %v, %v", s.Keys(), err)
	}
}

func TestFindStateDictErrors(t *testing.T) {
	adam := dict("state", dict(int64(0), tensorDict("exp_avg")), "param_groups", List{})
	checkpoint := dict("nets", dict("ema", tensorDict("a"), "D", tensorDict("b")), "optimizerG", adam)
	for want, c := range map[string]struct {
		v   Value
		key string
	}{
		"there is no state dict under a usual name; the file holds: nets.ema, nets.D":                                         {checkpoint, ""},
		`there is no state dict under "generator"; the file holds: nets.ema, nets.D`:                                          {checkpoint, "generator"},
		"there is no state dict under a usual name; the file holds none":                                                      {List{int64(1)}, ""},
		"there are several state dicts, G and netG: say which by its key":                                                     {dict("G", tensorDict("a"), "netG", tensorDict("a")), ""},
		`there is no state dict under "nets.x"; the file holds: nets.ema, nets.D`:                                             {checkpoint, "nets.x"},
		`there is no state dict under "optimizerG.state"; the file holds: nets.ema, nets.D`:                                   {checkpoint, "optimizerG.state"},
		"there is no state dict under a usual name; the file holds: netX":                                                     {dict("netX", tensorDict("a"), "generator", dict()), ""},
		`there is no state dict under "critic"; the file holds: state_dict, names that begin with generator or discriminator`: {dict("state_dict", tensorDict("generator.a", "discriminator.b")), "critic"},
		`there is no state dict under ".."; the file holds: nets.ema, nets.D`:                                                 {checkpoint, ".."},
	} {
		_, _, err := FindStateDict(c.v, c.key)
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	}
}

// Lightning keeps several networks in one flat dict; cgan export --net all writes such a safetensors file.
func TestFindStateDictInAFlatDict(t *testing.T) {
	flat := tensorDict("generator.a.weight", "generator.a.bias", "discriminator.a.weight", "criterion.weight")
	wrapped := tensorDict("module.netG.a.weight", "module.netG.a.bias", "module.netD.b")
	for name, c := range map[string]struct {
		v    Value
		key  string
		want []string
	}{
		"without a key":      {dict("state_dict", flat, "epoch", int64(3)), "", []string{"a.weight", "a.bias"}},
		"bare":               {flat, "", []string{"a.weight", "a.bias"}},
		"by key":             {dict("state_dict", flat), "discriminator", []string{"a.weight"}},
		"by path":            {dict("state_dict", flat), "state_dict.discriminator", []string{"a.weight"}},
		"bare, by key":       {flat, "discriminator", []string{"a.weight"}},
		"wrapped":            {dict("model", wrapped), "", []string{"a.weight", "a.bias"}},
		"alone":              {tensorDict("generator.a", "generator.b"), "", []string{"a", "b"}},
		"a layer of a model": {tensorDict("model.0.weight", "model.1.weight"), "", []string{"model.0.weight", "model.1.weight"}},
	} {
		s, _, err := FindStateDict(c.v, c.key)
		if err != nil || !slices.Equal(s.Keys(), c.want) {
			t.Errorf("%s: %v, %v", name, s.Keys(), err)
		}
	}
}

// The average of weights is what one draws with; the notice says how to get the others.
func TestFindStateDictTakesTheAverage(t *testing.T) {
	v := dict("G", tensorDict("a"), "D", tensorDict("x"), "G_ema", tensorDict("b"))
	s, notice, err := FindStateDict(v, "")
	if err != nil || s.Keys()[0] != "b" || !strings.Contains(notice, "G_ema is taken, the average") {
		t.Errorf("%v, %q, %v", s.Keys(), notice, err)
	}
	if s, notice, err = FindStateDict(v, "G"); err != nil || s.Keys()[0] != "a" || notice != "" {
		t.Errorf("by key: %v, %q, %v", s.Keys(), notice, err)
	}
}
