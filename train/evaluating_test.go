package train

import (
	"crypto/sha256"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cgan/bindings/torch/torchtest"
	"cgan/models"
	"cgan/models/judge"
	"cgan/train/internal/noiseset"
	"cgan/train/runfolder"
	"cgan/weights/atomicfile"
)

// evaluatedConfig is smallConfig with an evaluation after each second step, by a judge that has learnt nothing.
func evaluatedConfig(t *testing.T) Config {
	t.Helper()
	c := smallConfig(t)
	c.Data, c.Batch, c.EvalEvery = noiseset.Write(t, 120), 40, Every{Steps: 2}
	c.Judge = filepath.Join(t.TempDir(), "judge.pt")
	torchtest.Do(t, func() {
		j := judge.New(1, 10)
		about := judge.About{Classes: models.NumberedClasses(10)}
		if err := atomicfile.Write(c.Judge, false, func(w io.Writer) error { return j.Write(w, about) }); err != nil {
			t.Error(err)
		}
	})
	return c
}

func sum(t *testing.T, path string) [32]byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return sha256.Sum256(text)
}

func TestEvaluationsAreNotedAndTheBestIsKept(t *testing.T) {
	result, said := mustRun(t, evaluatedConfig(t))
	least, at := 0.0, 0
	for i, s := range said.stats {
		if (s.Eval != nil) != (s.Step%2 == 0) {
			t.Errorf("step %d has the figures %+v", s.Step, s.Eval)
		}
		if s.Eval != nil && (at == 0 || s.Eval.Frechet < least) {
			least, at = s.Eval.Frechet, s.Step
		}
		if e := s.Eval; e != nil && (e.Count != 60 || e.Frechet <= 0 || e.Floor <= 0) {
			t.Errorf("%+v", said.stats[i].Eval)
		}
	}
	w, err := models.Open(filepath.Join(result.Dir, BestName), "")
	if err != nil {
		t.Fatal(err)
	}
	if step, ok := w.Get("step"); !ok || step != int64(at) {
		t.Errorf("%s is of step %v, the least distance of step %d", BestName, step, at)
	}
	readme, err := os.ReadFile(filepath.Join(result.Dir, "README.md"))
	if err != nil || !strings.Contains(string(readme), "Evaluated after step 6") {
		t.Errorf("README.md does not say it: %v", err)
	}
	last := ""
	for _, path := range said.saved {
		if filepath.Base(path) == BestName {
			last = path
		}
	}
	if last == "" || at == 0 {
		t.Errorf("saved %v", said.saved)
	}
}

// Only a lower Frechet distance makes an evaluation the best, and one by another judge is not compared.
func TestTheBestEvaluationHasTheLeastDistance(t *testing.T) {
	var e evaluating
	for i, test := range []struct {
		frechet float64
		best    bool
	}{{3, true}, {4, false}, {2, true}, {2, false}, {5, false}} {
		if got := e.note(Stats{Eval: &runfolder.Eval{Frechet: test.frechet}}); got != test.best {
			t.Errorf("evaluation %d of distance %v: best is %v", i, test.frechet, got)
		}
	}
	if e.best != 2 || e.since != 2 {
		t.Errorf("%+v", e)
	}
	for _, text := range []string{"frechet<=nan", "frechet<=inf", "consistency>=-Inf"} {
		if _, err := ParseCriterion(text); err == nil {
			t.Errorf("%s is taken", text)
		}
	}
}

// Evaluations draw none of the training's random numbers: the weights are those of a run without.
func TestEvaluationsChangeNothing(t *testing.T) {
	c := evaluatedConfig(t)
	c.EMA = 0.9
	with, _ := mustRun(t, c)
	c.EvalEvery, c.Judge = Every{}, ""
	without, _ := mustRun(t, c)
	if sum(t, with.Checkpoint) != sum(t, without.Checkpoint) {
		t.Error("the evaluated run comes to other weights")
	}
}

// A run that is interrupted and goes on has the figures, and the best checkpoint, of one that was not.
func TestAnEvaluatedRunGoesOnAsItWas(t *testing.T) {
	c := evaluatedConfig(t)
	whole, _ := mustRun(t, c)
	c.Out = t.TempDir()
	stopped := interruptedAfter(t, c, 2)
	next, err := ResumeConfig(stopped.Dir)
	if err != nil {
		t.Fatal(err)
	}
	result, _ := mustRun(t, next)
	if left(t, result) != left(t, whole) || sum(t, filepath.Join(result.Dir, BestName)) != sum(t, filepath.Join(whole.Dir, BestName)) {
		t.Error("the run that went on is another")
	}
}

func TestARunEndsWhenItIsGoodEnoughOrGetsNoBetter(t *testing.T) {
	c := evaluatedConfig(t)
	c.StopWhen = "frechet<=1e9"
	result, _ := mustRun(t, c)
	status := runfolder.ReadStatus(result.Dir)
	if result.Steps != 2 || !strings.HasPrefix(result.Stopped, "frechet is ") || status.State != runfolder.Finished {
		t.Errorf("%+v, %+v", result, status)
	}
	next, err := ResumeConfig(result.Dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := newRun(next, &listener{}, atomicfile.System()).train(t.Context()); err == nil || !strings.Contains(err.Error(), "stop_when has ended the run in") {
		t.Errorf("a run that has ended goes on: %v", err)
	}
	next.StopWhen, next.Patience, next.LR = "", 1, 0
	next.Epochs = 10
	if result, _ = mustRun(t, next); result.Steps >= 30 || !strings.HasPrefix(result.Stopped, "1 evaluations brought no lower") {
		t.Errorf("%+v", result)
	}
}

func TestEvaluationsThatCannotBe(t *testing.T) {
	for want, change := range map[string]func(c *Config){
		"stop_when is \"consistency\": it must be a figure": func(c *Config) { c.StopWhen = "consistency" },
		"stop_when is \"loss<=3\": it must be a figure":     func(c *Config) { c.StopWhen = "loss<=3" },
		"patience needs evaluations":                        func(c *Config) { c.Patience, c.EvalEvery, c.Judge = 1, Every{}, "" },
		"eval_every can't be done: 20 real images":          func(c *Config) { c.Data = noiseset.Write(t, 40) },
	} {
		c := evaluatedConfig(t)
		change(&c)
		if _, err := Run(t.Context(), c, &listener{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}
