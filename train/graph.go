package train

import (
	"slices"

	"cgan/bindings/torch"
)

// graph is a training step on CUDA that was captured, with the tensors that it reads and writes. On a small network
// launching the step's kernels one by one takes longer than they run.
type graph struct {
	native               *torch.Graph
	image, label, losses *torch.Tensor // [B, 1, 28, 28], [B]; [4], in the order of Losses
	warm                 int           // ordinary steps so far: cuDNN chooses its algorithms in them
}

const warmSteps = 3

// graphable says whether a graph can hold the steps: it replays one kind of step, with the learning rates of its capture.
// Steps that go back twice were never captured, and run as they are.
func (o Options) graphable() bool {
	return o.DSteps == 1 && o.LRSchedule == "constant" && o.R1 == 0 && o.Loss != "wgan-gp"
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
		g.losses = torch.Stack([]*torch.Tensor{f.lossD, f.lossG, f.dReal, f.dFake}, 0).Keep()
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
