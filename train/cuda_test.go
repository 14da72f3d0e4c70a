package train

import (
	"slices"
	"testing"

	"cgan/bindings/torch"
	"cgan/bindings/torch/torchtest"
	"cgan/models"
	"cgan/train/loader"
)

// lossesOf trains steps of c without a run folder, with cuDNN's algorithms that give the same bits each time. The last
// batch of an epoch is a smaller one.
func lossesOf(t *testing.T, c Config, device torch.Device, steps int) (all []Losses) {
	t.Helper()
	torchtest.Do(t, func() {
		torch.SetCuDNN(true, false)
		set, err := c.ReadData(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		loader, err := loader.New(set, c.Batch, device)
		if err != nil {
			t.Fatal(err)
		}
		defer loader.Free()
		trainer, err := NewTrainer(c, device)
		if err != nil {
			t.Fatal(err)
		}
		defer trainer.Free()
		trainer.planned = 2 * steps
		for i := range steps {
			if i%loader.Batches() == 0 {
				if err := loader.Shuffle(); err != nil {
					t.Fatal(err)
				}
			}
			torch.Scope(func() {
				image, label, err := loader.Batch(i % loader.Batches())
				if err != nil {
					t.Fatal(err)
				}
				all = append(all, trainer.Step(image, label))
			})
		}
	})
	return all
}

func TestGraphGivesTheBitsOfItsSteps(t *testing.T) {
	device := torchtest.CUDA(t)
	for name, change := range map[string]func(*Config){
		"f32":           func(*Config) {},
		"bf16":          func(c *Config) { c.Precision = models.BF16 },
		"schedule, EMA": func(c *Config) { c.LRSchedule, c.EMA = "cosine", 0.99 },
		"R1":            func(c *Config) { c.R1 = 1 },
		"without adam":  func(c *Config) { c.Without = []models.SpeedUp{models.Adam} },
		"spectral norm": func(c *Config) { c.Loss, c.SpectralNorm = "hinge", true },
	} {
		c := smallConfig(t)
		change(&c)
		before := torch.Live()
		graph := lossesOf(t, c, device, 12)
		c.Without = append(c.Without, models.Graph)
		if steps := lossesOf(t, c, device, 12); !slices.Equal(graph, steps) {
			t.Errorf("%s: with the graph %v, without %v", name, graph, steps)
		}
		if leaked := torch.Live() - before; leaked != 0 {
			t.Errorf("%s: %d tensors leaked", name, leaked)
		}
	}
}

func TestFusedAdamOnCUDALearnsAsAdam(t *testing.T) {
	device := torchtest.CUDA(t)
	c := smallConfig(t)
	fused := lossesOf(t, c, device, 10)
	c.Without = []models.SpeedUp{models.Adam, models.Graph}
	for i, l := range lossesOf(t, c, device, 10) {
		if d := fused[i].D - l.D; d > 1e-3 || d < -1e-3 {
			t.Errorf("step %d: Loss_D is %v with the fused Adam, %v without", i+1, fused[i].D, l.D)
		}
	}
}

// Three steps and three more are six, to the bit: the checkpoint holds CUDA's random numbers.
func TestCUDARunGoesOnToTheBit(t *testing.T) {
	torchtest.CUDA(t)
	c := smallConfig(t)
	c.Device, c.Exact, c.Steps = "cuda", true, 6
	_, whole := mustRun(t, c)
	c.Steps = 3
	first, _ := mustRun(t, c)
	c.Init, c.Steps = first.Checkpoint, 6
	_, rest := mustRun(t, c)
	for i, s := range rest.stats {
		if w := whole.stats[3+i]; s.LossD != w.LossD || s.LossG != w.LossG {
			t.Errorf("step %d: losses %v and %v, in one run %v and %v", s.Step, s.LossD, s.LossG, w.LossD, w.LossG)
		}
	}
	if len(rest.stats) != 3 {
		t.Errorf("%d steps more, want 3", len(rest.stats))
	}
	next, err := ResumeConfig(first.Dir)
	if err != nil {
		t.Fatal(err)
	}
	next.Steps = 6
	_, resumed := mustRun(t, next)
	if len(resumed.stats) != 3 {
		t.Fatalf("%d steps of the resumed run, want 3", len(resumed.stats))
	}
	for i, s := range resumed.stats {
		if w := rest.stats[i]; s.LossD != w.LossD || s.LossG != w.LossG {
			t.Errorf("step %d of the resumed run: losses %v and %v, want %v and %v", s.Step, s.LossD, s.LossG, w.LossD, w.LossG)
		}
	}
}
