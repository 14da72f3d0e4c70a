package main

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"regexp"
	"strconv"
)

const (
	evaluationScript = "cmd/compare/evaluation.py"
	evaluationJudge  = "models/judge/box/mnist.pt"
	goalEvaluation   = 5.0 // times as fast as Python
	goalSeconds      = 2.0 // for 10,000 images
)

// evaluation times how long Python and cgan take to draw and judge images, in turn.
func evaluation(ctx context.Context, where setting, count, rounds int) error {
	p, err := newPrograms(ctx, where)
	if err != nil {
		return err
	}
	defer p.clear()
	_, checkpoint, err := p.goTrain(ctx, []string{"--steps", "1"})
	if err != nil {
		return err
	}
	seconds := map[string][]float64{}
	names := []string{"python", "--exact", "f32", "bf16"}
	for range rounds {
		var printed struct{ Seconds float64 }
		if err := outputJSON(ctx, &printed, p.python, evaluationScript, "--threads", strconv.Itoa(p.Threads), "--count", strconv.Itoa(count), evaluationJudge, checkpoint); err != nil {
			return err
		}
		seconds[names[0]] = append(seconds[names[0]], printed.Seconds)
		for i, flags := range [][]string{{"--exact"}, nil, {"--precision", "bf16"}} {
			s, err := p.evaluate(ctx, checkpoint, count, flags)
			if err != nil {
				return err
			}
			seconds[names[i+1]] = append(seconds[names[i+1]], s)
		}
	}
	original := median(seconds[names[0]])
	fmt.Printf("| %d images drawn and judged, %d threads, %d rounds | s | x |\n|---|---:|---:|\n", count, p.Threads, rounds)
	for _, name := range names {
		fmt.Printf("| %s | %.2f | %.1f |\n", name, median(seconds[name]), original/median(seconds[name]))
	}
	best := min(median(seconds["f32"]), median(seconds["bf16"]))
	fmt.Printf("\nthe faster mode: %.1f x, the goal is %.0f x; %.2f s for 10,000, the goal is %.0f s\n", original/best, goalEvaluation, best*10_000/float64(count), goalSeconds)
	return nil
}

var drewIn = regexp.MustCompile(`drew and judged [0-9]+ images in ([0-9.]+) s`)

// evaluate gives the seconds that cgan eval says.
func (p *programs) evaluate(ctx context.Context, checkpoint string, count int, flags []string) (float64, error) {
	args := append([]string{"eval", checkpoint, "--data", p.MNIST, "--count", strconv.Itoa(count), "--cas=false", "--threads", strconv.Itoa(p.Threads)}, flags...)
	command := exec.CommandContext(ctx, p.cgan, args...)
	var errors bytes.Buffer
	command.Stderr = &errors
	if err := command.Run(); err != nil {
		return 0, fmt.Errorf("%s eval: %w\n%s", p.cgan, err, errors.String())
	}
	found := drewIn.FindStringSubmatch(errors.String())
	if found == nil {
		return 0, fmt.Errorf("%s eval does not say how long it took:\n%s", p.cgan, errors.String())
	}
	return strconv.ParseFloat(found[1], 64)
}
