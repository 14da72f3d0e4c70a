package main

import (
	"context"
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

// arithmetics begins with the one that the others are measured by.
func arithmetics() []*arithmetic {
	return []*arithmetic{
		{name: "exact", flags: []string{"--exact"}},
		{name: "f32"},
		{name: "bf16", flags: []string{"--precision", "bf16"}},
	}
}

// accuracy trains each arithmetic with each seed, and fails when a fast one learns less than exact does.
func accuracy(ctx context.Context, cgan string, epochs, seeds int) error {
	if epochs < 1 || seeds < 2 {
		return fmt.Errorf("%d epochs, %d seeds: at least 1 epoch is needed, and 2 seeds for a standard deviation", epochs, seeds)
	}
	p, err := newPrograms(ctx, cgan)
	if err != nil {
		return err
	}
	defer p.clear()
	all, err := learn(ctx, p, epochs, seeds)
	if err != nil {
		return err
	}
	fmt.Print(accuracyTable(all))
	verdict, failed := judgeAll(all)
	fmt.Print(verdict)
	return failed
}

// learn makes the judge first, so that a bad one is known before the long work. Seed by seed, the arithmetics
// take turns: then their times compare even on a machine that drifts.
func learn(ctx context.Context, p *programs, epochs, seeds int) ([]*arithmetic, error) {
	judge, err := p.trainJudge(ctx)
	if err != nil {
		return nil, err
	}
	all := arithmetics()
	for seed := range seeds {
		for _, a := range all {
			if err := a.run(ctx, p, judge, epochs, seed); err != nil {
				return nil, fmt.Errorf("seed %d, %s: %w", seed, a.name, err)
			}
		}
	}
	return all, nil
}

// trainJudge gives the file of the judge's weights.
func (p *programs) trainJudge(ctx context.Context) (string, error) {
	file, begin := p.file("-judge.pt"), time.Now()
	s, err := p.askJudge(ctx, "train", "--data", p.mnist, file)
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
	err = outputJSON(ctx, &s, append([]string{p.python, judgeScript, command, "--threads", strconv.Itoa(p.threads)}, args...)...)
	if err == nil && (s.Images < 1 || s.Right < 0 || s.Right > s.Images) {
		err = fmt.Errorf("%s %s: %d of %d images is no score", judgeScript, command, s.Right, s.Images)
	}
	return s, err
}

// run trains one generator and has it judged.
func (a *arithmetic) run(ctx context.Context, p *programs, judge string, epochs, seed int) error {
	out, begin := p.file("-runs"), time.Now()
	args := []string{"train", "--epochs", strconv.Itoa(epochs), "--seed", strconv.Itoa(seed), "--quiet",
		"--device", "cpu", "--threads", strconv.Itoa(p.threads), "--data", p.mnist, "--out", out}
	if err := quiet(ctx, p.cgan, append(args, a.flags...)...); err != nil {
		return err
	}
	took := time.Since(begin)
	checkpoint, err := lastCheckpoint(out)
	if err != nil {
		return err
	}
	s, err := p.askJudge(ctx, "judge", judge, checkpoint)
	if err != nil {
		return err
	}
	a.scores = append(a.scores, s)
	fmt.Fprintf(os.Stderr, "seed %d, %s: trained in %.0f s, %.1f %% right\n", seed, a.name, took.Seconds(), s.percent())
	return nil
}
