package train

import (
	"time"

	"cgan/models"
	"cgan/train/runfolder"
)

// Reporter is told what a run does, on the run's own goroutine.
type Reporter interface {
	Begin(b Begin)         // once, before the first step
	Step(s Stats)          // after each step
	Saved(paths ...string) // after a grid or a checkpoint is written
	Say(text string)       // anything else that a user wants to know
}

// Begin is what is settled when training starts.
type Begin struct {
	Dir           string // the run folder
	Device        string
	Threads       int
	Images        int // in the data set
	Classes       models.Classes
	StepsPerEpoch int
	Epochs, Steps int // Steps is the number of steps in all
}

// Stats is one line of stats.jsonl.
type Stats = runfolder.Stats

// Result is how a run ended.
type Result struct {
	Dir         string // empty where no step was made: nothing is kept of it
	Steps       int
	Checkpoint  string // the last one
	Interrupted bool   // the context ended before the last step
	TimeIsUp    bool   // so did Config.TimeLimit
	Stopped     string // why Config.StopWhen or Config.Patience ended it before; empty where they did not
}

// ended says whether a run ends before its last step.
func (r Result) ended() bool { return r.Interrupted || r.TimeIsUp || r.Stopped != "" }

// pace measures images per second over the last steps.
type pace struct {
	times  []time.Time
	images []int
}

const paceWindow = 20

func (p *pace) add(now time.Time, images int) float64 {
	p.times, p.images = append(p.times, now), append(p.images, images)
	if len(p.times) > paceWindow+1 {
		p.times, p.images = p.times[1:], p.images[1:]
	}
	span := now.Sub(p.times[0]).Seconds()
	if span <= 0 {
		return 0
	}
	total := 0
	for _, n := range p.images[1:] {
		total += n
	}
	return float64(total) / span
}
