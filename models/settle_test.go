package models

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"cgan/bindings/torch"
	"cgan/bindings/torch/torchtest"
	"cgan/models/arch"
	"cgan/weights"
)

// normed is a network whose guess has one activation, another order and another place of the norms; %s are those.
const normed = `generator:
  noise: randn(20)
  label:
    emb: Embedding(5, 20)
  join: cat(%s)
  layers:
    - fc1: Linear(40, 64)
    - %s
    - fc2: Linear(64, 96)
    %s
    - fc3: Linear(96, 128)
    %s
    - fc4: Linear(128, 144)
    - Tanh()
    - Reshape(1, 12, 12)
`

// trained makes the state dict of a network as a training of some batches leaves it: its norms have counted what they got.
func trained(t *testing.T, c Config, batches int) weights.StateDict {
	t.Helper()
	g := newColumn(t, c)
	torchtest.Do(t, func() {
		g.Train(true)
		torch.NoGrad(func() {
			labels := make([]int64, 64)
			for i := range labels {
				labels[i] = int64(i) % int64(c.Classes)
			}
			for range batches {
				torch.Scope(func() { g.Forward(g.Condition(g.Noise(64, torch.CPU), torch.FromInt64s(labels), int64(c.Classes))) })
			}
		})
		g.Eval()
	})
	return stateOf(t, g)
}

var alike = regexp.MustCompile(` # \?( or (ReLU\(\)|LeakyReLU\((0\.02)?\)))+\n`)

// What a BatchNorm counted in training tells the activation, the order of noise and label, and where norms stand.
func TestRunningStatisticsTell(t *testing.T) {
	for _, activation := range []string{"LeakyReLU(0.2)", "ReLU()", "LeakyReLU()", "ELU()"} {
		for _, order := range []string{"noise, label", "label, noise"} {
			for _, behind := range []bool{false, true} {
				norms := func(n int) string {
					norm := fmt.Sprintf("- bn%d: BatchNorm1d(%d)", n, 32*(n+1))
					if behind {
						return "- " + activation + "\n    " + norm
					}
					return norm + "\n    - " + activation
				}
				text := fmt.Sprintf(normed, order, activation, norms(2), norms(3))
				c := configOf(t, text)
				w, err := Find(fileOf(trained(t, c, 150), nil), "", nil)
				if err != nil {
					t.Fatal(err)
				}
				got := string(arch.Write(w.Config.Arch))
				told, _, _ := strings.Cut(got, "bn3")                      // what stands before the last norm
				if activation == "LeakyReLU()" || activation == "ReLU()" { // which differ in hardly anything
					told = alike.ReplaceAllString(told, "\n")
				}
				if activation == "LeakyReLU()" { // the other one is more usual
					got = strings.ReplaceAll(got, "- ReLU()", "- LeakyReLU()")
				}
				sure := !strings.Contains(told, " # ?")
				if withoutDoubts(got) != string(arch.Write(c.Arch)) || !sure {
					t.Errorf("%s, %s, behind: %v:\n%s", activation, order, behind, got)
				}
			}
		}
	}
}

// Without a training that says something, the guess is what is usual, with its doubts.
func TestFewBatchesTellNothing(t *testing.T) {
	c := configOf(t, fmt.Sprintf(normed, "label, noise", "ELU()", "- bn2: BatchNorm1d(96)\n    - ELU()", "- bn3: BatchNorm1d(128)\n    - ELU()"))
	w, err := Find(fileOf(trained(t, c, 50), nil), "", nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := string(arch.Write(w.Config.Arch)); strings.Contains(got, "ELU()") && !strings.Contains(got, "ReLU(") || !strings.Contains(got, "join: cat(noise, label) # ?") {
		t.Errorf("got\n%s", got)
	}
}

func withoutDoubts(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		part, _, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " # ?")
		b.WriteString(part + "\n")
	}
	return b.String()
}

// referenceOf is what a network draws of a state dict.
func referenceOf(t *testing.T, state weights.StateDict, c Config) Reference {
	t.Helper()
	g, err := LoadGenerator(state, c)
	if err != nil {
		t.Fatal(err)
	}
	defer g.Free()
	if err := g.Use(Compute{Exact: true}); err != nil {
		t.Fatal(err)
	}
	r := Reference{N: 4, Labels: []int64{0, 3, 1, 2}, Image: c.Image()}
	if c.Classes == 0 {
		r.Labels = nil
	}
	torchtest.Do(t, func() { r.Noise = torch.Randn([]int64{4, int64(c.Noise)}, torch.CPU).Float32s() })
	if r.Images, err = g.Images(c, r.Noise, r.Labels); err != nil {
		t.Fatal(err)
	}
	return r
}

// What another program drew settles what keys and shapes leave open, in networks of every family.
func TestSettle(t *testing.T) {
	plain := strings.Replace(strings.Replace(normed, "  label:\n    emb: Embedding(5, 20)\n  join: cat(%s)\n", "", 1), "randn(20)", "randn(40)", 1)
	for name, text := range map[string]string{
		"order, slope, place": fmt.Sprintf(normed, "label, noise", "LeakyReLU(0.1)", "- LeakyReLU(0.1)\n    - bn2: BatchNorm1d(96)", "- LeakyReLU(0.1)\n    - bn3: BatchNorm1d(128)"),
		"one place":           fmt.Sprintf(normed, "noise, label", "LeakyReLU(0.2)", "- ReLU()", "- LeakyReLU(0.2)"),
		"last":                strings.Replace(fmt.Sprintf(normed, "noise, label", "ReLU()", "- ReLU()", "- ReLU()"), "Tanh()", "Sigmoid()", 1),
		"no last":             strings.Replace(fmt.Sprintf(normed, "noise, label", "ReLU()", "- ReLU()", "- ReLU()"), "    - Tanh()\n", "", 1),
		"no label":            fmt.Sprintf(plain, "ReLU()", "- ReLU()", "- ReLU()"),
		"stride and upsample": `generator:
  noise: randn(12)
  label: one_hot(4)
  join: cat(noise, label)
  layers:
    - fc: Linear(16, 392)
    - ReLU()
    - Reshape(8, 7, 7)
    - Upsample(scale_factor=2, mode='bilinear')
    - conv1: Conv2d(8, 6, 3, padding=1)
    - LeakyReLU(0.2)
    - Upsample(scale_factor=2, mode='bilinear')
    - conv2: Conv2d(6, 1, 3, padding=1)
    - Tanh()
`,
	} {
		t.Run(name, func(t *testing.T) {
			c := configOf(t, text)
			state := stateOf(t, newColumn(t, c))
			r := referenceOf(t, state, c)
			w, err := Find(fileOf(state, nil), "", nil)
			if err != nil {
				t.Fatal(err)
			}
			tried := 0
			ctx, stop := context.WithTimeout(context.Background(), time.Minute)
			defer stop()
			if err := w.Settle(ctx, r, func(int) { tried++ }); err != nil {
				t.Fatal(err)
			}
			if got := string(arch.Write(w.Config.Arch)); got != string(arch.Write(c.Arch)) {
				t.Errorf("after %d:\n%s", tried, got)
			}
			if w.Assumed != nil {
				t.Errorf("assumed %v", w.Assumed)
			}
		})
	}
}

func TestSettleSaysThatNothingFits(t *testing.T) {
	c := configOf(t, fmt.Sprintf(normed, "noise, label", "ReLU()", "- ReLU()", "- ReLU()"))
	state := stateOf(t, newColumn(t, c))
	r := referenceOf(t, state, c)
	for name, test := range map[string]struct {
		change func(*Reference)
		limit  time.Duration
		want   string
	}{
		"other images": {func(r *Reference) { r.Images[1] += 0.5 }, time.Millisecond, "context deadline exceeded"},
		"other noise":  {func(r *Reference) { r.Noise = slices.Concat(r.Noise, r.Noise) }, time.Minute, "the noise has 40 values, and the network takes 20"},
		"other size":   {func(r *Reference) { r.Image = []int64{1, 9, 16} }, time.Minute, "and the network draws [1 12 12]"},
		"NaN":          {func(r *Reference) { r.Images[0] = float32(0) / float32(len(r.Labels)-4) }, time.Millisecond, "context deadline exceeded"},
	} {
		changed := r
		changed.Images, changed.Noise = slices.Clone(r.Images), slices.Clone(r.Noise)
		test.change(&changed)
		w, err := Find(fileOf(state, nil), "", nil)
		if err != nil {
			t.Fatal(err)
		}
		before := w.Config
		ctx, stop := context.WithTimeout(context.Background(), test.limit)
		err = w.Settle(ctx, changed, func(int) {})
		stop()
		if err == nil || !strings.Contains(err.Error(), test.want) || w.Config != before {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Where nothing was counted, the weights of a trained first layer tell noise, whose values are alike, from the label's.
func TestFirstWeightsTellTheOrder(t *testing.T) {
	for _, first := range []string{"fc: Linear(30, 64)", "fc: Linear(30, 64, bias=False)"} {
		for order, label := range map[string][2]int{"noise, label": {20, 30}, "label, noise": {0, 10}} {
			for _, trained := range []bool{false, true} {
				text := "generator:\n  noise: randn(20)\n  label:\n    emb: Embedding(5, 10)\n  join: cat(" + order + ")\n  layers:\n    - " + first +
					"\n    - ReLU()\n    - fc2: Linear(64, 144)\n    - Tanh()\n    - Reshape(1, 12, 12)\n"
				c := configOf(t, text)
				g := newColumn(t, c)
				torchtest.Do(t, func() {
					if trained {
						torch.NoGrad(func() {
							columns := tensor(t, g, "fc.weight").Narrow(1, int64(label[0]), 10)
							columns.Copy_(columns.MulScalar(1.5))
						})
					}
				})
				w, err := Find(fileOf(stateOf(t, g), nil), "", nil)
				if err != nil {
					t.Fatal(err)
				}
				got := string(arch.Write(w.Config.Arch))
				want := "join: cat(" + order + ") # ? or"
				if !trained {
					want = "join: cat(noise, label) # ? or"
				}
				if !strings.Contains(got, want) {
					t.Errorf("%s, %s, trained %v: got\n%s", first, order, trained, got)
				}
			}
		}
	}
}
