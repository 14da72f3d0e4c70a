package evaluate

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cgan/bindings/torch"
	"cgan/models"
	"cgan/train/dataset"
	"cgan/train/internal/noiseset"
)

// network writes a TorchScript network of this forward.
func network(t *testing.T, forward string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "network.pt")
	err := torch.Do("make a network", func() error { return os.WriteFile(path, torch.Script(forward, nil), 0o644) })
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// A network that gives some pixels as they are has an FID that is known without it.
func TestFIDIsTheDistanceOnTheNetworksFeatures(t *testing.T) {
	const n, step = 60, 9
	set, err := dataset.Open(t.Context(), noiseset.Write(t, 2*n), dataset.Options{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer set.Close()
	d := undrawn(t, models.Compute{})
	d.judged = &judged{read: make([]int, n)}
	r := &Reference{train: set, order: firstNumbers(2 * n), real: &judged{read: make([]int, n)}, other: &judged{read: make([]int, n)}, size: [3]int{1, 28, 28}}
	in, err := OpenInception(network(t, `def forward(self, x: Tensor, return_features: bool=False) -> Tensor:
    some = x.float()[:, 2, ::9, ::9]
    return some if return_features else 0 * some
`))
	if err != nil {
		t.Fatal(err)
	}
	defer in.Free()
	var steps [][2]int
	got, err := in.FID(t.Context(), r, d, func(done, all int) { steps = append(steps, [2]int{done, all}) })
	if err != nil {
		t.Fatal(err)
	}
	some := func(pixels []byte, err error) (features []float64) {
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range pixels {
			if y, x := i%784/28, i%28; y%step == 0 && x%step == 0 {
				features = append(features, float64(v))
			}
		}
		return features
	}
	numbers := firstNumbers(n)
	real := rootedOf(some(ofSet(set, r.order)(numbers)), n)
	for name, c := range map[string]struct {
		got    float64
		beside []float64
	}{"drawn": {got.Value, some(d.levels(numbers))}, "real": {got.Floor, some(ofSet(set, r.order[n:])(numbers))}} {
		want, err := frechet(real, gaussianOf(c.beside, n))
		if err != nil || want < 1 || math.Abs(c.got-want) > 1e-9*want {
			t.Errorf("%s: %v, want %v, %v", name, c.got, want, err)
		}
	}
	if got.Features != 16 || len(steps) != 6 || steps[5] != [2]int{3 * n, 3 * n} {
		t.Errorf("%d features, seen %v", got.Features, steps)
	}
}

func TestAFileThatIsNoNetworkIsNamed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "inception.pt")
	if err := os.WriteFile(path, []byte("no archive"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{path, path + ".missing"} {
		if _, err := OpenInception(path); err == nil || !strings.Contains(err.Error(), path+" is no TorchScript network") {
			t.Errorf("got %v", err)
		}
	}
}

// Fewer images than features make a covariance that has no inverse; a root it has.
func TestFrechetOfFewImages(t *testing.T) {
	const n, width = 20, 50
	a, b := cloud(1, 40, 0, 1).features, cloud(2, 40, 0.5, 2).features
	few := func(features []float64) []float64 { return features[:n*width] }
	got, err := frechet(rootedOf(few(a), n), gaussianOf(few(b), n))
	if err != nil || got < 1 {
		t.Fatal(got, err)
	}
	back, err := frechet(rootedOf(few(b), n), gaussianOf(few(a), n))
	if err != nil || math.Abs(got-back) > 1e-6*got {
		t.Errorf("%v one way, %v the other: %v", got, back, err)
	}
}
