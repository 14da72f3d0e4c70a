package weights

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// generator is a state dict of small random numbers; running_var is positive.
func generator(t testing.TB, sizes generatorSizes) (s StateDict) {
	t.Helper()
	random := rand.New(rand.NewPCG(3, 4))
	for _, spec := range sizes.specs() {
		if spec.DType == I64 {
			s = append(s, entry(spec.Key, I64))
			continue
		}
		values := make([]float32, Tensor{Shape: spec.Shape}.Numel())
		for i := range values {
			values[i] = (random.Float32() - 0.5) / 4
			if strings.HasSuffix(spec.Key, "running_var") {
				values[i] += 0.5
			}
		}
		w, err := FromFloat32s(values, spec.Shape...)
		if err != nil {
			t.Fatal(err)
		}
		s = append(s, Entry{spec.Key, w})
	}
	return s
}

var smallSizes = generatorSizes{classes: 3, inputs: 8, base: 2, channels: 4}

// with returns a copy of a state dict in which one entry has another tensor.
func with(s StateDict, key string, t Tensor) StateDict {
	changed := slices.Clone(s)
	for i := range changed {
		if changed[i].Key == key {
			changed[i].Tensor = t
		}
	}
	return changed
}

func TestWriteONNXGivesEqualBytes(t *testing.T) {
	s := generator(t, smallSizes)
	var first, other bytes.Buffer
	if err := WriteONNX(&first, s, 3, map[string]string{"a": "1", "b": "2", "c": "3", "classes": "9"}); err != nil {
		t.Fatal(err)
	}
	shuffled := slices.Clone(s)
	slices.Reverse(shuffled)
	for range 10 {
		var again bytes.Buffer
		if err := WriteONNX(&again, shuffled, 3, map[string]string{"c": "3", "b": "2", "a": "1"}); err != nil || !bytes.Equal(again.Bytes(), first.Bytes()) {
			t.Fatalf("equal weights give different bytes (%v)", err)
		}
	}
	if err := WriteONNX(&other, s, 4, nil); err != nil || bytes.Equal(other.Bytes(), first.Bytes()) {
		t.Errorf("other classes give the same bytes (%v)", err)
	}
}

func TestWriteONNXRefuses(t *testing.T) {
	good := generator(t, smallSizes)
	half := entry("", BF16, 4).Tensor
	for _, c := range []struct {
		want    string
		state   StateDict
		classes int
	}{
		{"the state dict is no generator", nil, 3},
		{"the state dict is no generator", fitting(), 3},
		{"the state dict is no generator", with(good, "layer4.0.weight", entry("", F32, 2, 0, 4, 4).Tensor), 3},
		{"the state dict is no generator", with(good, "layer1.0.weight", entry("", F32, 8, 8, 4, 4).Tensor), 3},
		{"0 classes: there must be from 1 to 4096", good, 0},
		{"8 classes: there must be from 1 to 4096, and fewer than the generator's 8 inputs", good, 8},
		{"missing: layer4.0.bias", good[:len(good)-1], 3},
		{`unexpected: "more"`, append(slices.Clone(good), entry("more", F32)), 3},
		{`repeated: "layer1.0.weight"`, append(slices.Clone(good), good[0]), 3},
		{"wrong: layer3.1.weight has shape [4], not [2]", with(good, "layer3.1.weight", entry("", F32, 4).Tensor), 3},
		{"wrong: layer4.0.bias is int64, not float32", with(good, "layer4.0.bias", entry("", I64, 4).Tensor), 3},
		{"layer4.0.bias is bfloat16: convert it to float32 first", with(good, "layer4.0.bias", half), 3},
		{`tensor "layer4.0.bias": float32 of shape [4] needs 16 bytes`, with(good, "layer4.0.bias", Tensor{F32, []int64{4}, nil}), 3},
	} {
		var out bytes.Buffer
		err := WriteONNX(&out, c.state, c.classes, nil)
		if err == nil || !strings.HasPrefix(err.Error(), "cannot write ONNX: ") || !strings.Contains(err.Error(), c.want) || out.Len() > 0 {
			t.Errorf("%v does not say %q, %d bytes", err, c.want, out.Len())
		}
	}
	var out bytes.Buffer
	if err := WriteONNX(&out, good, 3, map[string]string{"a": "\xff"}); err == nil || !strings.Contains(err.Error(), `metadata entry "a" is not UTF-8`) || out.Len() > 0 {
		t.Errorf("%v, %d bytes", err, out.Len())
	}
	if err := (&message{size: 1 << 31}).write(&out); err == nil || !strings.Contains(err.Error(), "at most 2147483647 are possible") || out.Len() > 0 {
		t.Errorf("%v, %d bytes", err, out.Len())
	}
}

func TestWriteONNXReportsAFullDisk(t *testing.T) {
	for _, room := range []int{0, 10, 3000} {
		if err := WriteONNX(&fullDisk{room}, generator(t, smallSizes), 3, nil); !errors.Is(err, errFull) {
			t.Errorf("room %d: %v", room, err)
		}
	}
}

// The weights are not copied: all that is allocated while they are written is small beside them.
func TestWriteONNXMemory(t *testing.T) {
	s := generator(t, generatorSizes{classes: 10, inputs: 110, base: 128, channels: 1}) // 8.9 MB
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if err := WriteONNX(io.Discard, s, 10, nil); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; n > 200_000 {
		t.Errorf("%d bytes were allocated", n)
	} else {
		t.Logf("%d bytes were allocated", n)
	}
}
