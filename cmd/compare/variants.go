package main

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"strings"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// variants are recipes that differ in one thing from the first, each trained with the same seeds.
type variants struct {
	mark, title, said string
	names             []string
	flags             [][]string // beside the preset's, by name
}

// modes are the article's recipe in each arithmetic.
func modes(epochs int) variants {
	all := variants{mark: "<!-- recipe: modes -->", title: "mnist, what fast modes lose", names: []string{"exact", "f32", "bf16"},
		said: fmt.Sprintf("The article's recipe, %d epochs, in each arithmetic.", epochs)}
	for _, f := range [][]string{{"--exact"}, nil, {"--precision", "bf16"}} {
		all.flags = append(all.flags, append(f, "--epochs", strconv.Itoa(epochs)))
	}
	return all
}

// ablation is the preset quick with one thing changed.
func ablation() variants {
	all := variants{mark: "<!-- recipe: ablation -->", title: "mnist, what helps", names: []string{"quick"}, flags: [][]string{nil},
		said: "`--preset quick`, 4 epochs, with one thing changed each time."}
	for _, f := range []string{"--batch 16", "--batch 64", "--batch 128", "--lr 2e-4", "--lr 1e-3", "--lr-d 1e-3", "--lr-schedule constant", "--ema 0", "--ema 0.9995",
		"--precision f32", "--label-smoothing 0.1", "--beta1 0", "--r1 0.1", "--r1 1", "--spectral-norm", "--loss lsgan", "--loss hinge", "--loss hinge --spectral-norm", "--loss wgan-gp"} {
		all.names, all.flags = append(all.names, "`"+f+"`"), append(all.flags, strings.Fields(f))
	}
	return all
}

// compareVariants trains and evaluates all, and writes their section of QUALITY.md.
func compareVariants(ctx context.Context, cgan string, v variants, r recipe) error {
	machine, err := readFacts(ctx, 0)
	if err != nil {
		return err
	}
	all := make([][]trained, len(v.names))
	for seed := range r.seeds { // a seed of all before the next seed, so that the table is fair when it is cut off
		for i := range v.names {
			of := r
			of.flags = v.flags[i]
			t, err := of.of(ctx, cgan, seed)
			if err != nil {
				return fmt.Errorf("%s, seed %d: %w", v.names[i], seed, err)
			}
			all[i] = append(all[i], t)
			fmt.Printf("%s, seed %d: class consistency %.2f %%, Frechet %.3f\n", v.names[i], seed, 100*t.Consistency.Share, t.Frechet)
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
	consistency := func(t trained) float64 { return 100 * t.Consistency.Share }
	frechet := func(t trained) float64 { return t.Frechet }
	for i, own := range all {
		collapsed := 0
		for _, one := range own {
			if consistency(one) < 90 {
				collapsed++
			}
		}
		cells := []string{v.names[i], plusMinus(each(own, consistency), 2), fmt.Sprintf("%d of %d", collapsed, len(own))}
		for _, f := range []struct {
			of     func(trained) float64
			digits int
		}{{consistency, 2}, {frechet, 3}} {
			if f.digits == 3 {
				cells = append(cells, plusMinus(each(own, frechet), 3))
			}
			if i == 0 {
				cells = append(cells, "-", "-")
				continue
			}
			low, high, p := paired(each(own, f.of), each(all[0], f.of))
			cells = append(cells, number(low, f.digits)+" to "+number(high, f.digits), number(p, 3))
		}
		t.add(append(cells, plusMinus(each(own, func(t trained) float64 { return t.Density }), 3), plusMinus(each(own, func(t trained) float64 { return t.Coverage }), 3))...)
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
	mean, deviation := stat.MeanStdDev(differences, nil)
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
