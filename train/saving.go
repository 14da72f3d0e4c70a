package train

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"cgan/bindings/torch"
	"cgan/models"
	"cgan/train/checkpoint"
	"cgan/train/dataset"
	"cgan/train/runfolder"
)

// betweenSteps does what is due in the middle of an epoch.
func (r *run) betweenSteps() error {
	now := time.Now()
	if r.config.SampleEvery.due(r.at.Step, now.Sub(r.sampledAt)) {
		r.sample()
	}
	save, timeUp := r.due(r.at.Step)
	if r.ranks.group != nil {
		save, timeUp = r.ranks.agreed.save, r.ranks.agreed.timeUp
	}
	if save {
		if err := r.save(); err != nil {
			return err
		}
		r.show()
	}
	if timeUp && r.at.Step < r.last {
		r.result.TimeIsUp = true
	}
	return nil
}

// due says what is to be done after a step by this process's clock.
func (r *run) due(step int) (save, timeUp bool) {
	now := time.Now()
	return r.config.SaveEvery.due(step, now.Sub(r.triedAt)), r.config.TimeLimit.due(step, now.Sub(r.began))
}

// sample writes a grid. One that can't be written is no reason to end.
func (r *run) sample() {
	if r.sampled == r.at.Step || !r.first() {
		return
	}
	r.sampled, r.sampledAt = r.at.Step, time.Now()
	path, err := "", r.lock.Check()
	if err == nil {
		path, err = r.trainer.SaveSamples(r.result.Dir, r.at.Step)
	}
	if err != nil {
		r.report.Say(fmt.Sprintf("notice: %v; training goes on", err))
		return
	}
	r.report.Saved(path)
}

// save writes a checkpoint, unless no step came since the last one, and then takes the oldest away. Where it can't be written
// training goes on, and the next save tries again; the error is that of a training that has diverged.
func (r *run) save() error {
	if r.saved == r.at.Step {
		return nil
	}
	if err := r.gather(); err != nil {
		return err
	}
	if !r.first() {
		r.saved, r.triedAt = r.at.Step, time.Now()
		return nil
	}
	// The last step's update is not seen by a loss: what can't be gone on from is no checkpoint.
	if where := r.trainer.nonFinite(); where != "" {
		return r.diverged(r.at.Step, where)
	}
	r.triedAt = time.Now()
	r.sayLog(r.stats.Sync()) // first: a run that goes on from the checkpoint has the lines before it
	path := filepath.Join(r.result.Dir, fmt.Sprintf("checkpoint-%06d.pt", r.at.Step))
	if r.failed = r.lock.Check(); r.failed == nil {
		r.failed = checkpoint.Save(r.disk, path, r.trainer.parts(), r.at)
	}
	if r.failed != nil {
		r.report.Say(fmt.Sprintf("notice: %v; training goes on, and the next save tries again", r.failed))
		return nil
	}
	r.saved, r.result.Checkpoint = r.at.Step, path
	r.remember()
	r.report.Saved(path)
	r.removeOldest()
	return nil
}

// sayLog says once that the statistics can't be written.
func (r *run) sayLog(err error) {
	if err != nil && !r.logFails {
		r.logFails = true
		r.report.Say(fmt.Sprintf("notice: %v; training goes on, and the next step tries again", err))
	}
}

// DivergedError is the end of a training whose numbers are none any more.
type DivergedError struct{ text string }

// Error names the step, the tensor or loss, and what stands.
func (e *DivergedError) Error() string { return e.text }

// diverged is the error of a step whose numbers are none. where names a tensor that holds such, or nothing. The state is kept
// beside the checkpoints, for who wants to look into it.
func (r *run) diverged(step int, where string) error {
	if where == "" {
		where = "a loss"
	}
	stands := r.stands()
	bad := filepath.Join(r.result.Dir, fmt.Sprintf("diverged-%06d.pt", step))
	if r.pace.times != nil && checkpoint.Save(r.disk, bad, r.trainer.parts(), r.at) == nil { // not of a folder that goes
		stands += "; what it came to is in " + bad
	}
	return &DivergedError{fmt.Sprintf("train step %d: training has diverged: %s is not a finite number; %s; try a smaller learning rate than %v, or another seed",
		step, where, stands, r.config.LR)}
}

// removeOldest leaves the newest config.Keep checkpoints. Damaged ones count for none.
func (r *run) removeOldest() {
	paths, err := models.Checkpoints(r.result.Dir)
	if err != nil || r.config.Keep == 0 {
		return
	}
	paths = slices.DeleteFunc(paths, func(path string) bool { return path == r.result.Checkpoint || slices.Contains(r.damaged, path) })
	for _, path := range slices.Concat(r.damaged, paths[min(len(paths), r.config.Keep-1):]) {
		if path != r.result.Checkpoint {
			_ = r.disk.Remove(path) // the next save tries again
		}
	}
}

// lastSave is the error of a run whose last save failed.
func (r *run) lastSave() error {
	if r.failed == nil {
		return nil
	}
	return fmt.Errorf("trained to step %d, but the last save failed: %w; %s", r.at.Step, r.failed, r.stands())
}

// stands says which checkpoint there is to go on from.
func (r *run) stands() string {
	if r.result.Checkpoint == "" {
		return "no checkpoint of this run was written before"
	}
	if _, err := os.Stat(r.result.Checkpoint); errors.Is(err, fs.ErrNotExist) {
		return r.result.Checkpoint + ", the last one, is gone too"
	}
	return r.result.Checkpoint + " is from before and stands"
}

// checkSpace refuses a run whose first checkpoint would find no room.
func (r *run) checkSpace() error {
	free, err := runfolder.Free(r.result.Dir)
	if err != nil {
		return nil // not every system says it
	}
	need := uint64(1 << 16)
	for _, net := range []checkpoint.Network{r.trainer.generator, r.trainer.discriminator} {
		for _, n := range net.StateDict() {
			need += uint64(4 * n.Tensor.Numel())
		}
		for _, n := range net.NamedParameters() {
			need += uint64(8 * n.Tensor.Numel()) // Adam's moments
		}
	}
	if average := r.trainer.average; average != nil {
		for _, n := range average.StateDict() {
			need += uint64(4 * n.Tensor.Numel())
		}
	}
	if free >= need {
		return nil
	}
	const mb = 1e6
	return &models.FieldError{Field: "out", Problem: fmt.Sprintf("%q has %.1f MB free, and one checkpoint takes %.1f MB: make room, or name a folder on another disk",
		cmp.Or(r.config.Resume, r.config.Out), float64(free)/mb, float64(need)/mb)}
}

// saveConfig notes the whole paths of data and judge, so that a run that goes on from this one may start in another folder.
func (r *run) saveConfig() error {
	c := r.config
	if c.Resume != "" {
		c.Init, c.Key = r.before.Init, r.before.Key
	}
	if c.Data = cmp.Or(c.Data, dataset.MNISTName); !dataset.IsName(c.Data) {
		if path, err := filepath.Abs(c.Data); err == nil {
			c.Data = path
		}
	}
	if c.Judge != "" {
		if path, err := filepath.Abs(c.Judge); err == nil {
			c.Judge = path
		}
	}
	return runfolder.WriteConfig(r.disk, r.result.Dir, saved{c, torch.FullVersion(), c.KernelSet().Name(), r.hash, r.trainer.planned})
}
