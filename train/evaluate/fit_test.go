package evaluate

import (
	"encoding/json"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"cgan/bindings/torch"
	"cgan/models"
	"cgan/models/judge"
	"cgan/train/dataset"
	"cgan/train/internal/noiseset"
	"cgan/weights"
	"cgan/weights/npz"
)

// A judge is trained, and makes features, as Python does both: on the same libtorch and in exact mode to the bit, in fast mode closely.
func TestAJudgeIsTrainedAsInPython(t *testing.T) {
	python := os.Getenv("CGAN_PYTHON_215")
	if python == "" || torch.Version() != "2.15.0" {
		t.Skip("set CGAN_PYTHON_215 to a Python executable with torch 2.15.0, and build on that libtorch, to compare judges: make exchange does")
	}
	set, err := dataset.Open(t.Context(), noiseset.Write(t, 40), dataset.Options{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, flip := range []bool{false, true} {
		o := FitOptions{Epochs: 2, Batch: 16, LR: 2e-3, LabelSmoothing: 0.1, Flip: flip, Seed: 5, Compute: models.Compute{Exact: true}}
		want := fitInPython(t, python, set, o)
		got, fast := fitted(t, set, o)
		if !slices.Equal(got.Losses, want.Losses) || !slices.Equal(got.Features, want.Features) {
			t.Errorf("flip %v: losses %v, want %v; features equal: %v", flip, got.Losses, want.Losses, slices.Equal(got.Features, want.Features))
		}
		largest := slices.Max(want.Features)
		for i, f := range want.Features {
			if math.Abs(fast[i]-f) > 1e-5*largest {
				t.Fatalf("flip %v: in fast mode feature %d is %v, want %v", flip, i, fast[i], f)
			}
		}
	}
}

// A judge is trained once for a data set and kept by its fingerprint; another set gets one of its own.
func TestAJudgeIsTrainedOnce(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	of := func(n int) (told, steps int, about judge.About) {
		set, err := dataset.Open(t.Context(), noiseset.Write(t, n), dataset.Options{}, nil)
		if err != nil {
			t.Fatal(err)
		}
		j, about, err := JudgeOf(t.Context(), set, nil, func(string) { told++ }, func(Fitting) { steps++ })
		if err != nil {
			t.Fatal(err)
		}
		j.Free()
		return told, steps, about
	}
	told, steps, first := of(30)
	if told != 1 || steps != DefaultFit().Epochs {
		t.Errorf("told %d times, %d steps", told, steps)
	}
	if told, steps, again := of(30); told != 0 || steps != 0 || again.Data != first.Data {
		t.Errorf("it is trained again: told %d times, %d steps", told, steps)
	}
	if told, _, other := of(40); told != 1 || other.Data == first.Data {
		t.Errorf("other data has the same judge")
	}
}

type fittedJudge struct {
	Losses   []float64 `json:"losses"`
	Features []float64 `json:"features"`
}

// fitted trains a judge and gives its features as it was trained, and in fast mode.
func fitted(t *testing.T, set *dataset.Set, o FitOptions) (f fittedJudge, fast []float64) {
	t.Helper()
	j, err := Fit(t.Context(), set, o, func(p Fitting) {
		if p.Step == p.Steps {
			f.Losses = append(f.Losses, p.Loss)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	defer j.Free()
	v, err := judgeSet(j, set, firstNumbers(set.Images.N))
	if err != nil {
		t.Fatal(err)
	}
	f.Features = v.features
	j.SetFast(models.Compute{}.Fast())
	if v, err = judgeSet(j, set, firstNumbers(set.Images.N)); err != nil {
		t.Fatal(err)
	}
	return f, v.features
}

func fitInPython(t *testing.T, python string, set *dataset.Set, o FitOptions) (f fittedJudge) {
	t.Helper()
	im := set.Images
	images := weights.Tensor{DType: weights.U8, Shape: []int64{int64(im.N), int64(im.Channels), int64(im.Height), int64(im.Width)}, Data: im.Pixels}
	values := make([]int64, im.N)
	for i, label := range set.Labels {
		values[i] = int64(label)
	}
	labels, err := weights.FromInt64s(values, int64(im.N))
	if err != nil {
		t.Fatal(err)
	}
	flip := int64(0)
	if o.Flip {
		flip = 1
	}
	options, err := weights.FromInt64s([]int64{int64(o.Epochs), int64(o.Batch), o.Seed, flip, int64(torch.NumThreads())}, 5)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "images.npz")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if err := npz.Write(file, weights.StateDict{{Key: "images", Tensor: images}, {Key: "labels", Tensor: labels}, {Key: "options", Tensor: options}}); err != nil {
		t.Fatal(err)
	}
	script := exec.Command(python, "fit.py", path)
	script.Stderr = os.Stderr
	output, err := script.Output()
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(output, &f); err != nil {
		t.Fatal(err)
	}
	return f
}
