package arch

import (
	"errors"
	"math"
	"strings"
	"testing"

	"cgan/weights"
)

const (
	mlpKeys = "label_emb.weight 10 10\nmodel.0+ 128 110\nmodel.2+ 256 128\nmodel.3* 256\nmodel.5+ 784 256"
	dcgKeys = "conv1.weight 110 128 7 7\nbn1* 128\nconv2.weight 128 64 4 4\nbn2* 64\nconv3.weight 64 1 4 4"
)

func candidatesOf(t *testing.T, keys string, known Known) *Candidates {
	t.Helper()
	c, err := CandidatesOf(stateOf(t, keys), known)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// plain is the network as a file without doubts.
func plain(n *Network) string {
	var lines []string
	for line := range strings.Lines(string(Write(&File{Generator: n}))) {
		part, _, _ := strings.Cut(strings.TrimSpace(line), " # ?")
		lines = append(lines, part)
	}
	return strings.Join(lines, "\n")
}

// What another program drew tells what shapes leave open: each of these is found, with nothing left in doubt.
func TestSearchFindsWhatShapesLeaveOpen(t *testing.T) {
	for _, test := range []struct {
		keys string
		want []string // lines, together
	}{
		{mlpKeys, []string{"join: cat(noise, label)", "- LeakyReLU(0.2)", "- Tanh()"}},
		{mlpKeys, []string{"join: cat(label, noise)", "- ReLU()", "- Sigmoid()"}},
		{mlpKeys, []string{"- model.3: BatchNorm1d(256, eps=0.8)\n- ELU()"}},
		{mlpKeys, []string{"- model.0: Linear(110, 128)\n- Tanh()\n- model.2: Linear(128, 256)\n- model.3: BatchNorm1d(256)\n- LeakyReLU(0.2)"}},
		{dcgKeys, []string{"- conv1: ConvTranspose2d(110, 128, 7, bias=False)\n- LeakyReLU()\n- bn1: BatchNorm2d(128)\n- conv2"}},
		{"fc+ 6272 110\nconv1+ 64 128 3 3\nconv2+ 1 64 3 3", []string{"mode='bilinear'"}},
		{"emb.weight 10 100\nfc1+ 256 100\nfc2+ 784 256", []string{"join: noise + label"}},
	} {
		c := candidatesOf(t, test.keys, Known{})
		tried := 0
		n, err := c.Search(func(n *Network) (bool, error) {
			tried++
			got := plain(n)
			for _, want := range test.want {
				if !strings.Contains(got, want) {
					return false, nil
				}
			}
			return true, nil
		})
		if err != nil || n == nil {
			t.Errorf("%v: not among %d: %v\n%s", test.want, tried, err, plain(c.Usual()))
			continue
		}
		if written := string(Write(&File{Generator: n})); tried > 300 || strings.Contains(written, "# ?") {
			t.Errorf("%v: %d were tried\n%s", test.want, tried, written)
		}
	}
}

func TestSearchEndsWithTheFirstError(t *testing.T) {
	broken := errors.New("broken")
	if n, err := candidatesOf(t, mlpKeys, Known{}).Search(func(*Network) (bool, error) { return false, broken }); n != nil || err != broken {
		t.Error(n, err)
	}
}

// No candidate may leave a tensor out or be tried twice, whatever the options.
func TestCandidatesHaveEveryTensorAndComeOnce(t *testing.T) {
	for name, layout := range layouts(t) {
		state := stateOf(t, layout[0])
		c, err := CandidatesOf(state, Known{})
		if err != nil {
			continue
		}
		seen := map[string]int{}
		enough := errors.New("enough")
		_, err = c.Search(func(n *Network) (bool, error) {
			if err := n.Check(); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if diff := otherTensors(n, state); diff != "" {
				t.Errorf("%s: %s", name, diff)
			}
			if seen[plain(n)]++; len(seen) > 30 {
				return false, enough
			}
			return false, nil
		})
		if err != nil && err != enough {
			t.Error(name, err)
		}
		for text, count := range seen {
			if count > 1 {
				t.Errorf("%s: %d times\n%s", name, count, text)
			}
		}
		if len(seen) < 2 {
			t.Errorf("%s: %d candidates", name, len(seen))
		}
	}
}

// What is known of the images leaves out what can't be.
func TestKnownLeavesOut(t *testing.T) {
	state := stateOf(t, "model.0+ 256 110\nmodel.2+ 784 256")
	for _, test := range []struct {
		known Known
		want  string
	}{
		{Known{}, "noise: randn(100)\nlabel: one_hot(10)"},
		{Known{Noise: 110}, "noise: randn(110)\nlayers"},
		{Known{Noise: 64, Labels: true}, "noise: randn(64)\nlabel: one_hot(46)"},
		{Known{Noise: 64}, "the noise has 64 values"},
		{Known{Noise: 200, Labels: true}, "the noise has 200 values"},
		{Known{Image: []int64{3, 32, 32}}, "gives 784 values, and the images have 3072"},
	} {
		got := guessedWith(state, test.known)
		if !strings.Contains(got, test.want) {
			t.Errorf("%+v: got\n%s", test.known, got)
		}
	}
}

func guessedWith(state weights.StateDict, known Known) string {
	c, err := CandidatesOf(state, known)
	if err != nil {
		return err.Error()
	}
	return plain(c.Usual())
}

// Statistics choose where they are clear, and leave what is usual where they are not.
func TestFit(t *testing.T) {
	misfitOf := func(good string, small float64) func(*Network) float64 {
		return func(n *Network) float64 {
			misfit := 0.9
			for _, part := range strings.Split(good, "; ") {
				if strings.Contains(plain(n), part) {
					misfit *= math.Sqrt(small / 0.9)
				}
			}
			return misfit
		}
	}
	usual := plain(candidatesOf(t, mlpKeys, Known{}).Usual())
	for _, test := range []struct {
		good   string
		small  float64
		sure   bool
		chosen bool
	}{
		{"- ReLU(); cat(label, noise)", 0.01, true, true},
		{"- ReLU(); cat(label, noise)", 0.3, false, true},
		{"- ReLU(); cat(label, noise)", 0.7, false, false},
	} {
		c := candidatesOf(t, mlpKeys, Known{})
		n := c.Fit(misfitOf(test.good, test.small))
		chosen := true
		for _, part := range strings.Split(test.good, "; ") {
			chosen = chosen && strings.Contains(plain(n), part)
		}
		sure := n.Doubts["join"] == ""
		if chosen != test.chosen || sure != test.sure || !chosen && plain(n) != usual || plain(c.Usual()) != plain(n) {
			t.Errorf("%+v: sure %v\n%s", test, sure, Write(&File{Generator: n}))
		}
	}
}
