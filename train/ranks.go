package train

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"time"

	"cgan/bindings/distributed"
	"cgan/bindings/nn"
	"cgan/bindings/torch"
)

// ranks is what a run has beside one of one process: DistributedDataParallel's semantics. The article's training is of one
// process, which has none of it.
type ranks struct {
	meeting *distributed.Meeting
	group   *distributed.ProcessGroup // nil for one process
	again   bool                      // torchrun has started the run again after a fault
	of      int                       // the step of the random numbers that were gathered last
	agreed  agreed
	stands  atomic.Pointer[string] // the last checkpoint, for who looks from outside of the loop; nil for none
	settled atomic.Bool            // and no rank needs another one any more
}

// agreed is what one rank wants and all do: a clock or a signal is one process's own.
type agreed struct{ stop, save, timeUp, diverged, evaluate bool }

// first says whether this process writes the run folder.
func (r *run) first() bool { return r.config.Launch == nil || r.config.Launch.Rank == 0 }

// meet finds the other ranks. A run that torchrun has started again goes on from the folder of its last attempt.
func (r *run) meet(ctx context.Context) (err error) {
	l := r.config.Launch
	if r.ranks.meeting, err = distributed.Join(ctx, l, r.config.DistTimeout); err != nil || l.Attempt == 0 || r.config.Resume != "" {
		return err
	}
	dir, err := r.ranks.meeting.Recall("run")
	r.ranks.again = dir != ""
	r.config.Resume = dir
	return err
}

// trainWithOthers is train for one of several ranks. One that waits for another is in libtorch, where no context reaches it: an
// interrupted run whose other ranks are gone is left there, as a kill would leave it.
func (r *run) trainWithOthers(ctx context.Context) (Result, error) {
	if err := r.meet(ctx); err != nil {
		return Result{}, err
	}
	type end struct {
		result Result
		err    error
	}
	ended, gone := make(chan end, 1), make(chan error, 1)
	stop := context.AfterFunc(ctx, func() { gone <- r.abandon() })
	defer stop()
	go func() {
		result, err := r.train(ctx)
		ended <- end{result, err}
	}()
	for {
		select {
		case e := <-ended:
			return e.result, e.err
		case err := <-gone:
			if err != nil {
				return Result{}, err
			}
		}
	}
}

// abandon waits for the end of an interrupted run, or for a rank that does not answer: then no step ends any more.
func (r *run) abandon() error {
	for ; ; time.Sleep(time.Second) {
		err := r.ranks.meeting.Absent()
		if r.ranks.settled.Load() {
			return nil
		}
		if err != nil {
			return fmt.Errorf("interrupted, and the step under way can't end: %w%s", err, r.outside())
		}
	}
}

// outside says which checkpoint stands, for who looks from outside of the loop.
func (r *run) outside() string {
	if path := r.ranks.stands.Load(); path != nil {
		return "; " + *path + " is from before and stands"
	}
	return ""
}

// connect looks whether all ranks are to do the same, and connects them.
func (r *run) connect(ctx context.Context) (err error) {
	m := r.ranks.meeting
	if m == nil {
		return nil
	}
	facts, err := r.facts()
	if err != nil {
		return err
	}
	if err := m.Agree(ctx, facts); err != nil {
		return err
	}
	r.ranks.group, err = distributed.InitProcessGroup(m)
	return err
}

// ofOneRank are settings that ranks need not share.
var ofOneRank = []string{"threads", "device", "data", "out", "trace", "init", "keep", "time_limit", "judge"}

// facts is what must be the same for every rank.
func (r *run) facts() ([]distributed.Fact, error) {
	program, err := hashProgram()
	if err != nil {
		return nil, err
	}
	facts := []distributed.Fact{{Name: "program (sha256)", Value: program}, {Name: "libtorch", Value: torch.FullVersion()}, {Name: "data (sha256)", Value: r.hash},
		{Name: "beginning", Value: r.beginning()}}
	text, err := json.Marshal(r.config)
	var fields map[string]json.RawMessage
	if err == nil {
		err = json.Unmarshal(text, &fields)
	}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if !slices.Contains(ofOneRank, name) {
			facts = append(facts, distributed.Fact{Name: name, Value: string(fields[name])})
		}
	}
	return facts, err
}

// beginning is what the run starts from, in a word.
func (r *run) beginning() string {
	switch {
	case r.config.Resume != "":
		return "a run that goes on"
	case r.config.Init != "":
		return "weights of a file"
	}
	return "fresh networks"
}

func hashProgram() (string, error) {
	path, err := os.Executable()
	if err != nil {
		return "", err
	}
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// blame makes the error of a rank that has lost another one that names it, and tells the others of a fault of its own.
func (r *run) blame(err error) error {
	m := r.ranks.meeting
	if m == nil || err == nil {
		return err
	}
	if distributed.IsLost(err) {
		err = m.Lost(err)
		if r.first() {
			err = fmt.Errorf("%w; %s", err, r.stands())
		}
		return err
	}
	told := err
	if errors.Is(err, context.Canceled) {
		told = errors.New("interrupted")
	}
	m.Fail(told)
	return err
}

// leave waits for the last step of all.
func (r *run) leave(err error) error {
	if r.ranks.group == nil {
		return err
	}
	defer r.ranks.settled.Store(true)
	if err != nil {
		return err
	}
	return torch.Do("leave the other ranks", func() error {
		r.ranks.group.Barrier()
		return nil
	})
}

// agree finds what any rank wants, once after each step.
func (r *run) agree(ctx context.Context, step int, bad bool) error {
	save, timeUp := r.due(step)
	r.ranks.agreed = agreed{ctx.Err() != nil, save, timeUp, bad, r.evaluationDue(step)}
	return torch.Do(fmt.Sprintf("train step %d", step), func() error {
		a := &r.ranks.agreed
		all := []*bool{&a.stop, &a.save, &a.timeUp, &a.diverged, &a.evaluate}
		words := make([]int64, len(all))
		for i, v := range all {
			if *v {
				words[i] = 1
			}
		}
		t := torch.FromInt64s(words)
		r.ranks.group.AllReduce(t, distributed.Max)
		for i, word := range t.Int64s() {
			*all[i] = word == 1
		}
		return nil
	})
}

// turn is the end of what rank 0 does alone, however long it takes: rank 0 announces it, and the others wait for that.
func (r *run) turn(ctx context.Context, what string) error {
	if r.first() {
		return r.ranks.meeting.Announce(what)
	}
	return r.ranks.meeting.WaitFor(ctx, what)
}

// interrupted says whether to end before the next step. Ranks have agreed on it after the last one.
func (r *run) interrupted(ctx context.Context) bool {
	if r.ranks.group == nil {
		return ctx.Err() != nil
	}
	return r.ranks.agreed.stop
}

// remember tells the attempts of torchrun that come after this one which folder has a checkpoint.
func (r *run) remember() {
	path := r.result.Checkpoint
	r.ranks.stands.Store(&path)
	if dir, err := filepath.Abs(r.result.Dir); err == nil && r.ranks.meeting != nil {
		_ = r.ranks.meeting.Remember("run", dir) // a store that is gone ends the next step
	}
}

// errEnded is the end of a rank beside rank 0 whose reason rank 0 tells.
var errEnded error = &DivergedError{"training has diverged: rank 0 says where"}

// distribute makes t one of the ranks of g: each draws random numbers of its own, and gradients are averaged.
func (t *Trainer) distribute(g *distributed.ProcessGroup) error {
	if g == nil {
		return nil
	}
	return torch.Do("average gradients over the ranks", func() error {
		if rank := g.GetRank(); rank > 0 {
			torch.ManualSeed(t.config.Seed + int64(rank))
		}
		t.ranks = g.GetWorldSize()
		if t.config.SyncBN {
			sync := nn.Sync{Ranks: t.ranks, AllReduceSum: g.AllReduceSum}
			t.generator.SyncBatchNorm(sync)
			t.discriminator.SyncBatchNorm(sync)
		}
		bf16 := t.config.Compress == "bf16"
		t.reducerG = distributed.NewReducer(g, t.generator.Parameters(), bf16)
		t.reducerD = distributed.NewReducer(g, t.discriminator.Parameters(), bf16)
		return nil
	})
}

// Compressions are the values of Config.Compress.
var Compressions = []string{"none", "bf16"}
