package checkpoint

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"cgan/bindings/nn"
	"cgan/bindings/optim"
	"cgan/bindings/torch"
	"cgan/bindings/torch/torchtest"
	"cgan/models"
	"cgan/weights"
	"cgan/weights/atomicfile"
	"cgan/weights/formats"
	"cgan/weights/pt"
)

// newParts makes the smallest networks for so much noise, without states of the optimizers.
func newParts(t *testing.T, noise int, seed int64) Parts {
	t.Helper()
	torch.ManualSeed(seed)
	c := models.Config{Noise: noise, NgF: 1, NdF: 1, Channels: 1, Size: 28, Classes: 10}
	g, d := c.NewGenerator(), c.NewDiscriminator()
	p := Parts{Generator: g, Discriminator: d, OptimizerG: optim.NewAdam(g.Parameters(), 2e-4, 0.5, 0.999), OptimizerD: optim.NewAdam(d.Parameters(), 2e-4, 0.5, 0.999)}
	t.Cleanup(func() {
		p.OptimizerG.Free()
		p.OptimizerD.Free()
		g.Free()
		d.Free()
	})
	return p
}

// trained is newParts whose optimizers had three steps.
func trained(t *testing.T, noise int, seed int64) Parts {
	t.Helper()
	p := newParts(t, noise, seed)
	for adam, net := range p.nets() {
		for i, n := range net.NamedParameters() {
			adam.SetState(i, 3, torch.Randn(n.Tensor.Shape(), torch.CPU), torch.Randn(n.Tensor.Shape(), torch.CPU))
		}
	}
	return p
}

func (p Parts) nets() map[*optim.Adam]Network {
	return map[*optim.Adam]Network{p.OptimizerG: p.Generator, p.OptimizerD: p.Discriminator}
}

// contents are the bytes of all tensors that the parts hold, the networks' and the optimizers'.
func contents(p Parts) (all []string) {
	for _, net := range [][]nn.Named{p.Generator.StateDict(), p.Discriminator.StateDict()} {
		for _, n := range net {
			all = append(all, fmt.Sprintf("%s %x", n.Name, n.Tensor.Bytes()))
		}
	}
	for _, adam := range []*optim.Adam{p.OptimizerG, p.OptimizerD} {
		for i, s := range adam.States() {
			if s.ExpAvg != nil {
				all = append(all, fmt.Sprintf("%d step %d %x %x", i, s.Step, s.ExpAvg.Bytes(), s.ExpAvgSq.Bytes()))
			}
		}
	}
	return all
}

// load reads a file into the parts, as a run that goes on does.
func load(t *testing.T, path string, p Parts) (Progress, error) {
	t.Helper()
	w, err := models.Open(path, "")
	if err != nil {
		t.Fatal(err)
	}
	return Load(w, p)
}

func TestWhatIsSavedIsLoaded(t *testing.T) {
	torchtest.Do(t, func() {
		saved := trained(t, 2, 1)
		saved.OptimizerG.InitialLR, saved.OptimizerG.LR = 2e-4, 1e-9 // as at the end of a schedule
		path := filepath.Join(t.TempDir(), "checkpoint-000009.pt")
		at := Progress{Step: 9, Epoch: 2, EpochStep: 1, EpochRNG: torch.RNGState(torch.CPU).Bytes(), Batch: 16, Images: 128}
		for range 2 { // the second in place of the first
			if err := Save(atomicfile.System(), path, saved, at); err != nil {
				t.Fatal(err)
			}
		}
		next := torch.Randn([]int64{100}, torch.CPU).Bytes()
		loaded := newParts(t, 2, 2)
		got, err := load(t, path, loaded)
		if err != nil || !reflect.DeepEqual(got, at) || !slices.Equal(contents(loaded), contents(saved)) {
			t.Errorf("loaded %+v, %v", got, err)
		}
		if !bytes.Equal(torch.Randn([]int64{100}, torch.CPU).Bytes(), next) {
			t.Error("the random numbers do not go on where they stood")
		}
		file, err := formats.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		if s, err := SettingsOf(file.Root); err != nil || s != (Settings{Batch: 16, Adam: true, LR: 2e-4, Beta1: 0.5, Beta2: 0.999}) {
			t.Errorf("settings %+v, %v", s, err)
		}
	})
}

// changed saves parts, changes what the file holds, and gives its path.
func changed(t *testing.T, p Parts, change func(root *weights.Dict)) string {
	t.Helper()
	root, err := checkpoint(p, Progress{Step: 1, Batch: 16, Images: 128})
	if err != nil {
		t.Fatal(err)
	}
	change(root)
	path := filepath.Join(t.TempDir(), "w.pt")
	err = atomicfile.Write(path, false, func(w io.Writer) error { return pt.Write(w, "w", root, nil) })
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// in is what a dict of the file holds under the keys, one within the other.
func in(value weights.Value, keys ...any) *weights.Dict {
	for _, key := range keys {
		switch k := key.(type) {
		case string:
			value, _ = value.(*weights.Dict).Get(k)
		case int:
			value, _ = value.(*weights.Dict).GetInt(int64(k))
		}
	}
	return value.(*weights.Dict)
}

// A file that does not fit says where, and the networks keep what they had.
func TestFilesThatDoNotFit(t *testing.T) {
	two := weights.Tensor{DType: weights.F32, Shape: []int64{2}, Data: make([]byte, 8)}
	torchtest.Do(t, func() {
		for want, change := range map[string]func(root *weights.Dict){
			"optimizerG: state of layer1.0.weight: exp_avg is not a tensor of shape [12 4 3 3]": func(root *weights.Dict) {
				in(root, "optimizerG", "state", 0).Set("exp_avg", two)
			},
			"optimizerD: state of layer1.0.bias: exp_avg_sq is not a tensor of shape [1]": func(root *weights.Dict) {
				in(root, "optimizerD", "state", 1).Set("exp_avg_sq", nil)
			},
			"optimizerG: state of layer1.0.weight: step is -1":       func(root *weights.Dict) { in(root, "optimizerG", "state", 0).Set("step", int64(-1)) },
			"optimizerD: it is not the state_dict() of an optimizer": func(root *weights.Dict) { root.Set("optimizerD", "Adam") },
			"optimizerD: it has states of ": func(root *weights.Dict) {
				in(root, "optimizerD", "state").SetInt(99, in(root, "optimizerD", "state", 0))
			},
			"rng_state is not a tensor of bytes": func(root *weights.Dict) { root.Set("rng_state", two) },
		} {
			_, err := load(t, changed(t, trained(t, 2, 1), change), newParts(t, 2, 2))
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%v does not say %q", err, want)
			}
		}
		other := newParts(t, 3, 2)
		had := contents(other)
		_, err := load(t, changed(t, trained(t, 2, 1), func(*weights.Dict) {}), other)
		if err == nil || !strings.Contains(err.Error(), "layer1.0.weight") || !strings.Contains(err.Error(), "[12 4 3 3]") || !strings.Contains(err.Error(), "[13 4 3 3]") {
			t.Errorf("a generator of another size: %v", err)
		}
		if !slices.Equal(contents(other), had) {
			t.Error("what does not fit was loaded in part")
		}
	})
}

// Networks without optimizers are loaded, and Adam begins anew; so it does for a parameter that had no step.
func TestWithoutTheStateOfOptimizers(t *testing.T) {
	torchtest.Do(t, func() {
		saved, loaded := trained(t, 2, 1), newParts(t, 2, 2)
		path := changed(t, saved, func(root *weights.Dict) {
			in(root, "optimizerD").Set("state", &weights.Dict{})
			all := *root
			*root = weights.Dict{}
			for key, value := range all.All() {
				if key != "optimizerG" {
					root.Set(key.(string), value)
				}
			}
		})
		if _, err := load(t, path, loaded); err != nil {
			t.Fatal(err)
		}
		if want := len(saved.Generator.StateDict()) + len(saved.Discriminator.StateDict()); !slices.Equal(contents(loaded), contents(saved)[:want]) {
			t.Error("the networks are others, or Adam has a state")
		}
	})
}

// python.pt is what train.py saved, and python.json what it says of it.
func TestACheckpointOfPython(t *testing.T) {
	text, err := os.ReadFile("testdata/python.json")
	if err != nil {
		t.Fatal(err)
	}
	var want struct {
		Random                                           []int64
		Generator, Discriminator, OptimizerG, OptimizerD map[string]string
	}
	if err := json.Unmarshal(text, &want); err != nil {
		t.Fatal(err)
	}
	torchtest.Do(t, func() {
		p := newParts(t, 100, 5)
		at, err := load(t, "testdata/python.pt", p)
		if at.EpochRNG = nil; err != nil || !reflect.DeepEqual(at, Progress{Step: 7, Epoch: 2, EpochStep: 3, Batch: 4, Images: 14}) {
			t.Fatalf("%+v, %v", at, err)
		}
		if got := torch.Randint(1000, []int64{8}, torch.CPU).Int64s(); !slices.Equal(got, want.Random) {
			t.Errorf("the next random numbers are %v, Python's %v", got, want.Random)
		}
		for _, net := range []struct {
			net         Network
			adam        *optim.Adam
			sums, adams map[string]string
		}{{p.Generator, p.OptimizerG, want.Generator, want.OptimizerG}, {p.Discriminator, p.OptimizerD, want.Discriminator, want.OptimizerD}} {
			sums, adams := map[string]string{}, map[string]string{}
			for _, n := range net.net.StateDict() {
				sums[n.Name] = sum(n.Tensor.Bytes())
			}
			states := net.adam.States()
			for i, n := range net.net.NamedParameters() {
				adams[n.Name] = sum(append(states[i].ExpAvg.Bytes(), states[i].ExpAvgSq.Bytes()...))
				if states[i].Step != 2 {
					t.Errorf("%s had %d steps, not 2", n.Name, states[i].Step)
				}
			}
			if !reflect.DeepEqual(sums, net.sums) || !reflect.DeepEqual(adams, net.adams) {
				t.Errorf("other bytes than Python's: %v, %v", sums, adams)
			}
		}
	})
}

func sum(data []byte) string {
	s := sha256.Sum256(data)
	return hex.EncodeToString(s[:])
}
