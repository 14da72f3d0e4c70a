package train

import (
	"fmt"
	"slices"

	"cgan/bindings/distributed"
	"cgan/bindings/nn"
	"cgan/bindings/optim"
	"cgan/bindings/torch"
	"cgan/train/loader"
)

// gather gives a checkpoint every rank's random numbers.
func (r *run) gather() error {
	if r.ranks.group == nil || r.ranks.of == r.at.Step {
		return nil
	}
	return torch.Do("gather the random numbers' states", func() error {
		all := r.ranks.group.AllGather(torch.RNGState(torch.CPU)).Bytes()
		r.at.RankRNG = slices.Collect(slices.Chunk(all, len(all)/r.ranks.group.GetWorldSize()))
		r.ranks.of = r.at.Step
		return nil
	})
}

// share gives every rank what rank 0 has read: networks, optimizers, and where the run stands.
func (r *run) share() error {
	g := r.ranks.group
	if g == nil || (r.config.Resume == "" && r.config.Init == "") {
		return nil
	}
	return torch.Do("share the weights of rank 0", func() error {
		at := []int64{int64(r.at.Step), int64(r.at.Epoch), int64(r.at.EpochStep), int64(r.before.Planned), int64(len(r.at.RankRNG))}
		t := torch.FromInt64s(at)
		g.Broadcast(t, 0)
		at = t.Int64s()
		r.at.Step, r.at.Epoch, r.at.EpochStep, r.before.Planned = int(at[0]), int(at[1]), int(at[2]), int(at[3])
		r.saved, r.result.Steps, r.trainer.done = r.at.Step, r.at.Step, r.at.Step
		for _, named := range r.trainer.tensors() {
			g.Broadcast(named.Tensor, 0)
		}
		for _, adam := range []*optim.Adam{r.trainer.optimizerG, r.trainer.optimizerD} {
			shareAdam(g, adam)
		}
		r.shareRandom(int(at[4]))
		return nil
	})
}

// tensors are those of all networks.
func (t *Trainer) tensors() []nn.Named {
	all := slices.Concat(t.generator.StateDict(), t.discriminator.StateDict())
	if t.average != nil {
		all = append(all, t.average.StateDict()...)
	}
	return all
}

func shareAdam(g *distributed.ProcessGroup, adam *optim.Adam) {
	for i, s := range adam.States() {
		step := torch.FromInt64s([]int64{s.Step})
		g.Broadcast(step, 0)
		count := step.Int64s()[0]
		if count == 0 {
			continue
		}
		average, square := s.ExpAvg, s.ExpAvgSq
		if g.GetRank() > 0 {
			average, square = torch.ZerosLike(adam.Parameters()[i]), torch.ZerosLike(adam.Parameters()[i])
		}
		g.Broadcast(average, 0)
		g.Broadcast(square, 0)
		if g.GetRank() > 0 {
			adam.SetState(i, count, average, square)
		}
	}
}

// shareRandom puts each rank's random numbers where saved ones stood. A rank that had none begins a stream of its own.
func (r *run) shareRandom(saved int) {
	g := r.ranks.group
	state := torch.RNGState(torch.CPU)
	for rank := range saved {
		var t *torch.Tensor
		if rank < len(r.at.RankRNG) {
			t = torch.FromBytes(r.at.RankRNG[rank], state.Shape(), torch.Uint8)
		} else {
			t = torch.Zeros(state.Shape(), torch.Uint8, torch.CPU)
		}
		g.Broadcast(t, 0)
		if rank == g.GetRank() {
			torch.SetRNGState(t, torch.CPU)
		}
	}
	if rank := g.GetRank(); rank > 0 && rank >= saved {
		torch.ManualSeed(r.config.Seed + int64(r.at.Step)<<16 + int64(rank))
	}
	r.at.RankRNG = nil
}

// fitRanks makes the progress of a run of other ranks that of this one: about the same part of the epoch is had.
func (r *run) fitRanks() {
	before, now := max(1, len(r.at.RankRNG)), 1
	if r.config.Launch != nil {
		now = r.config.Launch.WorldSize
	}
	if before == now {
		return
	}
	defer func() { r.before.Planned = r.replanned(before, now) }()
	r.report.Say(fmt.Sprintf("notice: the run had %d processes and goes on with %d: its numbers are others than without the change, "+
		"and so is the order of the images", before, now))
	switch batches := r.loader.Batches(); {
	case r.at.EpochStep == 0:
	case r.at.EpochStep >= loader.BatchesOf(r.at.Images, r.at.Batch, before):
		r.at.EpochStep = batches
	default:
		if r.at.EpochStep = min(r.at.EpochStep*before/now, batches-1); r.at.EpochStep == 0 {
			r.at.Epoch--
		}
	}
}

// replanned is the steps that were planned, as those of another number of ranks: the same epochs have more or fewer. Where a
// number of steps was asked for it stays.
func (r *run) replanned(before, now int) int {
	planned := r.before.Planned
	if planned == 0 || r.before.Steps > 0 {
		return planned
	}
	planned = r.at.Step + ((planned-r.at.Step)*before+now-1)/now
	rounding := max(0, r.config.Epochs-r.at.Epoch) + 1 // a step for each epoch that is left
	if last := r.lastStep(); last > planned && last <= planned+rounding {
		return last
	}
	return planned
}

// settleBuckets makes a step that leaves no trace once a checkpoint is read: c10d lays out its buckets by the order in which the
// first step's gradients come, and with three ranks and more the order of a sum is the layout's. So the next step adds as it
// would have without a stop.
func (r *run) settleBuckets() error {
	if r.ranks.group == nil {
		return nil
	}
	return torch.Do("lay out the buckets of gradients", func() error {
		n := int64(min(r.config.Batch, 2))
		i := r.set.Images
		shape := []int64{n, int64(i.Channels), int64(i.Height), int64(i.Width)}
		r.trainer.done = r.config.DSteps - 1 // which is one of G's too
		r.trainer.update(torch.Zeros(shape, torch.Float32, r.trainer.device), torch.Zeros([]int64{n}, torch.Int64, r.trainer.device))
		r.trainer.optimizerG.ClearState() // a checkpoint of before their first step has none to put there
		r.trainer.optimizerD.ClearState()
		return nil
	})
}
