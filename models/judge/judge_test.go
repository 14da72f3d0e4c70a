package judge

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"cgan/bindings/torch"
	"cgan/bindings/torch/torchtest"
	"cgan/weights"
	"cgan/weights/pt"
)

func scores(t *testing.T, j *Judge, image []float32) (all []float32) {
	t.Helper()
	torchtest.Do(t, func() {
		torch.NoGrad(func() { all = j.Forward(torch.FromFloat32s(image, []int64{2, 1, 28, 28})).Float32s() })
	})
	return all
}

// What is written is read as the same judge, with what is known of it.
func TestAJudgeIsReadAsItWasWritten(t *testing.T) {
	var j *Judge
	image := make([]float32, 2*28*28)
	torchtest.Do(t, func() {
		torch.ManualSeed(3)
		j = New(1, 7)
		image = torch.Randn([]int64{2 * 28 * 28}, torch.CPU).Float32s()
	})
	defer j.Free()
	j.Eval()
	about := About{Data: "abc", Classes: []string{"a", "b", "c", "d", "e", "f", "g"}, Accuracy: 0.5, Tested: 4, Size: 28, Epochs: 2}
	var file bytes.Buffer
	if err := j.Write(&file, about); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "judge.pt")
	if err := os.WriteFile(path, file.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	again, read, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Free()
	if !reflect.DeepEqual(read, about) || !slices.Equal(scores(t, j, image), scores(t, again, image)) {
		t.Errorf("%+v", read)
	}
}

func TestOtherFilesAreNoJudge(t *testing.T) {
	one, err := weights.FromFloat32s([]float32{1}, 1)
	if err != nil {
		t.Fatal(err)
	}
	for want, metadata := range map[string]map[string]string{
		"it is no judge: cgan judge train makes one": nil,
		"it is no judge of 1 classes":                {aboutKey: `{"classes": ["a"]}`},
		`its record "judge"`:                         {aboutKey: `[`},
	} {
		var file bytes.Buffer
		if err := pt.Write(&file, "x.pt", weights.StateDict{{Key: "layers.0.weight", Tensor: one}}, metadata); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "x.pt")
		if err := os.WriteFile(path, file.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, _, err := Open(path); err == nil || !strings.Contains(err.Error(), "x.pt: "+want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// Augment keeps the values of images and their shape, and draws other changes each time.
func TestAugment(t *testing.T) {
	torchtest.Do(t, func() {
		torch.ManualSeed(1)
		image := torch.Rand([]int64{3, 2, 12, 16}, torch.CPU).MulScalar(2).AddScalar(-1)
		for _, flip := range []bool{false, true} {
			a, b := Augment(image, flip), Augment(image, flip)
			if !slices.Equal(a.Shape(), image.Shape()) || slices.Equal(a.Float32s(), b.Float32s()) {
				t.Errorf("flip %v: shape %v", flip, a.Shape())
			}
			if values := a.Float32s(); slices.Min(values) < -1.001 || slices.Max(values) > 1.001 {
				t.Errorf("flip %v: from %v to %v", flip, slices.Min(values), slices.Max(values))
			}
		}
	})
}
