package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"
)

const (
	judgeScript = "cmd/compare/accuracy.py"
	judgeNeeds  = 98.5 // percent of MNIST's test set; a worse judge's own errors hide what it shall find
)

// arithmetic is one way to compute a training.
type arithmetic struct {
	name   string
	flags  []string
	scores []score // one for each seed
}

// score is what accuracy.py prints.
type score struct {
	Right  int `json:"right"`
	Images int `json:"images"`
}

func (s score) percent() float64 { return 100 * float64(s.Right) / float64(s.Images) }

// stage is what each arithmetic had learned after an epoch.
type stage struct {
	epoch int
	all   []*arithmetic
}

// stages are the second epoch, where digits begin to show, and the last one.
func stages(epochs int) (all []stage) {
	if epochs > 2 {
		all = append(all, stage{2, arithmetics()})
	}
	return append(all, stage{epochs, arithmetics()})
}

// arithmetics begins with the one that the others are measured by.
func arithmetics() []*arithmetic {
	return []*arithmetic{
		{name: "exact", flags: []string{"--exact"}},
		{name: "f32"},
		{name: "bf16", flags: []string{"--precision", "bf16"}},
	}
}

// accuracy trains each arithmetic with each seed, and fails when a fast one learns less than exact does.
func accuracy(ctx context.Context, where setting, epochs, seeds int) error {
	if epochs < 1 || seeds < 2 {
		return fmt.Errorf("%d epochs, %d seeds: at least 1 epoch is needed, and 2 seeds for a standard deviation", epochs, seeds)
	}
	p, err := newPrograms(ctx, where)
	if err != nil {
		return err
	}
	defer p.clear()
	learned, err := learn(ctx, p, epochs, seeds)
	if err != nil {
		return err
	}
	var failed error
	for _, s := range learned {
		verdict, err := judgeAll(s.all)
		fmt.Printf("Behind epoch %d:\n\n%s%s\n", s.epoch, accuracyTable(s.all), verdict)
		failed = errors.Join(failed, err)
	}
	return failed
}

// learn makes the judge first, so that a bad one is known before the long work. Seed by seed, the arithmetics
// take turns: then their times compare even on a machine that drifts.
func learn(ctx context.Context, p *programs, epochs, seeds int) ([]stage, error) {
	judge, err := p.trainJudge(ctx)
	if err != nil {
		return nil, err
	}
	learned := stages(epochs)
	for seed := range seeds {
		for i, a := range arithmetics() {
			out, err := a.train(ctx, p, epochs, seed)
			for _, s := range learned {
				if err == nil {
					err = s.all[i].judge(ctx, p, judge, out, s.epoch)
				}
			}
			if err != nil {
				return nil, fmt.Errorf("seed %d, %s: %w", seed, a.name, err)
			}
		}
	}
	return learned, nil
}

// trainJudge gives the file of the judge's weights.
func (p *programs) trainJudge(ctx context.Context) (string, error) {
	file, begin := p.file("-judge.pt"), time.Now()
	s, err := p.askJudge(ctx, "train", "--data", p.MNIST, file)
	if err != nil {
		return "", err
	}
	if s.percent() < judgeNeeds {
		return "", fmt.Errorf("the judge reads %.2f %% of MNIST's test set, and needs %g %%: train it longer, EPOCHS in %s", s.percent(), judgeNeeds, judgeScript)
	}
	fmt.Fprintf(os.Stderr, "judge: trained in %.0f s, reads %.2f %% of MNIST's test set\n", time.Since(begin).Seconds(), s.percent())
	return file, nil
}

func (p *programs) askJudge(ctx context.Context, command string, args ...string) (s score, err error) {
	err = outputJSON(ctx, &s, append([]string{p.python, judgeScript, command, "--threads", strconv.Itoa(p.Threads)}, args...)...)
	if err == nil && (s.Images < 1 || s.Right < 0 || s.Right > s.Images) {
		err = fmt.Errorf("%s %s: %d of %d images is no score", judgeScript, command, s.Right, s.Images)
	}
	return s, err
}

// train trains one generator and gives the folder of its run.
func (a *arithmetic) train(ctx context.Context, p *programs, epochs, seed int) (out string, err error) {
	out, begin := p.file("-runs"), time.Now()
	args := []string{
		"train", "--keep", "0", "--epochs", strconv.Itoa(epochs), "--seed", strconv.Itoa(seed), "--quiet",
		"--device", p.device, "--threads", strconv.Itoa(p.Threads), "--data", p.MNIST, "--out", out,
	}
	if err := quiet(ctx, p.cgan, append(args, a.flags...)...); err != nil {
		return "", err
	}
	fmt.Fprintf(os.Stderr, "seed %d, %s: trained in %.0f s\n", seed, a.name, time.Since(begin).Seconds())
	return out, nil
}

// judge has the judge read what the run in out draws with its weights after an epoch.
func (a *arithmetic) judge(ctx context.Context, p *programs, judge, out string, epoch int) error {
	saved, err := checkpoints(out)
	if err != nil {
		return err
	}
	if len(saved) < epoch {
		return fmt.Errorf("%d checkpoints, none after epoch %d", len(saved), epoch)
	}
	s, err := p.askJudge(ctx, "judge", judge, saved[epoch-1])
	if err != nil {
		return err
	}
	a.scores = append(a.scores, s)
	fmt.Fprintf(os.Stderr, "after epoch %d: %.1f %% right\n", epoch, s.percent())
	return nil
}
