package train

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"time"

	"cgan/bindings/distributed"
	"cgan/bindings/torch"
	"cgan/models"
	"cgan/train/checkpoint"
	"cgan/train/dataset"
	"cgan/train/loader"
	"cgan/train/record"
	"cgan/train/runfolder"
	"cgan/weights/atomicfile"
)

// Run trains as c says, in a new run folder with config.json, stats.jsonl, and for each epoch a sample
// grid and a checkpoint. When ctx ends it finishes the step, saves, and returns an interrupted Result.
func Run(ctx context.Context, c Config, report Reporter) (result Result, err error) {
	if err := c.Validate(); err != nil {
		return result, err
	}
	r := newRun(c, report, atomicfile.System())
	if c.Launch != nil {
		return r.trainWithOthers(ctx)
	}
	return r.train(ctx)
}

func newRun(c Config, report Reporter, disk atomicfile.Disk) *run {
	return &run{config: c, report: report, disk: disk, name: dataName(c.Data)}
}

// train is Run for a valid config.
func (r *run) train(ctx context.Context) (result Result, err error) {
	err = torch.Do("", func() (err error) { // one scope around the run keeps it on one OS thread
		defer func() { err = errors.Join(err, r.close()) }()
		if err := r.open(ctx); err != nil || r.result.Interrupted {
			return r.blame(r.sayMemory(err))
		}
		return r.blame(r.leave(r.sayMemory(r.loop(ctx))))
	})
	return r.result, err
}

// dataName is what a run folder is called after its data.
func dataName(data string) string {
	if data == "" {
		return dataset.MNISTName
	}
	base := filepath.Base(filepath.Clean(data))
	for _, ext := range []string{".zip", ".csv"} {
		if name, ok := strings.CutSuffix(strings.ToLower(base), ext); ok && name != "" {
			return base[:len(name)]
		}
	}
	return base
}

// run is one training run under way.
type run struct {
	config     Config
	name       string // of the data set
	report     Reporter
	set        *dataset.Set
	disk       atomicfile.Disk // that the folder is on
	loader     *loader.Loader
	trainer    *Trainer
	lock       *runfolder.Lock
	stats      *runfolder.Log
	record     *record.Record
	before     saved    // config.json of a run that goes on
	damaged    []string // checkpoints that the run could not go on from
	hash       string
	trace      *Trace
	result     Result
	at         checkpoint.Progress
	pace       pace
	last       int // the step to end after
	saved      int // the step of the last checkpoint
	sampled    int // the step of the last grid
	began      time.Time
	triedAt    time.Time // the last save, whether it went well or not
	sampledAt  time.Time
	failed     error // of the last save
	logFails   bool  // and was told
	status     runfolder.Status
	ranks      ranks
	shown      shown
	evaluating evaluating
}

// open makes everything that the run needs, its folder last.
func (r *run) open(ctx context.Context) error {
	if err := r.take(); err != nil {
		return err
	}
	device, err := r.config.Setup()
	if err != nil {
		return err
	}
	set, err := r.config.ReadData(ctx, r.report.Say)
	if err != nil {
		return err
	}
	r.set = set
	r.hash = set.Hash()
	r.trace = newTrace(r.config)
	if err := r.connect(ctx); err != nil {
		return err
	}
	if err := r.openEvaluating(ctx); err != nil {
		return err
	}
	if err := r.waitForJudge(ctx); err != nil {
		return err
	}
	if r.loader, err = loader.New(set, r.config.Batch, device); err != nil {
		return err
	}
	if g := r.ranks.group; g != nil {
		r.loader.Distribute(g.GetRank(), g.GetWorldSize(), r.config.Seed)
	}
	if r.trainer, err = NewTrainer(r.config, device); err != nil {
		return err
	}
	if err := r.trainer.distribute(r.ranks.group); err != nil {
		return err
	}
	if err := r.begin(set); err != nil {
		return err
	}
	if r.last = r.lastStep(); r.at.Step >= r.last {
		return r.nothingLeft()
	}
	if err := r.plan(); err != nil {
		return err
	}
	if err := r.recall(); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil { // before anything is made
		r.result.Interrupted = true
		_ = r.blame(err)
		return nil
	}
	if !r.first() {
		return nil
	}
	return r.openFolder(set.Images.N)
}

// begin finds where the run starts: fresh, from other weights, or where it stopped.
func (r *run) begin(set *dataset.Set) error {
	begin := r.init
	if r.config.Resume != "" {
		begin = r.resume
	}
	if err := begin(set); err != nil {
		return err
	}
	r.at.Classes, r.at.Arch = set.Classes, r.config.Arch
	if r.first() && r.at.Step > 0 {
		r.fitRanks()
	}
	if r.ranks.group == nil {
		r.at.RankRNG = nil // of an earlier run's processes
	}
	return r.share()
}

// lastStep is the step to end after. Epochs that an earlier run had count as had, whatever its batch was.
func (r *run) lastStep() int {
	if r.config.Steps > 0 {
		return r.config.Steps
	}
	return r.at.Step + r.leftOfEpoch() + (r.config.Epochs-r.at.Epoch)*r.loader.Batches()
}

// nothingLeft says that the run of config.Resume or config.Init had all that is asked for.
func (r *run) nothingLeft() error {
	field, asked := "epochs", r.config.Epochs
	if r.config.Steps > 0 {
		field, asked = "steps", r.config.Steps
	}
	return &models.FieldError{Field: field, Problem: fmt.Sprintf("is %d, and %s is at step %d of epoch %d: ask for more",
		asked, cmp.Or(r.config.Resume, r.config.Init), r.at.Step, r.at.Epoch)}
}

// leftOfEpoch is the steps that an epoch that was left half-way still has.
func (r *run) leftOfEpoch() int {
	if r.at.EpochStep == 0 {
		return 0
	}
	return max(0, r.loader.Batches()-r.at.EpochStep)
}

// openFolder makes the run folder and tells the reporter what is settled.
func (r *run) openFolder(images int) (err error) {
	if r.config.Resume == "" {
		if r.result.Dir, err = runfolder.New(r.config.Out, r.name); err != nil {
			return &models.FieldError{Field: "out", Problem: fmt.Sprintf("%q can't take the run: %v", r.config.Out, err)}
		}
		if r.lock, err = runfolder.Take(r.result.Dir); err != nil {
			return err
		}
		if err = r.disk.SyncFolder(r.config.Out); err != nil { // or a power cut may take the folder with all that is in it
			return &models.FieldError{Field: "out", Problem: fmt.Sprintf("%q can't take the run: %v", r.config.Out, err)}
		}
	} else if err := r.cutLog(); err != nil {
		return err
	}
	if r.stats, err = runfolder.OpenLog(r.disk, r.result.Dir); err != nil {
		return err
	}
	if err = r.saveConfig(); err != nil {
		return err
	}
	if err = r.checkSpace(); err != nil {
		return err
	}
	perEpoch := r.loader.Batches()
	epochs := r.at.Epoch + (r.last-r.at.Step-r.leftOfEpoch()+perEpoch-1)/perEpoch
	if err = r.beginRecord(epochs); err != nil {
		return err
	}
	r.report.Begin(Begin{
		Dir: r.result.Dir, Device: r.config.Device, Threads: r.config.Threads, Images: images, Classes: r.set.Classes,
		StepsPerEpoch: perEpoch, Epochs: epochs, Steps: r.last,
	})
	return nil
}

// close puts the statistics on the disk and ends what open made, as far as it came. The folder of a run that made no
// step goes.
func (r *run) close() (err error) {
	if r.stats != nil {
		err = r.stats.Close()
	}
	if r.result.Dir != "" && r.pace.times == nil && r.config.Resume == "" {
		err = errors.Join(err, runfolder.Discard(r.result.Dir))
		r.result.Dir = ""
	}
	if r.lock != nil {
		r.lock.Release()
	}
	if r.trainer != nil {
		r.trainer.Free()
	}
	if r.loader != nil {
		r.loader.Free()
	}
	err = errors.Join(err, r.closeEvaluating())
	if r.set != nil {
		err = errors.Join(err, r.set.Close())
	}
	return err
}

func (r *run) loop(ctx context.Context) (err error) {
	defer func() { r.finish(err) }()
	r.began = time.Now()
	r.triedAt, r.sampledAt, r.sampled = r.began, r.began, r.at.Step
	for r.at.Step < r.last && !r.result.ended() {
		if err := r.epoch(ctx); err != nil {
			return err
		}
		r.sample()
		if err := r.save(); err != nil {
			return err
		}
		r.show()
	}
	if err := r.lastSave(); err != nil {
		return err
	}
	if r.config.Trace != "" && r.pace.times != nil && r.first() {
		if err := r.trace.save(r.config.Trace, r.trainer); err != nil {
			return err
		}
	}
	return nil
}

// epoch trains to the end of the data, the last step, or the end of ctx.
func (r *run) epoch(ctx context.Context) error {
	if r.interrupted(ctx) { // before the next epoch is begun: a save would count it as had
		r.result.Interrupted = true
		return nil
	}
	if err := r.shuffle(); err != nil {
		return err
	}
	for r.at.EpochStep < r.loader.Batches() && r.at.Step < r.last {
		if r.interrupted(ctx) {
			r.result.Interrupted = true
			return nil
		}
		if err := r.step(ctx); err != nil {
			return err
		}
		if err := r.betweenSteps(); err != nil || r.result.ended() {
			return err
		}
	}
	return nil
}

// shuffle begins the next epoch, or draws again the order of one that was left half-way and then puts the
// random numbers back.
func (r *run) shuffle() error {
	return torch.Do("begin the epoch", func() error {
		now := torch.RNGState(torch.CPU)
		if half := r.at.EpochStep > 0 && r.at.EpochStep < r.loader.Batches(); half {
			if r.first() { // the others' order is by the seed, as all ranks' is
				torch.SetRNGState(torch.FromBytes(r.at.EpochRNG, []int64{int64(len(r.at.EpochRNG))}, torch.Uint8), torch.CPU)
			}
			defer torch.SetRNGState(now, torch.CPU)
			r.loader.SetEpoch(r.at.Epoch)
			return r.loader.Shuffle()
		}
		r.at.Epoch++
		r.at.EpochStep, r.at.EpochRNG = 0, now.Bytes()
		r.loader.SetEpoch(r.at.Epoch)
		return r.loader.Shuffle()
	})
}

func (r *run) step(ctx context.Context) error {
	var losses Losses
	var images int
	number := r.at.Step + 1
	err := torch.Do(fmt.Sprintf("train step %d", number), func() error {
		image, label, err := r.loader.Batch(r.at.EpochStep)
		if err != nil {
			if r.ranks.group != nil { // the others are not here to save with
				return err
			}
			return errors.Join(err, r.save()) // the networks are as the last step left them
		}
		images = int(image.Size(0))
		losses = r.trainer.Step(image, label)
		return nil
	})
	if err != nil && distributed.IsLost(err) {
		return err
	}
	bad := math.IsNaN(losses.D+losses.G) || math.IsInf(losses.D+losses.G, 0)
	if err == nil && r.ranks.group != nil {
		err = r.agree(ctx, number, bad)
		if bad = r.ranks.agreed.diverged; bad && !r.first() {
			return errEnded
		}
	}
	if err != nil || bad {
		if where := r.trainer.nonFinite(); err == nil || where != "" {
			return r.diverged(number, where)
		}
		return err
	}
	r.at.Step, r.at.EpochStep, r.result.Steps = number, r.at.EpochStep+1, number
	if r.config.Trace != "" {
		r.trace.add(losses)
	}
	now := time.Now()
	stats := Stats{
		Epoch: r.at.Epoch, Step: number, LossD: losses.D, LossG: losses.G, DReal: losses.DReal, DFake: losses.DFake,
		ImagesPS: r.pace.add(now, images*r.trainer.ranks), Time: now, EpochStep: r.at.EpochStep,
	}
	if r.ranks.agreed.evaluate { // the checkpoint of the best one has every rank's random numbers
		if err := r.gather(); err != nil {
			return err
		}
	}
	if stats.Eval, err = r.evaluate(ctx, number); err != nil {
		return errors.Join(err, r.save())
	}
	r.report.Step(stats)
	if r.first() {
		r.sayLog(r.stats.Write(stats))
	}
	r.keepBest(stats)
	return r.shareEnd(ctx)
}
