package train

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"cgan/bindings/torch"
	"cgan/models"
	"cgan/models/judge"
	"cgan/train/checkpoint"
	"cgan/train/dataset"
	"cgan/train/evaluate"
	"cgan/train/runfolder"
)

// BestName is the checkpoint of the step with the least Frechet distance so far, in a run that is evaluated.
const BestName = "best.pt"

// evalCount is how many images each evaluation draws, and how many real ones they are compared with, unless the data has less than
// twice as many: with one an epoch, a run of the article's takes less than a 20th longer.
const evalCount = 5000

// Criterion is what a figure is to come to for a run to end, such as consistency>=99.5. Shares are in percent.
type Criterion struct {
	Figure string
	Least  bool // the figure is to be at least Value, else at most
	Value  float64
}

// criterionFigures gives the values that criteria are about.
var criterionFigures = []struct {
	name string
	of   func(e *runfolder.Eval) float64
}{
	{"consistency", func(e *runfolder.Eval) float64 {
		if e.Consistency == nil {
			return math.NaN() // which meets nothing
		}
		return 100 * *e.Consistency
	}},
	{"frechet", func(e *runfolder.Eval) float64 { return e.Frechet }},
	{"precision", func(e *runfolder.Eval) float64 { return 100 * e.Precision }},
	{"recall", func(e *runfolder.Eval) float64 { return 100 * e.Recall }},
	{"density", func(e *runfolder.Eval) float64 { return e.Density }},
	{"coverage", func(e *runfolder.Eval) float64 { return 100 * e.Coverage }},
	{"diversity", func(e *runfolder.Eval) float64 { return 100 * e.Diversity }},
}

// CriterionFigures are the names of the figures that a Criterion may be about.
func CriterionFigures() (names []string) {
	for _, f := range criterionFigures {
		names = append(names, f.name)
	}
	return names
}

// ParseCriterion reads a criterion, such as consistency>=99.5 or frechet<=0.8.
func ParseCriterion(text string) (c Criterion, err error) {
	name, value, least := strings.Cut(text, ">=")
	if !least {
		name, value, _ = strings.Cut(text, "<=")
	}
	c = Criterion{Figure: strings.TrimSpace(name), Least: least}
	if c.Value, err = strconv.ParseFloat(strings.TrimSpace(value), 64); err != nil || math.IsNaN(c.Value) || math.IsInf(c.Value, 0) || c.of() == nil {
		return c, fmt.Errorf("is %q: it must be a figure, >= or <=, and a number, such as consistency>=99.5; the figures are %s", text, strings.Join(CriterionFigures(), ", "))
	}
	return c, nil
}

func (c Criterion) of() func(e *runfolder.Eval) float64 {
	for _, f := range criterionFigures {
		if f.name == c.Figure {
			return f.of
		}
	}
	return nil
}

// met says whether an evaluation meets the criterion.
func (c Criterion) met(e *runfolder.Eval) bool {
	if value := c.of()(e); c.Least {
		return value >= c.Value
	} else {
		return value <= c.Value
	}
}

// validateEval looks at the settings of evaluations.
func (c Config) validateEval() error {
	if c.StopWhen != "" {
		if _, err := ParseCriterion(c.StopWhen); err != nil {
			return &models.FieldError{Field: "stop_when", Problem: err.Error()}
		}
	}
	for _, use := range []struct {
		name  string
		given bool
	}{{"stopping at a criterion", c.StopWhen != ""}, {"patience", c.Patience > 0}, {"a judge", c.Judge != ""}} {
		if use.given && c.EvalEvery == (Every{}) {
			return &models.FieldError{Field: "eval_every", Problem: "is not set: " + use.name + " needs evaluations"}
		}
	}
	return nil
}

// evaluating is what a run needs to be evaluated, and what evaluations have come to.
type evaluating struct {
	judge     *judge.Judge // nil in a run that is not evaluated
	test      *dataset.Set
	reference *evaluate.Reference
	criterion *Criterion
	at        time.Time // of the last evaluation
	last      *runfolder.Stats
	best      float64 // the least Frechet distance
	since     int     // evaluations that brought no lower one
}

// openEvaluating finds the judge and looks at the real images, before the training's random numbers are seeded: an evaluation draws none
// of them. Of several processes the first one evaluates.
func (r *run) openEvaluating(ctx context.Context) (err error) {
	c, e := r.config, &r.evaluating
	if c.EvalEvery == (Every{}) || !r.first() {
		return nil
	}
	if c.StopWhen != "" {
		criterion, err := ParseCriterion(c.StopWhen)
		if err != nil {
			return err
		}
		if e.criterion = &criterion; criterion.Figure == "consistency" && c.Classes == 0 {
			return &models.FieldError{Field: "stop_when", Problem: "is about classes, and the networks know none"}
		}
	}
	if e.test, err = evaluate.OpenTest(ctx, c.Data, c.dataOptions(), r.set, r.report.Say); err != nil {
		return optionError(err)
	}
	var about judge.About
	if c.Judge != "" {
		if e.judge, about, err = judge.Open(c.Judge); errors.Is(err, fs.ErrNotExist) {
			return &models.FieldError{Field: "judge", Problem: fmt.Sprintf("is %q, and there is no such file: cgan judge train makes one", c.Judge)}
		}
	} else {
		e.judge, about, err = evaluate.JudgeOf(ctx, r.set, e.test, r.report.Say, r.sayFitting)
	}
	if err != nil {
		return err
	}
	e.judge.Use(c.Compute)
	if e.reference, err = evaluate.NewReference(e.judge, about, r.set, e.test, evalCount); err != nil {
		return &models.FieldError{Field: "eval_every", Problem: "can't be done: " + err.Error()}
	}
	e.at = time.Now()
	return nil
}

// sayFitting tells of a judge's epochs.
func (r *run) sayFitting(p evaluate.Fitting) {
	if p.Step == p.Steps {
		r.report.Say(fmt.Sprintf("judge, epoch %d/%d: loss %.4f", p.Epoch, p.Epochs, p.Loss))
	}
}

// recall brings back what the evaluations of a run that goes on have come to. A run that a criterion has ended does not go on under
// the same one.
func (r *run) recall() error {
	if r.config.Resume == "" || r.evaluating.judge == nil {
		return nil
	}
	if _, err := runfolder.ReadStats(r.config.Resume, 0, func(s Stats) {
		if s.Eval != nil && s.Step <= r.at.Step && r.evaluating.sameScale(s.Eval) {
			r.evaluating.note(s)
		}
	}); err != nil {
		return err
	}
	if e := r.evaluating; e.last != nil && e.last.Step == r.at.Step {
		if field, why := e.ends(r.config); why != "" {
			return &models.FieldError{Field: field, Problem: fmt.Sprintf("has ended the run in %s: %s: ask for more", r.config.Resume, why)}
		}
	}
	return nil
}

// sameScale says whether an earlier evaluation was by this judge beside these images: by another one even real images are at another
// distance. Another processor's kernels move it a little.
func (e *evaluating) sameScale(was *runfolder.Eval) bool {
	return math.Abs(was.Floor-e.reference.Floor()) <= 0.01*e.reference.Floor()
}

// note takes an evaluation in, and says whether it is the best so far.
func (e *evaluating) note(s Stats) (best bool) {
	best = e.last == nil || s.Eval.Frechet < e.best
	e.last, e.since = &s, e.since+1
	if best {
		e.best, e.since = s.Eval.Frechet, 0
	}
	return best
}

// ends says whether a run ends after its last evaluation, by which setting and why.
func (e *evaluating) ends(c Config) (field, why string) {
	if e.criterion != nil && e.criterion.met(e.last.Eval) {
		return "stop_when", fmt.Sprintf("%s is %.4g", e.criterion.Figure, e.criterion.of()(e.last.Eval))
	}
	if c.Patience > 0 && e.since >= c.Patience {
		return "patience", fmt.Sprintf("%d evaluations brought no lower Frechet distance than %.4g", e.since, e.best)
	}
	return "", ""
}

// evaluationDue says whether this process is to evaluate after a step, by its own clock.
func (r *run) evaluationDue(step int) bool {
	e := &r.evaluating
	return e.judge != nil && r.config.EvalEvery.due(step, time.Since(e.at))
}

// evaluate is the figures after a step, nil where none are due. It draws none of the training's random numbers and is not interrupted, so
// that a run that goes on has the lines that it would have had.
func (r *run) evaluate(ctx context.Context, step int) (*runfolder.Eval, error) {
	due := r.evaluationDue(step)
	if r.ranks.group != nil {
		due = r.ranks.agreed.evaluate && r.first()
	}
	if !due {
		return nil, nil
	}
	e := &r.evaluating
	e.at = time.Now()
	d, err := e.reference.Draw(context.WithoutCancel(ctx), r.trainer.drawing(), r.config.Config, sampleSeed)
	if err != nil {
		return nil, fmt.Errorf("evaluate step %d: %w", step, err)
	}
	f, err := e.reference.Figures(d)
	if err != nil {
		return nil, fmt.Errorf("evaluate step %d: %w", step, err)
	}
	eval := &runfolder.Eval{
		Count: f.Count, Frechet: f.Frechet, Floor: f.Floor, Precision: f.Precision, Recall: f.Recall, Density: f.Density, Coverage: f.Coverage,
		Diversity: f.Diversity,
	}
	text := ""
	if f.Consistency != nil {
		eval.Consistency = &f.Consistency.Share
		text = fmt.Sprintf("%.2f %% read as asked, ", 100*f.Consistency.Share)
	}
	r.report.Say(fmt.Sprintf("step %d: %sFrechet distance %.4f (real: %.4f), density %.3f, coverage %.2f %%; evaluated in %.1f s", step, text, f.Frechet, f.Floor, f.Density, 100*f.Coverage, time.Since(e.at).Seconds()))
	return eval, nil
}

// keepBest keeps the checkpoint of the best evaluation so far, and ends the run where that is asked for.
func (r *run) keepBest(s Stats) {
	if s.Eval == nil {
		return
	}
	if r.evaluating.note(s) {
		path := filepath.Join(r.result.Dir, BestName)
		err := r.lock.Check()
		if err == nil {
			err = checkpoint.Save(r.disk, path, r.trainer.parts(), r.at)
		}
		if err != nil {
			r.report.Say(fmt.Sprintf("notice: %v; training goes on, and the next better one is tried again", err))
		} else {
			r.report.Saved(path)
		}
	}
	_, r.result.Stopped = r.evaluating.ends(r.config)
}

// waitForJudge waits while rank 0 finds the judge, which it may have to train.
func (r *run) waitForJudge(ctx context.Context) error {
	if r.ranks.meeting == nil || r.config.EvalEvery == (Every{}) {
		return nil
	}
	return r.turn(ctx, "judge")
}

// shareEnd waits for rank 0's evaluation, and tells every rank whether it has ended the run.
func (r *run) shareEnd(ctx context.Context) error {
	if r.ranks.group == nil || !r.ranks.agreed.evaluate {
		return nil
	}
	if err := r.turn(context.WithoutCancel(ctx), fmt.Sprintf("evaluation/%d", r.at.Step)); err != nil {
		return err
	}
	return torch.Do("share the evaluation", func() error {
		var ends int64
		if r.result.Stopped != "" {
			ends = 1
		}
		t := torch.FromInt64s([]int64{ends})
		r.ranks.group.Broadcast(t, 0)
		if !r.first() && t.Int64s()[0] == 1 {
			r.result.Stopped = "rank 0 says why"
		}
		return nil
	})
}

// closeEvaluating frees what openEvaluating made.
func (r *run) closeEvaluating() error {
	if r.evaluating.judge != nil {
		r.evaluating.judge.Free()
	}
	if r.evaluating.test != nil {
		return r.evaluating.test.Close()
	}
	return nil
}
