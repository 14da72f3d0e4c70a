package arch

import (
	"slices"
	"testing"

	"cgan/weights"
)

func TestRenamed(t *testing.T) {
	state := func(keys ...string) (s weights.StateDict) {
		for i, key := range keys {
			s = append(s, weights.Entry{Key: key, Tensor: weights.Tensor{Shape: []int64{int64(i)}}})
		}
		return s
	}
	from := state("gen.fc.weight", "gen.fc.bias", "gen.fcx", "gen.fc", "conv1.0.weight", "conv12.weight", "other")
	for _, c := range []struct {
		rules []Rename
		want  []string
	}{
		{nil, from.Keys()},
		{[]Rename{{"gen.fc", "model"}}, []string{"model.weight", "model.bias", "gen.fcx", "model", "conv1.0.weight", "conv12.weight", "other"}},
		{[]Rename{{"gen", ""}}, []string{"fc.weight", "fc.bias", "fcx", "fc", "conv1.0.weight", "conv12.weight", "other"}},
		{[]Rename{{"conv*", "layers.*.conv"}}, []string{"gen.fc.weight", "gen.fc.bias", "gen.fcx", "gen.fc", "layers.1.conv.0.weight", "layers.12.conv.weight", "other"}},
		{[]Rename{{"*.weight", "*.w"}, {"*", "x.*"}}, []string{"gen.fc.w", "x.gen.fc.bias", "x.gen.fcx", "x.gen.fc", "conv1.0.w", "conv12.w", "x.other"}},
		{[]Rename{{"*.*.weight", "*-*"}, {"other", "new"}}, []string{"gen-fc", "gen.fc.bias", "gen.fcx", "gen.fc", "conv1-0", "conv12.weight", "new"}},
		{[]Rename{{"gen.fc", "conv2"}, {"conv1", "gen.fc"}}, []string{"conv2.weight", "conv2.bias", "gen.fcx", "conv2", "gen.fc.0.weight", "conv12.weight", "other"}},
	} {
		got, err := Renamed(from, c.rules)
		if err != nil || !slices.Equal(got.Keys(), c.want) {
			t.Errorf("%v: %v, %q\nwant %q", c.rules, err, got.Keys(), c.want)
		}
		for i := range got {
			if got[i].Shape[0] != int64(i) {
				t.Errorf("%v: %s has another's tensor", c.rules, got[i].Key)
			}
		}
	}
	for _, c := range []struct {
		rules []Rename
		want  string
	}{
		{[]Rename{{"gem.fc", "model"}}, `the rule "gem.fc": "model" fits no key that is left; the nearest is "gen.fc"`},
		{[]Rename{{"decoder", "model"}}, `the rule "decoder": "model" fits no key that is left; the first is "gen.fc.weight"`},
		{[]Rename{{"gen", "g"}, {"gen.fc", "h"}}, `the rule "gen.fc": "h" fits no key that is left; the nearest is "gen.fc"`},
		{[]Rename{{"conv*", "conv"}}, ""},
		{[]Rename{{"conv12", "conv1.0"}}, `the keys "conv1.0.weight" and "conv12.weight" both become "conv1.0.weight"`},
		{[]Rename{{"gen.fc.weight", "other"}}, `the keys "gen.fc.weight" and "other" both become "other"`},
		{[]Rename{{"", "other"}}, `a rule has no key to rename`},
		{[]Rename{{"gen.*", "*.*"}}, `"*.*" has more * than "gen.*"`},
		{[]Rename{{"gen.fc", ""}}, `the rules leave nothing of the key "gen.fc"`},
	} {
		if _, err := Renamed(from, c.rules); err == nil && c.want != "" || err != nil && err.Error() != c.want {
			t.Errorf("%v: %v\nwant %s", c.rules, err, c.want)
		}
	}
	if _, err := Renamed(nil, []Rename{{"a", "b"}}); err == nil || err.Error() != `the rule "a": "b" fits no key that is left: there are none` {
		t.Error(err)
	}
}
