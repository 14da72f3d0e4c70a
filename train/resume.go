package train

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"syscall"

	"cgan/bindings/torch"
	"cgan/models"
	"cgan/train/checkpoint"
	"cgan/train/dataset"
	"cgan/train/runfolder"
	"cgan/weights"
)

// saved is config.json: the settings, and what else a run that goes on must find as it was.
type saved struct {
	Config
	Libtorch  string `json:"libtorch"`
	KernelSet string `json:"kernel_set"`  // that convolutions ran on; empty for libtorch's own ops
	DataHash  string `json:"data_sha256"` // dataset.Set.Hash
	Planned   int    `json:"planned"`     // steps in all when the run began: what LRSchedule counts to
}

// ResumeConfig is the settings of the run in dir, to go on with in the same folder as if it had never stopped. Only
// the fields that Extends names may be changed in them.
func ResumeConfig(dir string) (Config, error) {
	s := saved{Config: Default()}
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return s.Config, &weights.FormatError{File: dir, Reason: "there is no such run folder: name one such as runs/00000-mnist"}
	}
	if err := runfolder.ReadConfig(dir, &s); err != nil {
		return s.Config, cmp.Or(models.IsFolderOfRuns(dir), err)
	}
	if err := s.Validate(); err != nil {
		return s.Config, runfolder.ConfigError(dir, err)
	}
	s.Resume, s.Init, s.Key, s.Trace = dir, "", "", "" // what the run began with is behind it
	return s.Config, nil
}

// take takes the folder of config.Resume for this process, and reads what the run was.
func (r *run) take() (err error) {
	if r.config.Resume == "" || !r.first() {
		return nil
	}
	r.result.Dir = r.config.Resume
	if r.lock, err = runfolder.Take(r.result.Dir); err != nil {
		advice := ""
		if errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS) {
			advice = ": a run goes on in its own folder, so copy it to where you can write"
		}
		return &models.FieldError{Field: "resume", Problem: err.Error() + advice}
	}
	runfolder.Sweep(r.result.Dir)
	return runfolder.ReadConfig(r.result.Dir, &r.before)
}

// resume goes on where the newest whole checkpoint of the folder stood.
func (r *run) resume(set *dataset.Set) error {
	if err := r.settleBuckets(); err != nil {
		return err
	}
	if !r.first() { // share brings what rank 0 has read
		r.at.Batch, r.at.Images = r.config.Batch, set.Images.N
		return nil
	}
	if r.before.DataHash != "" && r.before.DataHash != r.hash {
		return &models.FieldError{Field: "data", Problem: fmt.Sprintf("%q holds other images or labels than the run in %s has trained on: "+
			"name the folder with those, or begin a new run from its weights", r.config.Data, r.config.Resume)}
	}
	w, err := models.OpenAs(r.config.Resume, "", r.config.Arch)
	if err != nil {
		return err
	}
	for _, notice := range w.File.Notices {
		r.report.Say(notice)
	}
	if err := sameClasses(r.config, w.Config); err != nil {
		return err
	}
	if w.Discriminator == nil {
		return w.Fail(fmt.Errorf("it holds no discriminator: it is no checkpoint of a run"))
	}
	if err := r.config.fits(w); err != nil {
		return err
	}
	if r.config.EMA > 0 && w.Average == nil {
		return w.Fail(fmt.Errorf("it holds no generator_ema, which the run keeps: its ema is %v", r.config.EMA))
	}
	if r.at, err = checkpoint.Load(w, r.trainer.parts()); err != nil {
		return w.Fail(err)
	}
	if r.at.Batch != r.config.Batch || r.at.Images != set.Images.N {
		return w.Fail(fmt.Errorf("it is of %d images in batches of %d, the run of %d in batches of %d", r.at.Images, r.at.Batch, set.Images.N, r.config.Batch))
	}
	r.saved, r.result.Steps, r.result.Checkpoint = r.at.Step, r.at.Step, w.File.Path
	r.remember()
	if newer, err := models.Checkpoints(r.config.Resume); err == nil {
		r.damaged = newer[:max(0, slices.Index(newer, w.File.Path))]
	}
	r.sayWhatDiffers()
	return nil
}

// cutLog takes off the statistics what the checkpoint has not had. They are on the disk before it is: lines that lack are of
// steps that another program made, or of a disk that took the checkpoint alone.
func (r *run) cutLog() error {
	last, err := runfolder.CutLog(r.disk, r.result.Dir, r.at.Step)
	if err == nil && last < r.at.Step {
		r.report.Say(fmt.Sprintf("notice: stats.jsonl has no lines of the steps %d to %d", last+1, r.at.Step))
	}
	return err
}

// sayWhatDiffers warns of what may give other bits than the run would have had without a stop.
func (r *run) sayWhatDiffers() {
	for _, d := range []struct{ what, before, now string }{
		{"libtorch", r.before.Libtorch, torch.FullVersion()},
		{"the device", r.before.Device, r.config.Device},
		{"the kernels", r.before.KernelSet, r.config.KernelSet().Name()},
		{"threads", fmt.Sprint(r.before.Threads), fmt.Sprint(r.config.Threads)},
	} {
		if d.before != d.now {
			r.report.Say(fmt.Sprintf("notice: the run had %s %s and goes on with %s: its numbers may differ in the last bits", d.what, d.before, d.now))
		}
	}
}

// Extends says whether a field of config.json may be changed in a run that goes on; data may be the same images elsewhere.
func Extends(field string) bool {
	return slices.Contains([]string{"epochs", "steps", "threads", "device", "data", "save_every", "sample_every", "keep", "time_limit", "trace", "eval_every", "judge", "stop_when", "patience"}, field)
}
