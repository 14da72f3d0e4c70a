package train

import (
	"errors"
	"fmt"
	"time"

	"cgan/train/record"
	"cgan/train/runfolder"
)

// shown is when the run folder was last brought up to date with what it shows, and what that took.
type shown struct {
	at    time.Time
	took  time.Duration
	fails bool // and was told
}

// showShare is the part of a training's time that showing it may take: a 50th. At the end it always does. A test takes another.
var showShare time.Duration = 50

// beginRecord notes what the run is to have, and begins what its folder shows of it.
func (r *run) beginRecord(epochs int) error {
	r.status = runfolder.Status{State: runfolder.Running, Epochs: epochs, Steps: r.last}
	r.record = record.New(r.result.Dir, r.at.Step)
	return runfolder.WriteStatus(r.disk, r.result.Dir, r.status)
}

// show brings curves, animation, TensorBoard's events and README.md of the folder up to date, unless it did so a moment ago.
func (r *run) show() {
	if time.Since(r.shown.at) >= showShare*r.shown.took {
		r.showNow()
	}
}

// showNow is show at any time after the first step. What fails is no reason to end.
func (r *run) showNow() {
	if r.pace.times == nil || !r.first() {
		return
	}
	howTo, began := "", time.Now()
	if r.config.HowTo != nil {
		howTo = r.config.HowTo(r.config, r.result.Dir)
	}
	err := r.lock.Check()
	if err == nil {
		err = r.record.Write(howTo)
	}
	if err != nil && !r.shown.fails {
		r.report.Say(fmt.Sprintf("notice: %v; training goes on, and the next save tries again", err))
	}
	r.shown = shown{time.Now(), time.Since(began), err != nil}
}

// finish leaves in the folder what the run came to and how it ended. A folder without a step goes.
func (r *run) finish(err error) {
	if r.pace.times == nil || !r.first() {
		return
	}
	r.showNow()
	var diverged *DivergedError
	switch r.status.State = runfolder.Interrupted; {
	case errors.As(err, &diverged):
		r.status.State = runfolder.Diverged
	case err == nil && (r.at.Step >= r.last || r.result.Stopped != ""):
		r.status.State = runfolder.Finished
	}
	failed := r.lock.Check()
	if failed == nil {
		failed = runfolder.WriteStatus(r.disk, r.result.Dir, r.status)
	}
	if failed != nil {
		r.report.Say(fmt.Sprintf("notice: %v", failed))
	}
}
