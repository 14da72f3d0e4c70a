package train

import (
	"context"
	"math"
	"slices"
	"strings"
	"testing"

	"cgan/bindings/nn"
	"cgan/bindings/torch"
	"cgan/models"
)

func TestOptionsThatCannotBeAreRefused(t *testing.T) {
	for want, change := range map[string]func(*Options){
		`loss is "gan": there are bce, hinge, lsgan, wgan-gp`:                        func(o *Options) { o.Loss = "gan" },
		`lr_schedule is "step": there are constant, linear, cosine`:                  func(o *Options) { o.LRSchedule = "step" },
		"label_smoothing is 0.1, but the loss hinge has no targets":                  func(o *Options) { o.Loss, o.LabelSmoothing = "hinge", 0.1 },
		"label_smoothing is 1: it must be from 0 to below 1":                         func(o *Options) { o.LabelSmoothing = 1 },
		"d_steps is 0: it must be from 1 to 1000":                                    func(o *Options) { o.DSteps = 0 },
		"r1 is -1: it must be from 0":                                                func(o *Options) { o.R1 = -1 },
		"r1 is 1, but the loss wgan-gp has a penalty on D's gradient of its":         func(o *Options) { o.Loss, o.R1 = "wgan-gp", 1 },
		"ema is 1: it must be a decay below 1, or a half-life of 100 images or more": func(o *Options) { o.EMA = 1 },
		"ema is NaN": func(o *Options) { o.EMA = math.NaN() },
		"lr_g is 2":  func(o *Options) { o.LRG = 2 },
		"lr_d is -1": func(o *Options) { o.LRD = -1 },
	} {
		c := Default()
		change(&c.Options)
		if err := c.Validate(); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

// Verdicts 0.5 and -2, by hand.
func TestLossesAreTheirDefinitions(t *testing.T) {
	log := func(p float64) float64 { return -math.Log(p) }
	sigmoid := func(x float64) float64 { return 1 / (1 + math.Exp(-x)) }
	for name, c := range map[string]struct {
		o                     Options
		real, fake, generated float64
	}{
		"hinge":           {Options{Loss: "hinge"}, (0.5 + 3) / 2, (1.5 + 0) / 2, 0.75},
		"wgan-gp":         {Options{Loss: "wgan-gp"}, 0.75, -0.75, 0.75},
		"lsgan":           {Options{Loss: "lsgan"}, (0.25 + 9) / 2, (0.25 + 4) / 2, (0.25 + 9) / 2},
		"lsgan, smoothed": {Options{Loss: "lsgan", LabelSmoothing: 0.5}, (0 + 6.25) / 2, (0.25 + 4) / 2, (0.25 + 9) / 2},
		"bce of scores":   {Options{Loss: "bce", R1: 1}, (log(sigmoid(0.5)) + log(sigmoid(-2))) / 2, (log(sigmoid(-0.5)) + log(sigmoid(2))) / 2, (log(sigmoid(0.5)) + log(sigmoid(-2))) / 2},
		"bce, smoothed too": {Options{Loss: "bce", R1: 1, LabelSmoothing: 1}, (log(sigmoid(-0.5)) + log(sigmoid(2))) / 2, (log(sigmoid(-0.5)) + log(sigmoid(2))) / 2,
			(log(sigmoid(0.5)) + log(sigmoid(-2))) / 2},
	} {
		err := torch.Do(name, func() error {
			verdict, l := torch.FromFloat32s([]float32{0.5, -2}, []int64{2}), c.o.newLoss()
			got, want := []float64{l.real(verdict).Item(), l.fake(verdict).Item(), l.generated(verdict).Item()}, []float64{c.real, c.fake, c.generated}
			for i := range got {
				if math.Abs(got[i]-want[i]) > 1e-6 {
					t.Errorf("%s: real, fake and generated are %v, want %v", name, got, want)
				}
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}
}

// optioned are options whose steps go other ways in fast mode than the article's.
var optioned = map[string]Options{
	"hinge":         {Loss: "hinge"},
	"lsgan":         {Loss: "lsgan", LabelSmoothing: 0.1},
	"spectral norm": {Loss: "bce", SpectralNorm: true},
	"wgan-gp":       {Loss: "wgan-gp"},
	"r1":            {Loss: "bce", R1: 10},
	"all":           {Loss: "hinge", R1: 1, SpectralNorm: true},
}

// withOptions is a small article's net with these options.
func withOptions(o Options) Config {
	c := articleConfig()
	o.DSteps, o.LRSchedule = 1, "constant"
	c.Options, c.NgF, c.NdF = o, 16, 16
	return c
}

// apart is how far the losses and the worst gradient are from exact mode's. Scores are of any sign, and so are losses of them:
// near 0 only their size beside 1 counts.
func apart(t *testing.T, c Config, batch int64, without ...string) (losses, gradient float64) {
	t.Helper()
	want := exactly(t, c, batch)
	l, got := gradients(t, c, batch)
	for _, pair := range [][2]float64{{l.D, want.losses.D}, {l.G, want.losses.G}, {l.DReal, want.losses.DReal}, {l.DFake, want.losses.DFake}} {
		losses = max(losses, math.Abs(pair[0]-pair[1])/max(1, math.Abs(pair[1])))
	}
	for name, w := range want.grads {
		if !idle(name, want.grads) && !slices.Contains(without, name) {
			gradient = max(gradient, difference(got[name], w))
		}
	}
	return losses, gradient
}

// The kernels' backward passes have no history: a penalty that went through them would move no weight. As near has it, a value
// at an activation's corner may fall on the other side, and an error of the arithmetic is in every step.
func TestFastModeWithOptionsIsExactModeWithin1e5(t *testing.T) {
	for name, o := range optioned {
		var worst []float64
		for seed := range int64(4) {
			c := withOptions(o)
			c.Seed = seed
			losses, gradient := apart(t, c, 3)
			if worst = append(worst, gradient); losses > 1e-5 || gradient > 1e-2 {
				t.Errorf("%s, seed %d: the losses are off by %.1e, the worst gradient by %.1e", name, seed, losses, gradient)
			}
		}
		if slices.Sort(worst); worst[1] > 1e-5 {
			t.Errorf("%s: the worst gradients are off by %.1e", name, worst)
		}
	}
}

// Penalties and verdicts stay float32.
func TestBFloat16WithOptionsIsNearExactMode(t *testing.T) {
	for name, o := range optioned {
		c := withOptions(o)
		c.Precision = models.BF16
		// The gradient of the last bias is one sum whose terms nearly cancel.
		if losses, gradient := apart(t, c, 64, "G.layer4.0.bias"); losses > 1e-2 || gradient > 0.3 {
			t.Errorf("%s: the losses are off by %.1e, the worst gradient by %.1e", name, losses, gradient)
		}
	}
}

// trained makes a trainer and lets look look at it, before the first step and after each.
func trained(t *testing.T, c Config, planned, steps int, look func(t *Trainer, step int)) {
	t.Helper()
	before := torch.Live()
	err := torch.Do(t.Name(), func() error {
		trainer, err := NewTrainer(c, torch.CPU)
		if err != nil {
			return err
		}
		defer trainer.Free()
		trainer.planned = planned
		look(trainer, 0)
		for step := range steps {
			image := torch.Tanh(torch.Randn([]int64{4, int64(c.Channels), 28, 28}, torch.CPU))
			trainer.Step(image, torch.Randint(int64(c.Classes), []int64{4}, torch.CPU))
			look(trainer, step+1)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if leaked := torch.Live() - before; leaked != 0 {
		t.Errorf("%d tensors leaked", leaked)
	}
}

func valuesOf(tensors []*torch.Tensor) (all []float32) {
	for _, p := range tensors {
		all = append(all, p.Float32s()...)
	}
	return all
}

func TestGMovesInEachOfDSteps(t *testing.T) {
	c := smallConfig(t)
	c.DSteps = 3
	var g, d []float32
	trained(t, c, 0, 6, func(trainer *Trainer, step int) {
		nextG, nextD := valuesOf(trainer.generator.Parameters()), valuesOf(trainer.discriminator.Parameters())
		if step > 0 && (slices.Equal(d, nextD) || slices.Equal(g, nextG) == (step%3 == 0)) {
			t.Errorf("step %d: D stays: %v, G stays: %v", step, slices.Equal(d, nextD), slices.Equal(g, nextG))
		}
		g, d = nextG, nextD
	})
}

func TestLearningRatesFallToThePlannedEnd(t *testing.T) {
	c := smallConfig(t)
	c.LR, c.LRD = 0.1, 0.2
	for schedule, want := range map[string][]float64{
		"constant": {1, 1, 1, 1}, "linear": {1, 0.75, 0.5, 0.25}, "cosine": {1, (1 + math.Sqrt(0.5)) / 2, 0.5, (1 - math.Sqrt(0.5)) / 2},
	} {
		c.LRSchedule = schedule
		trained(t, c, 4, 4, func(trainer *Trainer, step int) {
			if step == 0 {
				return
			}
			g, d := trainer.optimizerG.LR, trainer.optimizerD.LR
			if math.Abs(g-0.1*want[step-1]) > 1e-12 || math.Abs(d-0.2*want[step-1]) > 1e-12 {
				t.Errorf("%s: step %d has %v and %v, want %v of 0.1 and 0.2", schedule, step, g, d, want[step-1])
			}
		})
	}
}

func TestTheAverageFollowsTheGenerator(t *testing.T) {
	c := smallConfig(t)
	c.EMA, c.DSteps = 0.2, 2 // above 2/11, the most that step 2 has, and below 4/13 of step 4
	var want []float32
	trained(t, c, 0, 4, func(trainer *Trainer, step int) {
		now := valuesOf(trainer.generator.Parameters())
		if step == 0 {
			want = slices.Clone(now)
		}
		for i := range now {
			if step > 0 && step%2 == 0 { // where G moved
				decay := float32(min(0.2, float64(step)/float64(9+step)))
				want[i] = decay*want[i] + (1-decay)*now[i]
			}
		}
		if off := difference(valuesOf(trainer.average.Parameters()), want); off > 1e-6 {
			t.Errorf("step %d: the average is off by %v", step, off)
		}
		buffers, wantBuffers := trainer.average.Buffers(), trainer.generator.Buffers()
		if step%2 == 0 && !slices.Equal(buffers[0].Float32s(), wantBuffers[0].Float32s()) {
			t.Errorf("step %d: the running mean is not the generator's", step)
		}
	})
}

// Spectral norm bounds what the weight multiplies by; without it D's first layer has a norm of its own.
func TestSpectralNormBringsTheNormToOne(t *testing.T) {
	c := smallConfig(t)
	c.SpectralNorm = true
	trained(t, c, 0, 40, func(trainer *Trainer, step int) {
		if step < 40 {
			return
		}
		names := func(named []nn.Named) (all []string) {
			for _, n := range named[:4] {
				all = append(all, n.Name)
			}
			return all
		}
		state := trainer.discriminator.StateDict()
		if want := []string{"layer1.0.bias", "layer1.0.weight_orig", "layer1.0.weight_u", "layer1.0.weight_v"}; !slices.Equal(names(state), want) {
			t.Errorf("D's state dict begins with %v", names(state))
		}
		weight, u, v := state[1].Tensor, state[2].Tensor, state[3].Tensor
		torch.NoGrad(func() {
			matrix := weight.Reshape(weight.Size(0), -1)
			product := matrix.Mv(v).Float32s() // is sigma * u, where u and v are the singular vectors
			sigma := u.Dot(matrix.Mv(v)).Item()
			for i, want := range u.Float32s() {
				if math.Abs(float64(product[i])/sigma-float64(want)) > 1e-2 {
					t.Errorf("W v / sigma is %v, u has %v at %d", float64(product[i])/sigma, want, i)
				}
			}
		})
	})
}

// stopAfter runs c and ends it after a step, as a signal does.
func stopAfter(t *testing.T, c Config, step int) Result {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	result, err := Run(ctx, c, &listener{step: func(s Stats) {
		if s.Step == step {
			cancel()
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func TestAResumedRunWithOptionsIsTheRunWithoutAStop(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"wgan-gp": func(c *Config) { c.Loss, c.DSteps, c.LRSchedule, c.EMA = "wgan-gp", 3, "cosine", 0.9 },
		"hinge":   func(c *Config) { c.Loss, c.R1, c.SpectralNorm, c.LRSchedule, c.LRG = "hinge", 1, true, "linear", 1e-3 },
		"exact":   func(c *Config) { c.Exact, c.EMA, c.SpectralNorm, c.DSteps, c.LabelSmoothing = true, 0.5, true, 2, 0.1 },
	} {
		c := smallConfig(t)
		c.Steps = 8
		change(&c)
		whole, _ := mustRun(t, c)
		want := left(t, whole)
		for _, stop := range []int{1, 4, 5} {
			c.Out = t.TempDir()
			next, err := ResumeConfig(stopAfter(t, c, stop).Dir)
			if err != nil {
				t.Fatal(err)
			}
			if result, _ := mustRun(t, next); left(t, result) != want {
				t.Errorf("%s: by way of step %d the run is another", name, stop)
			}
		}
	}
}

// The learning rate of a schedule is that of the planned steps, and there is none after them.
func TestAScheduledRunGoesOnToItsPlannedEndOnly(t *testing.T) {
	c := smallConfig(t)
	c.Steps, c.LRSchedule = 6, "linear"
	dir := stopAfter(t, c, 2).Dir
	next, err := ResumeConfig(dir)
	if err != nil {
		t.Fatal(err)
	}
	next.Steps = 7
	if _, err := Run(t.Context(), next, &listener{}); err == nil || !strings.Contains(err.Error(), "falls to 0 at step 6, and it can't go on to step 7") {
		t.Error(err)
	}
	next.Steps = 4 // an earlier end is no other schedule
	mustRun(t, next)
	if next, err = ResumeConfig(dir); err != nil {
		t.Fatal(err)
	}
	next.Steps = 6
	result, _ := mustRun(t, next)
	c.Out = t.TempDir()
	whole, _ := mustRun(t, c)
	if left(t, result) != left(t, whole) {
		t.Error("by way of steps 2 and 4 the run is another")
	}
}

func TestInitTakesTheOptions(t *testing.T) {
	c := smallConfig(t)
	c.Steps, c.Loss, c.SpectralNorm, c.EMA, c.LRD = 2, "hinge", true, 0.9, 1e-3
	result, _ := mustRun(t, c)
	next, err := InitConfig(result.Dir, "", nil)
	if err != nil || next.Options != c.Options {
		t.Errorf("%v: got %+v, want %+v", err, next.Options, c.Options)
	}
	if next, err = InitConfig(result.Checkpoint, "", nil); err != nil || next.LR != c.LR || next.LRD != 1e-3 || !next.SpectralNorm {
		t.Errorf("%v: from the file alone %+v", err, next)
	}
	next.Data, next.Out, next.Device, next.Steps = c.Data, t.TempDir(), "cpu", 3
	_, said := mustRun(t, next)
	if !strings.Contains(strings.Join(said.said, ""), "holds generator_ema, an average of the generator's weights, which this run leaves behind") {
		t.Errorf("it said %q", said.said)
	}
	next.SpectralNorm = false
	if _, err = Run(t.Context(), next, &listener{}); err == nil || !strings.Contains(err.Error(), "spectral_norm is false, but the discriminator in") {
		t.Error(err)
	}
}
