package train

import (
	"fmt"
	"math"

	"cgan/bindings/distributed"
	"cgan/bindings/nn"
	"cgan/bindings/optim"
	"cgan/bindings/torch"
	"cgan/models"
	"cgan/train/checkpoint"
)

// Trainer holds both networks and their optimizers. It mirrors Trainer of train.py.
type Trainer struct {
	config        Config
	device        torch.Device
	generator     *models.Net
	average       *models.Net // EMA of generator; nil without
	discriminator *models.Net
	optimizerG    *optim.Adam
	optimizerD    *optim.Adam
	loss          loss
	done, planned int // steps so far, and those that LRSchedule counts to
	graph         graph
	ranks         int                  // processes that train together
	reducerG      *distributed.Reducer // of gradients over them; nil for one process
	reducerD      *distributed.Reducer
}

// NewTrainer seeds the random numbers and makes networks and optimizers on device. Free it.
func NewTrainer(c Config, device torch.Device) (*Trainer, error) {
	t := &Trainer{config: c, device: device, loss: c.newLoss(), ranks: 1}
	lrG, lrD := c.lrs()
	err := torch.Do("make the networks", func() error {
		torch.ManualSeed(c.Seed)
		t.generator = c.NewGenerator()
		if c.sigmoid() {
			t.discriminator = c.NewDiscriminator()
		} else {
			t.discriminator = c.NewCritic()
		}
		if c.SpectralNorm {
			t.discriminator.Network.(*models.Discriminator).SpectralNorm()
		}
		t.generator.To(device)
		t.discriminator.To(device)
		t.generator.SetFast(c.Fast())
		t.discriminator.SetFast(c.Fast())
		if c.EMA > 0 {
			t.newAverage()
		}
		t.optimizerG = optim.NewAdam(t.generator.Parameters(), lrG, c.Beta1, c.Beta2)
		t.optimizerD = optim.NewAdam(t.discriminator.Parameters(), lrD, c.Beta1, c.Beta2)
		t.optimizerG.Kernels, t.optimizerD.Kernels = c.AdamKernels(), c.AdamKernels()
		t.optimizerG.Fused, t.optimizerD.Fused = c.Uses(models.Adam), c.Uses(models.Adam)
		if c.LRSchedule != "constant" {
			t.optimizerG.InitialLR, t.optimizerD.InitialLR = lrG, lrD
		}
		return nil
	})
	if err != nil {
		t.Free()
		return nil, err
	}
	return t, nil
}

// Losses is what one step found: both losses, and D's mean verdict on real and on drawn images. In a step that leaves G
// as it is, G's loss is that of the verdicts before D's update.
type Losses struct{ D, G, DReal, DFake float64 }

// Step trains both networks on one batch: images [B, C, size, size] in [-1, 1], labels [B] int64. Each step is one of D's,
// and each Options.DSteps-th of G's too. It runs inside torch.Do.
func (t *Trainer) Step(image, label *torch.Tensor) (l Losses) {
	t.schedule()
	if t.config.Flip {
		image = mirror(image)
	}
	image = t.scale(image)
	if t.device != torch.CPU && t.config.Uses(models.Graph) && t.config.graphable() {
		l = t.stepGraph(image, label)
	} else {
		l = t.update(image, label).read()
	}
	if (t.done+1)%t.config.DSteps == 0 {
		t.updateAverage() // beside the graph, which would keep the decay of its capture
	}
	t.done++
	return l
}

// scale brings images from [-1, 1] to the values of a network that is given as data.
func (t *Trainer) scale(image *torch.Tensor) *torch.Tensor {
	if t.config.Arch == nil {
		return image
	}
	low, high := t.config.Arch.Generator.Values[0], t.config.Arch.Generator.Values[1]
	if low == -1 && high == 1 {
		return image
	}
	return image.MulScalar((high - low) / 2).AddScalar((high + low) / 2)
}

// schedule sets the learning rates of the coming step.
func (t *Trainer) schedule() {
	if t.config.LRSchedule == "constant" || t.planned == 0 {
		return
	}
	passed := float64(t.done) / float64(t.planned)
	factor := 1 - passed
	if t.config.LRSchedule == "cosine" {
		factor = (1 + torch.Cos(math.Pi*passed)) / 2
	}
	lrG, lrD := t.config.lrs()
	t.optimizerG.SetLR(lrG * factor)
	t.optimizerD.SetLR(lrD * factor)
}

// found is the values of Losses as tensors of one value each.
type found struct{ lossD, lossG, dReal, dFake *torch.Tensor }

func (f found) read() Losses {
	return Losses{f.lossD.Item(), f.lossG.Item(), f.dReal.Item(), f.dFake.Item()}
}

// update is Step without reading a value.
func (t *Trainer) update(image, label *torch.Tensor) found {
	n, device := image.Size(0), t.device
	if t.config.R1 > 0 {
		image = image.Detach().RequiresGrad_(true)
	}
	real := t.condition(image, label)
	noise := t.generator.Noise(n, device)
	fakeLabel := t.randomLabel(n)

	t.discriminator.ZeroGrad()
	dReal := t.discriminateReal(real)
	lossReal := t.loss.real(dReal)
	drawn := t.generate(noise, fakeLabel)
	fake := t.condition(drawn, fakeLabel)
	dFake := t.discriminate(fake.detach())
	lossFake := t.loss.fake(dFake)
	lossD := lossReal.Add(lossFake)
	if t.config.R1 > 0 {
		lossD = lossD.Add(r1Penalty(dReal, image, t.config.R1))
	}
	if t.config.Loss == "wgan-gp" {
		lossD = lossD.Add(t.gradientPenalty(image, drawn.Detach(), label))
	}
	t.reducerD.Prepare()
	lossD.Backward()
	t.optimizerD.Step()

	if (t.done+1)%t.config.DSteps != 0 {
		return found{lossD, t.loss.generated(dFake.Detach()), dReal.Mean(), dFake.Mean()}
	}
	t.generator.ZeroGrad()
	lossG := t.loss.generated(t.scoreFake(fake))
	t.reducerG.Prepare()
	lossG.Backward()
	t.optimizerG.Step()
	return found{lossD, lossG, dReal.Mean(), dFake.Mean()}
}

// randomLabel draws labels [n] for images to draw; nil where the networks know no classes.
func (t *Trainer) randomLabel(n int64) *torch.Tensor {
	if t.config.Classes == 0 {
		return nil
	}
	return torch.Randint(int64(t.config.Classes), []int64{n}, t.device)
}

// generate is the generator's image of noise and label, generate in train.py.
func (t *Trainer) generate(noise, label *torch.Tensor) *torch.Tensor {
	classes := int64(t.config.Classes)
	if t.config.Uses(models.Labels) {
		return t.generator.ForwardLabels(noise, label, classes)
	}
	return t.generator.Forward(t.generator.Condition(noise, label, classes))
}

// conditioned is an image with its label: as planes after its channels, or both beside each other.
type conditioned struct {
	image, label *torch.Tensor
	beside       bool
}

// condition puts the label to the image, as condition of train.py does. A network that is given as data does it in its
// forward pass, and so does the article's where the speed-up for that is in use.
func (t *Trainer) condition(image, label *torch.Tensor) conditioned {
	if t.config.Uses(models.Labels) || t.config.Arch != nil {
		return conditioned{image, label, true}
	}
	return conditioned{image: t.discriminator.Condition(image, label, int64(t.config.Classes))}
}

func (c conditioned) detach() conditioned { return conditioned{c.image.Detach(), c.label, c.beside} }

// discriminate is the discriminator's verdict on x, self.discriminator(x) in train.py.
func (t *Trainer) discriminate(x conditioned) *torch.Tensor {
	if x.beside {
		return t.discriminator.ForwardLabels(x.image, x.label, int64(t.config.Classes))
	}
	return t.discriminator.Forward(x.image)
}

// discriminateReal is the discriminator's verdict on the real images, which r1Penalty goes back through twice.
func (t *Trainer) discriminateReal(real conditioned) *torch.Tensor {
	if t.config.R1 > 0 {
		return t.discriminatePlainly(real)
	}
	return t.discriminate(real)
}

// scoreFake is the discriminator's verdict on fake in the generator's step. The original computes the
// gradients of the discriminator's parameters there too and then throws them away; exact mode does so.
func (t *Trainer) scoreFake(fake conditioned) *torch.Tensor {
	if !t.config.Uses(models.Grads) {
		return t.discriminate(fake)
	}
	t.discriminator.RequiresGrad_(false)
	defer t.discriminator.RequiresGrad_(true)
	return t.discriminate(fake)
}

// parts is what a checkpoint holds of it.
func (t *Trainer) parts() checkpoint.Parts {
	p := checkpoint.Parts{Generator: t.generator, Discriminator: t.discriminator, OptimizerG: t.optimizerG, OptimizerD: t.optimizerD}
	if t.average != nil {
		p.Average = t.average
	}
	return p
}

// nonFinite names the first tensor of the networks that holds a NaN or an infinity, or nothing. A look takes as
// long as reading all weights.
func (t *Trainer) nonFinite() (where string) {
	_ = torch.Do("look for NaN", func() error {
		for _, net := range []struct {
			name  string
			named []nn.Named
		}{{"the generator", t.generator.StateDict()}, {"the discriminator", t.discriminator.StateDict()}} {
			for _, n := range net.named {
				if mean := n.Tensor.Type(torch.Float32).Mean().Item(); where == "" && (math.IsNaN(mean) || math.IsInf(mean, 0)) {
					where = fmt.Sprintf("%s's %s", net.name, n.Name)
				}
			}
		}
		return nil
	})
	return where
}

// Free ends networks and optimizers, as far as they were made.
func (t *Trainer) Free() {
	t.graph.free()
	t.reducerG.Free()
	t.reducerD.Free()
	for _, net := range []*models.Net{t.generator, t.average, t.discriminator} {
		if net != nil {
			net.Free()
		}
	}
	for _, optimizer := range []*optim.Adam{t.optimizerG, t.optimizerD} {
		if optimizer != nil {
			optimizer.Free()
		}
	}
}

// mirror gives each image of [B, C, H, W] or its mirror image, drawn from the default generator.
func mirror(image *torch.Tensor) *torch.Tensor {
	flip := torch.Rand([]int64{image.Size(0)}, torch.CPU).Lt(0.5)
	return torch.Where(flip.View(-1, 1, 1, 1).To(image.Device()), image.Flip(3), image)
}
