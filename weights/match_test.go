package weights_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"cgan/weights"
	"cgan/weights/internal/weightstest"
)

var wanted = []weights.Spec{
	{Key: "layer1.0.weight", Shape: []int64{2, 3}, DType: weights.F32}, {Key: "layer1.0.bias", Shape: []int64{3}, DType: weights.F32},
	{Key: "layer1.1.running_mean", Shape: []int64{3}, DType: weights.F32}, {Key: "layer1.1.num_batches_tracked", Shape: nil, DType: weights.I64},
}

func TestMatch(t *testing.T) {
	if err := weights.Match(weightstest.LayerState(), wanted); err != nil {
		t.Error(err)
	}
	if err := weights.Match(weightstest.LayerState()[:3], wanted); err != nil {
		t.Errorf("without num_batches_tracked: %v", err)
	}
}

func TestMatchNamesEverything(t *testing.T) { // 90, 92
	s := weights.StateDict{weightstest.Entry("layer1.0.weight", weights.F32, 3, 2), weightstest.Entry("layer1.0.biass", weights.F32, 3),
		weightstest.Entry("layer1.1.num_batches_tracked", weights.C64), weightstest.Entry("zzz", weights.F32), weightstest.Entry("zzz", weights.F32)}
	err := weights.Match(s, wanted)
	want := "the state dict does not fit the model; missing: layer1.0.bias, layer1.1.running_mean; " +
		`unexpected: "layer1.0.biass" (perhaps layer1.0.bias), "zzz"; ` +
		"wrong: layer1.0.weight has shape [3 2], not [2 3], layer1.1.num_batches_tracked is complex64, not int64; " +
		`repeated: "zzz"`
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	var match *weights.MatchError
	if !errors.As(err, &match) || len(match.Missing) != 2 {
		t.Errorf("%#v", err)
	}
	other := weights.StateDict{weightstest.Entry("layer1.0.weight", weights.F32, 4, 6), weightstest.Entry("layer1.0.bias", weights.F32, 6), weightstest.Entry("layer1.1.running_mean", weights.F32, 6)}
	if err := weights.Match(other, wanted); err == nil || !strings.Contains(err.Error(), "built with other sizes") {
		t.Errorf("%v", err)
	}
}

func TestMatchHintsAtPrefix(t *testing.T) { // 91
	s := weightstest.LayerState()
	s[0].Key = "module." + s[0].Key
	if err := weights.Match(s, wanted); err == nil || !strings.Contains(err.Error(), "prefix of DataParallel") {
		t.Errorf("%v", err)
	}
}

func TestMatchBoundsItsText(t *testing.T) {
	var s weights.StateDict
	for i := range 20_000 {
		s = append(s, weightstest.Entry(fmt.Sprintf("layer%d", i), weights.F32))
	}
	if err := weights.Match(s, wanted); err == nil || len(err.Error()) > 10_000 || !strings.Contains(err.Error(), "and 19900 more") {
		t.Errorf("%.100v", err)
	}
}
