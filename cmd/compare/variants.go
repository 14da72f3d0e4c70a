package main

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"gonum.org/v1/gonum/stat/distuv"
)

// variants are recipes that differ in one thing from the first, each trained with the same seeds.
type variants struct {
	mark, title, said string
	all               []variant
}

type variant struct {
	name  string
	flags []string // beside the preset's
}

// modes are the article's recipe in each arithmetic.
func modes(epochs int) variants {
	count := strconv.Itoa(epochs)
	return variants{"<!-- recipe: modes -->", "mnist, what fast modes lose", "The article's recipe, " + count + " epochs, in each arithmetic.", []variant{
		{"exact", []string{"--epochs", count, "--exact"}}, {"f32", []string{"--epochs", count}}, {"bf16", []string{"--epochs", count, "--precision", "bf16"}},
	}}
}

// ablation is the preset quick with one thing changed.
func ablation() variants {
	v := variants{"<!-- recipe: ablation -->", "mnist, what helps", "`--preset quick`, 4 epochs, with one thing changed each time.", []variant{{"quick", nil}}}
	for _, f := range []string{"--batch 16", "--batch 64", "--batch 128", "--lr 2e-4", "--lr 1e-3", "--lr-d 1e-3", "--lr-schedule constant", "--ema 0", "--ema 0.9995",
		"--precision f32", "--label-smoothing 0.1", "--beta1 0", "--r1 0.1", "--r1 1", "--spectral-norm", "--loss lsgan", "--loss hinge", "--loss hinge --spectral-norm", "--loss wgan-gp"} {
		v.all = append(v.all, variant{"`" + f + "`", strings.Fields(f)})
	}
	return v
}

// compareVariants trains and evaluates all, and writes their section of QUALITY.md.
func compareVariants(ctx context.Context, cgan string, v variants, r recipe) error {
	machine, err := readFacts(ctx, 0)
	if err != nil {
		return err
	}
	all := make([][]trained, len(v.all))
	for seed := range r.seeds { // a seed of all before the next seed: what is cut off has whole seeds
		for i, one := range v.all {
			r.flags = one.flags
			t, err := r.of(ctx, cgan, seed)
			if err != nil {
				return fmt.Errorf("%s, seed %d: %w", one.name, seed, err)
			}
			all[i] = append(all[i], t)
			fmt.Printf("%s, seed %d: class consistency %.2f %%, Frechet %.4f\n", one.name, seed, 100*t.Consistency.Share, t.Frechet)
		}
	}
	text := v.section(machine, all)
	fmt.Print(text)
	return writePlaced(qualityFile, v.mark, text)
}

// section is a row for each variant: means and deviations over the seeds, and how far it is from the first by a paired test.
func (v variants) section(machine facts, all [][]trained) string {
	t := newTable(1, "", "class consistency %", "less than 90 %", "more than the first, 95 %", "p", "Frechet", "more than the first, 95 %", "p", "density", "coverage")
	plusMinus := func(values []float64, digits int) string {
		mean, deviation := spread(values)
		return number(mean, digits) + " ± " + number(deviation, digits)
	}
	beside := func(i int, of func(trained) float64, digits int) []string {
		if i == 0 {
			return []string{"-", "-"}
		}
		low, high, p := paired(each(all[i], of), each(all[0], of))
		return []string{number(low, digits) + " to " + number(high, digits), number(p, 3)}
	}
	consistency := func(t trained) float64 { return 100 * t.Consistency.Share }
	frechet := func(t trained) float64 { return t.Frechet }
	density := func(t trained) float64 { return t.Density }
	coverage := func(t trained) float64 { return t.Coverage }
	for i, own := range all {
		collapsed := 0
		for _, share := range each(own, consistency) {
			if share < 90 {
				collapsed++
			}
		}
		t.add(slices.Concat(
			[]string{v.all[i].name, plusMinus(each(own, consistency), 2), fmt.Sprintf("%d of %d", collapsed, len(own))}, beside(i, consistency, 2),
			[]string{plusMinus(each(own, frechet), 4)}, beside(i, frechet, 4),
			[]string{plusMinus(each(own, density), 3), plusMinus(each(own, coverage), 3)})...)
	}
	return fmt.Sprintf("%s\n## %s\n\nOn %s, %s. %s Seeds 0 to %d; mean ± standard deviation, and Student's paired t-test over the seeds.\n\n%s",
		v.mark, v.title, machine.cpu, machine.date, v.said, len(all[0])-1, t)
}

// paired is the 95 % interval of the mean of a - b, and the p value of Student's paired t-test, two-sided. It takes two pairs at least.
func paired(a, b []float64) (low, high, p float64) {
	differences := make([]float64, len(a))
	for i := range a {
		differences[i] = a[i] - b[i]
	}
	mean, deviation := spread(differences)
	n := float64(len(a))
	if n < 2 {
		return math.NaN(), math.NaN(), math.NaN()
	}
	t := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: n - 1}
	scale := deviation / math.Sqrt(n)
	half := t.Quantile(0.975) * scale
	if scale == 0 {
		return mean, mean, map[bool]float64{true: 1}[mean == 0]
	}
	return mean - half, mean + half, 2 * t.CDF(-math.Abs(mean/scale))
}
