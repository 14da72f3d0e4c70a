package evaluate

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"cgan/models"
	"cgan/models/judge"
	"cgan/train/dataset"
	"cgan/weights"
	"cgan/weights/npz"
)

// features are like a judge's: above 0, a centre for each class, much more spread in some directions than in others, and of each
// class some images that are read as another.
func features(seed uint64, n int, width float64) *judged {
	random := rand.New(rand.NewPCG(seed, 1))
	centres := rand.New(rand.NewPCG(0, 2))
	centre := make([]float64, 10*judge.Features)
	for i := range centre {
		centre[i] = max(0, centres.NormFloat64())
	}
	v := &judged{}
	for i := range n {
		class := i % 10
		whole := random.NormFloat64()
		for k := range judge.Features {
			f := centre[class*judge.Features+k] + width*(0.3*whole+random.NormFloat64()/float64(1+k%7))
			v.features = append(v.features, float64(float32(max(0, f)))) // as a judge's, which are float32
		}
		v.asked, v.read = append(v.asked, class), append(v.read, class)
		if random.IntN(20) == 0 {
			v.read[i] = random.IntN(10)
		}
	}
	return v
}

// writeFeatures writes what figures.py reads.
func writeFeatures(t *testing.T, path string, r *Reference, d *Drawn) {
	t.Helper()
	file := weights.StateDict{}
	add := func(key string, tensor weights.Tensor, err error) {
		if err != nil {
			t.Fatal(err)
		}
		file = append(file, weights.Entry{Key: key, Tensor: tensor})
	}
	integers := func(key string, values ...int) {
		all := make([]int64, len(values))
		for i, v := range values {
			all[i] = int64(v)
		}
		tensor, err := weights.FromInt64s(all, int64(len(all)))
		add(key, tensor, err)
	}
	for key, v := range map[string]*judged{"real": r.real, "other": r.other, "held_out": r.heldOut, "drawn": d.judged} {
		values := make([]float32, len(v.features))
		for i, f := range v.features {
			values[i] = float32(f)
		}
		tensor, err := weights.FromFloat32s(values, int64(v.n()), judge.Features)
		add(key, tensor, err)
	}
	integers("real_asked", r.real.asked...)
	integers("drawn_asked", d.asked...)
	integers("drawn_read", d.read...)
	integers("classes", d.config.Classes)
	out, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	if err := npz.Write(out, file); err != nil {
		t.Fatal(err)
	}
}

// Every figure on features is that of an independent implementation, to 1e-4.
func TestFiguresAreThoseOfSciPy(t *testing.T) {
	python := os.Getenv("CGAN_PYTHON_EVALUATE")
	if python == "" {
		t.Skip("set CGAN_PYTHON_EVALUATE to a Python executable with numpy and scipy to compare figures: make exchange does")
	}
	drawn := features(4, 1800, 0.28)
	r := &Reference{real: features(1, 2000, 0.3), other: features(2, 2000, 0.3), heldOut: features(3, 1500, 0.3)}
	copy(drawn.features[:100*judge.Features], r.real.features) // some are copies
	if err := r.measure(); err != nil {
		t.Fatal(err)
	}
	compareWithSciPy(t, python, r, &Drawn{judged: drawn, config: models.Config{Classes: 10}})
}

// So it is on what the judge of the box makes of MNIST: test images in the place of drawn ones.
func TestFiguresOfMNISTAreThoseOfSciPy(t *testing.T) {
	python := os.Getenv("CGAN_PYTHON_EVALUATE")
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(cache, "cgan", "mnist")
	if _, err := os.Stat(folder); err != nil || python == "" {
		t.Skip("CGAN_PYTHON_EVALUATE is not set, or MNIST is not in the cache: make exchange sets the one, make train fetches the other")
	}
	train, err := dataset.Open(t.Context(), folder, dataset.Options{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer train.Close()
	test, err := OpenTest(t.Context(), folder, dataset.Options{}, train, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer test.Close()
	j, about, ok, err := judge.InBox(train.Hash())
	if !ok || err != nil {
		t.Fatalf("MNIST's judge is not in the box: %v", err)
	}
	defer j.Free()
	const count = 1500
	r, err := NewReference(j, about, train, test, count)
	if err != nil {
		t.Fatal(err)
	}
	drawn, err := judgeSet(j, test, firstNumbers(2 * count)[count:])
	if err != nil {
		t.Fatal(err)
	}
	if accuracy := drawn.accuracy(); accuracy < 0.99 {
		t.Errorf("the judge reads %v", accuracy)
	}
	compareWithSciPy(t, python, r, &Drawn{judged: drawn, config: models.Config{Classes: 10}})
}

func compareWithSciPy(t *testing.T, python string, r *Reference, d *Drawn) {
	t.Helper()
	f, err := r.Figures(d)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "features.npz")
	writeFeatures(t, path, r, d)
	script := exec.Command(python, "figures.py", path)
	script.Stderr = os.Stderr
	output, err := script.Output()
	if err != nil {
		t.Fatal(err)
	}
	var want map[string]any
	if err := json.Unmarshal(output, &want); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	for _, own := range []string{"judge", "count", "real", "held_out"} { // what no figure is
		delete(got, own)
	}
	worst, compared := 0.0, 0
	sameFigures(t, "", got, want, &worst, &compared)
	t.Logf("%d numbers, the largest relative difference is %.1e", compared, worst)
	if compared < 100 {
		t.Error("almost nothing was compared")
	}
}

// sameFigures compares what JSON gives, number by number.
func sameFigures(t *testing.T, name string, got, want any, worst *float64, compared *int) {
	t.Helper()
	switch want := want.(type) {
	case map[string]any:
		own, _ := got.(map[string]any)
		for key := range own {
			if _, ok := want[key]; !ok {
				t.Errorf("%s.%s is in no figures.py", name, key)
			}
		}
		for key, value := range want {
			sameFigures(t, name+"."+key, own[key], value, worst, compared)
		}
	case []any:
		own, _ := got.([]any)
		if len(own) != len(want) {
			t.Errorf("%s has %d values, want %d", name, len(own), len(want))
			return
		}
		for i, value := range want {
			sameFigures(t, fmt.Sprintf("%s[%d]", name, i), own[i], value, worst, compared)
		}
	case float64:
		own, ok := got.(float64)
		apart := math.Abs(own-want) / max(math.Abs(want), 1e-12)
		if !ok || !(apart <= 1e-4) && own != want {
			t.Errorf("%s is %v, want %v", name, got, want)
			return
		}
		if own != want {
			*worst = slices.Max([]float64{*worst, apart})
		}
		*compared++
	}
}
