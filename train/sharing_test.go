package train

import (
	"testing"

	"cgan/bindings/distributed"
	"cgan/bindings/torch"
	"cgan/bindings/torch/torchtest"
	"cgan/train/checkpoint"
	"cgan/train/dataset"
	"cgan/train/loader"
)

// A run that goes on with another number of processes has had the same part of its epoch, whole epochs stay whole, and a
// schedule ends with the same epoch.
func TestRanksThatChange(t *testing.T) {
	c := smallConfig(t) // 40 images in batches of 16: 3 a epoch for one process, 2 for each of two
	c.Epochs = 4
	for _, test := range []struct {
		before, now, epoch, step int // step of the epoch
		wantEpoch, wantStep      int
	}{
		{2, 1, 2, 1, 2, 2},
		{2, 1, 2, 2, 2, 3}, // the end
		{1, 2, 2, 3, 2, 2},
		{1, 2, 2, 2, 2, 1},
		{1, 2, 2, 1, 1, 0}, // less than a step: again from its beginning
		{1, 2, 4, 3, 4, 2}, // the run's end
	} {
		steps := loader.BatchesOf(40, 16, test.before)
		at := checkpoint.Progress{Epoch: test.epoch, EpochStep: test.step, Step: (test.epoch-1)*steps + test.step, Batch: 16, Images: 40}
		if test.before > 1 {
			at.RankRNG = make([][]byte, test.before)
		}
		r := run{config: c, at: at, report: &listener{}}
		r.before.Planned = c.Epochs * steps
		torchtest.Do(t, func() {
			set, err := dataset.Open(t.Context(), c.Data, c.dataOptions(), nil)
			if err != nil {
				t.Fatal(err)
			}
			defer set.Close()
			if r.loader, err = loader.New(set, c.Batch, torch.CPU); err != nil {
				t.Fatal(err)
			}
			defer r.loader.Free()
			if test.now > 1 {
				r.config.Launch = &distributed.Launch{WorldSize: test.now}
				r.loader.Distribute(0, test.now, 0)
			}
			r.fitRanks()
			if r.at.Epoch != test.wantEpoch || r.at.EpochStep != test.wantStep {
				t.Errorf("%+v: at step %d of epoch %d", test, r.at.EpochStep, r.at.Epoch)
			}
			last := r.lastStep()
			if rest := (c.Epochs-r.at.Epoch)*r.loader.Batches() + r.leftOfEpoch(); last != r.at.Step+rest {
				t.Errorf("%+v: it ends at step %d", test, last)
			}
			if r.before.Planned < last || r.before.Planned > last+c.Epochs {
				t.Errorf("%+v: planned to step %d, the last is %d", test, r.before.Planned, last)
			}
		})
	}
}
