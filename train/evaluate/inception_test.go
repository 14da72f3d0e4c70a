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
	d.judged = &judged{read: make([]int, n), asked: make([]int, n)}
	r := &Reference{train: set, order: firstNumbers(2 * n), real: &judged{read: make([]int, n)}, other: &judged{read: make([]int, n)}, size: [3]int{1, 28, 28}}
	in, err := OpenInception(network(t, `def forward(self, x: Tensor, return_features: bool=False) -> Tensor:
    some = x.float()[:, 2, ::9, ::9].flatten(1)
    return some if return_features else 0 * some
`), 28, 28)
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
	read := func(numbers []int) ([]byte, error) {
		pixels, _, err := readImages(set, numbers)
		return pixels, err
	}
	real := rootedOf(some(read(r.order[:n])), n)
	for name, c := range map[string]struct {
		got    float64
		beside []float64
	}{"drawn": {got.Value, some(d.levels(firstNumbers(n)))}, "real": {got.Floor, some(read(r.order[n:]))}} {
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
		if _, err := OpenInception(path, 28, 28); err == nil || !strings.Contains(err.Error(), path+" is no TorchScript network") {
			t.Errorf("got %v", err)
		}
	}
}

// Fewer images than features make a covariance that has no inverse; a root it has.
func TestFrechetOfFewImages(t *testing.T) {
	const width = 50
	for _, n := range []int{20, 49, 50, 51} {
		a, b := cloud(1, 60, 0, 1).features[:n*width], cloud(2, 60, 0.5, 2).features[:n*width]
		got, err := frechet(rootedOf(a, n), gaussianOf(b, n))
		if err != nil || got < 1 {
			t.Fatal(got, err)
		}
		back, err := frechet(rootedOf(b, n), gaussianOf(a, n))
		if err != nil || math.Abs(got-back) > 1e-6*got {
			t.Errorf("%d images: %v one way, %v the other: %v", n, got, back, err)
		}
		if same, err := frechet(rootedOf(a, n), gaussianOf(a, n)); err != nil || same > 1e-6 {
			t.Errorf("%d images are %v from themselves: %v", n, same, err)
		}
	}
}

// A network that is not Inception says so before anything is drawn.
func TestANetworkOfOtherShapesIsRefused(t *testing.T) {
	for _, forward := range []string{
		"def forward(self, x: Tensor) -> Tensor:\n    return x.float()\n",
		"def forward(self, x: Tensor) -> Tensor:\n    return x.float().mean()\n",
		"def forward(self, x: Tensor, y: Tensor) -> Tensor:\n    return x\n",
		"def forward(self, x: Tensor) -> int:\n    return 3\n",
	} {
		path := network(t, forward)
		if _, err := OpenInception(path, 28, 28); err == nil || !strings.Contains(err.Error(), path+" is no network from uint8 images [N, 3, H, W] to features [N, F]") {
			t.Errorf("%q: %v", forward, err)
		}
	}
}
