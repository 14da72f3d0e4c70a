package train

import (
	"slices"

	"cgan/bindings/torch"
	"cgan/models"
)

// graph is a training step on CUDA that was captured, with the tensors that it reads and writes. On a small network
// launching the step's kernels one by one takes longer than they run.
type graph struct {
	native               *torch.Graph
	image, label, losses *torch.Tensor // [B, 1, 28, 28], [B]; [4], in the order of Losses
	warm                 int           // ordinary steps so far: cuDNN chooses its algorithms in them
}

const warmSteps = 3

// graphable says whether a graph can hold the steps: it replays one kind of step, of which Adam's one op reads the learning rate and
// counts. WGAN-GP's steps give other bits each time on CUDA, so that nothing would show that its graph is right.
func (c Config) graphable() bool {
	return c.DSteps == 1 && c.Loss != "wgan-gp" && c.Uses(models.Adam)
}

// stepGraph is Step by the graph. The first steps run as they are, and so does a batch of another size, as an epoch's
// last one is.
func (t *Trainer) stepGraph(image, label *torch.Tensor) Losses {
	g := &t.graph
	if g.warm < warmSteps {
		g.warm++
		return t.update(image, label).read()
	}
	if g.native == nil {
		t.capture(image, label)
	}
	if !slices.Equal(image.Shape(), g.image.Shape()) {
		return t.update(image, label).read()
	}
	g.image.Copy_(image)
	g.label.Copy_(label)
	g.native.Replay()
	l := g.losses.Float32s()
	return Losses{float64(l[0]), float64(l[1]), float64(l[2]), float64(l[3])}
}

// capture makes the graph for batches like this one.
func (t *Trainer) capture(image, label *torch.Tensor) {
	g := &t.graph
	g.image = torch.Empty(image.Shape(), image.DType(), t.device).Keep()
	g.label = torch.Empty(label.Shape(), label.DType(), t.device).Keep()
	t.generator.ZeroGrad()
	t.discriminator.ZeroGrad()
	g.native = torch.Capture(t.device, func() {
		f := t.update(g.image, g.label)
		// Detached: with gradients it would keep the capture's autograd nodes, and with them its stream, for steps beside the graph.
		g.losses = torch.Stack([]*torch.Tensor{f.lossD, f.lossG, f.dReal, f.dFake}, 0).Detach().Keep()
	})
}

func (g *graph) free() {
	for _, t := range []*torch.Tensor{g.image, g.label, g.losses} {
		t.Free()
	}
	if g.native != nil {
		g.native.Free()
	}
}
