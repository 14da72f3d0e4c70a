package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

const qualityFile = "QUALITY.md"

// recipe is a preset on a data set, which are trained with seeds from 0 on.
type recipe struct {
	data, preset string   // no preset is the article's recipe
	flags        []string // beside the preset's
	seeds        int
	noCAS        bool
	kept         string // folder of what was trained and measured: what is there is not done again
}

// trained is one training, and what cgan eval says of its end.
type trained struct {
	Seed        int     `json:"seed"`
	Seconds     float64 `json:"seconds"` // of cgan train, from the command on
	Consistency struct {
		Share   float64   `json:"share"`
		Classes []float64 `json:"classes"`
	} `json:"consistency"`
	Frechet float64 `json:"frechet"`
	Floor   float64 `json:"frechet_floor"`
	prdc
	OfReal       prdc    `json:"of_real"`
	Diversity    float64 `json:"diversity"`
	Memorisation struct {
		Share   float64 `json:"share"`
		HeldOut float64 `json:"held_out"`
	} `json:"memorisation"`
	CAS struct {
		Drawn float64 `json:"drawn"`
		Real  float64 `json:"real"`
	} `json:"cas"`
	Judge struct {
		Accuracy float64 `json:"accuracy"`
	} `json:"judge"`
}

// prdc are four of the figures, of drawn images or of other real ones.
type prdc struct {
	Precision float64 `json:"precision"`
	Recall    float64 `json:"recall"`
	Density   float64 `json:"density"`
	Coverage  float64 `json:"coverage"`
}

// qualityFigure is a column of the table, and what is asked of each seed; a bound of 0 asks nothing.
type qualityFigure struct {
	name   string
	digits int
	unit   string
	is     relation
	bound  map[string]float64 // by preset, for MNIST
	of     func(trained) float64
}

// qualityFigures are all; shares are in percent.
var qualityFigures = []qualityFigure{
	{"seconds", 0, "s", "", nil, func(t trained) float64 { return t.Seconds }},
	{"class consistency", 2, "%", atLeast, map[string]float64{"best": 99.5, "quick": 98}, func(t trained) float64 { return 100 * t.Consistency.Share }},
	{"worst class", 1, "%", "", nil, func(t trained) float64 { return 100 * least(t.Consistency.Classes) }},
	{"Frechet", 4, "", "", nil, func(t trained) float64 { return t.Frechet }},
	{"Frechet over that of real images", 2, "x", atMost, map[string]float64{"best": 2}, func(t trained) float64 { return t.Frechet / t.Floor }},
	{"precision", 1, "%", "", nil, func(t trained) float64 { return 100 * t.Precision }},
	{"recall", 1, "%", "", nil, func(t trained) float64 { return 100 * t.Recall }},
	{"density", 3, "", atLeast, map[string]float64{"best": 0.95}, func(t trained) float64 { return t.Density }},
	{"coverage", 3, "", atLeast, map[string]float64{"best": 0.95}, func(t trained) float64 { return t.Coverage }},
	{"diversity", 1, "%", "", nil, func(t trained) float64 { return 100 * t.Diversity }},
	{"CAS", 2, "%", atLeast, map[string]float64{"best": 98}, func(t trained) float64 { return 100 * t.CAS.Drawn }},
	{"CAS of real images", 2, "%", "", nil, func(t trained) float64 { return 100 * t.CAS.Real }},
	{"nearer to a training image than 99 % of held-out ones", 2, "%", atMost, map[string]float64{"best": 1}, func(t trained) float64 { return 100 * t.Memorisation.Share }},
}

func least(values []float64) float64 {
	low := math.Inf(1)
	for _, v := range values {
		low = min(low, v)
	}
	return low
}

// quality trains a recipe with each seed, evaluates it, and writes a section of QUALITY.md.
func quality(ctx context.Context, cgan string, r recipe, write bool) error {
	machine, err := readFacts(ctx, 0)
	if err != nil {
		return err
	}
	var all []trained
	for seed := range r.seeds {
		t, err := r.of(ctx, cgan, seed)
		if err != nil {
			return fmt.Errorf("seed %d: %w", seed, err)
		}
		all = append(all, t)
	}
	text := r.section(machine, all)
	fmt.Print(text)
	if !write {
		return nil
	}
	return writePlaced(qualityFile, r.mark(), text)
}

// name tells recipes apart, as a folder too.
func (r recipe) name() string {
	return strings.Trim(noFileName.ReplaceAllString(strings.ToLower(strings.Join(append([]string{r.data, r.preset}, r.flags...), " ")), "-"), "-")
}

func (r recipe) mark() string { return "<!-- recipe: " + r.name() + " -->" }

// of trains and evaluates with one seed. What was trained with the settings that the recipe has now is not trained again, and what
// was evaluated is not evaluated again until its figures.json is gone.
func (r recipe) of(ctx context.Context, cgan string, seed int) (t trained, err error) {
	dir := filepath.Join(r.kept, r.name()+"-"+strconv.Itoa(seed))
	args := []string{"train", "--quiet", "--data", r.data, "--seed", strconv.Itoa(seed), "--out", dir, "--keep", "1"}
	if r.preset != "" {
		args = append(args, "--preset", r.preset)
	}
	seconds, err := trainOnce(ctx, cgan, dir, append(args, r.flags...))
	if err != nil {
		return t, err
	}
	path := filepath.Join(dir, "figures.json")
	if text, err := os.ReadFile(path); err == nil {
		if err := json.Unmarshal(text, &t); err != nil || r.noCAS || t.CAS.Real > 0 {
			return t, err
		}
	}
	saved, err := checkpoints(dir)
	if err != nil {
		return t, err
	}
	if t, err = evaluated(ctx, cgan, saved[len(saved)-1], "--data", r.data, "--report", filepath.Join(dir, "report"), "--cas="+strconv.FormatBool(!r.noCAS)); err != nil {
		return t, err
	}
	t.Seed, t.Seconds = seed, seconds
	text, err := json.MarshalIndent(t, "", "  ")
	if err == nil {
		err = os.WriteFile(path, append(text, '\n'), 0o644)
	}
	return t, err
}

// trainOnce trains into a folder, unless that was done with the same settings, and says how many seconds it took.
func trainOnce(ctx context.Context, cgan, dir string, args []string) (seconds float64, err error) {
	settings, err := run(ctx, cgan, append(args, "--print-config")...)
	if err != nil {
		return 0, err
	}
	kept, took := filepath.Join(dir, "settings.yaml"), filepath.Join(dir, "seconds")
	if before, err := os.ReadFile(kept); err == nil && bytes.Equal(before, settings) {
		text, err := os.ReadFile(took)
		if err != nil {
			return 0, err
		}
		return strconv.ParseFloat(string(text), 64)
	}
	if err := os.RemoveAll(dir); err != nil { // of other settings, or of a training that was cut off
		return 0, err
	}
	began := time.Now()
	if _, err := said(ctx, cgan, args...); err != nil {
		return 0, err
	}
	seconds = time.Since(began).Seconds()
	if err := os.WriteFile(took, []byte(strconv.FormatFloat(seconds, 'f', 1, 64)), 0o644); err != nil {
		return 0, err
	}
	return seconds, os.WriteFile(kept, settings, 0o644) // last: it says that the rest is there
}

// evaluated is what cgan eval says of weights.
func evaluated(ctx context.Context, cgan, weights string, flags ...string) (t trained, err error) {
	figures, err := said(ctx, cgan, append([]string{"eval", weights, "--json"}, flags...)...)
	if err != nil {
		return t, err
	}
	return t, json.NewDecoder(strings.NewReader(figures)).Decode(&t)
}

// section is what QUALITY.md says of a recipe: each seed, mean and deviation, and the goals by the worst seed.
func (r recipe) section(machine facts, all []trained) string {
	head := []string{"seed"}
	for _, f := range qualityFigures {
		head = append(head, strings.TrimSpace(f.name+" "+f.unit))
	}
	t := newTable(1, head...)
	row := func(name string, value func(qualityFigure) float64) {
		cells := []string{name}
		for _, f := range qualityFigures {
			cells = append(cells, number(value(f), f.digits))
		}
		t.add(cells...)
	}
	for _, one := range all {
		row(strconv.Itoa(one.Seed), func(f qualityFigure) float64 { return f.of(one) })
	}
	row("mean", func(f qualityFigure) float64 { m, _ := spread(each(all, f.of)); return m })
	row("deviation", func(f qualityFigure) float64 { _, d := spread(each(all, f.of)); return d })
	goals := newTable(3, "goal, of each seed", "wanted", "measured", "")
	for _, f := range qualityFigures {
		if bound := f.bound[r.preset]; bound != 0 && len(r.flags) == 0 && r.data == "mnist" {
			g := goal{f.name, f.is, bound, f.unit, each(all, f.of)}
			goals.add(g.what, g.wanted(), g.measured(), g.verdict())
		}
	}
	real := all[0].OfReal
	text := fmt.Sprintf("%s\n## %s, `--preset %s`\n\n`%s` on %s, %s. The judge reads %.2f %% of the test set right. Other real images have precision %.1f %%, recall %.1f %%, "+
		"density %.3f and coverage %.3f.\n\n%s", r.mark(), r.data, strings.Join(append([]string{r.preset}, r.flags...), " "), r.command(), machine.cpu, machine.date,
		100*all[0].Judge.Accuracy, 100*real.Precision, 100*real.Recall, real.Density, real.Coverage, t)
	if len(goals.rows) > 1 {
		text += "\n" + goals.String()
	}
	return text
}

func (r recipe) command() string {
	text := fmt.Sprintf("compare quality --data %s --preset %s --seeds %d", r.data, r.preset, r.seeds)
	if len(r.flags) > 0 {
		text += " -- " + strings.Join(r.flags, " ")
	}
	return text
}

// spread is the mean and the sample standard deviation, which one value does not have.
func spread(values []float64) (mean, deviation float64) {
	n := float64(len(values))
	for _, v := range values {
		mean += v / n
	}
	for _, v := range values {
		deviation += (v - mean) * (v - mean)
	}
	return mean, math.Sqrt(deviation / (n - 1))
}
