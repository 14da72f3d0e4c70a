package weights

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// entry is a tensor of zeros.
func entry(key string, d DType, shape ...int64) Entry {
	n, err := byteSize(d, shape)
	if err != nil {
		panic(err)
	}
	return Entry{key, Tensor{d, shape, make([]byte, n)}}
}

var wanted = []Spec{
	{"layer1.0.weight", []int64{2, 3}, F32}, {"layer1.0.bias", []int64{3}, F32},
	{"layer1.1.running_mean", []int64{3}, F32}, {"layer1.1.num_batches_tracked", nil, I64},
}

func fitting() StateDict {
	return StateDict{entry("layer1.0.weight", F32, 2, 3), entry("layer1.0.bias", BF16, 3),
		entry("layer1.1.running_mean", F32, 3), entry("layer1.1.num_batches_tracked", I64)}
}

func TestMatch(t *testing.T) {
	if err := Match(fitting(), wanted); err != nil {
		t.Error(err)
	}
	if err := Match(fitting()[:3], wanted); err != nil {
		t.Errorf("without num_batches_tracked: %v", err)
	}
}

func TestMatchNamesEverything(t *testing.T) { // 90, 92
	s := StateDict{entry("layer1.0.weight", F32, 3, 2), entry("layer1.0.biass", F32, 3),
		entry("layer1.1.num_batches_tracked", C64), entry("zzz", F32), entry("zzz", F32)}
	err := Match(s, wanted)
	want := "the state dict does not fit the model; missing: layer1.0.bias, layer1.1.running_mean; " +
		`unexpected: "layer1.0.biass" (perhaps layer1.0.bias), "zzz"; ` +
		"wrong: layer1.0.weight has shape [3 2], not [2 3], layer1.1.num_batches_tracked is complex64, not int64; " +
		`repeated: "zzz"`
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	var match *MatchError
	if !errors.As(err, &match) || len(match.Missing) != 2 {
		t.Errorf("%#v", err)
	}
	other := StateDict{entry("layer1.0.weight", F32, 4, 6), entry("layer1.0.bias", F32, 6), entry("layer1.1.running_mean", F32, 6)}
	if err := Match(other, wanted); err == nil || !strings.Contains(err.Error(), "built with other sizes") {
		t.Errorf("%v", err)
	}
}

func TestMatchHintsAtPrefix(t *testing.T) { // 91
	s := fitting()
	s[0].Key = "module." + s[0].Key
	if err := Match(s, wanted); err == nil || !strings.Contains(err.Error(), "prefix of DataParallel") {
		t.Errorf("%v", err)
	}
}

func TestMatchBoundsItsText(t *testing.T) {
	var s StateDict
	for i := range 20_000 {
		s = append(s, entry(fmt.Sprintf("layer%d", i), F32))
	}
	if err := Match(s, wanted); err == nil || len(err.Error()) > 10_000 || !strings.Contains(err.Error(), "and 19900 more") {
		t.Errorf("%.100v", err)
	}
}
