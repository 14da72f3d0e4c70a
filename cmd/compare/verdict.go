package main

import (
	"fmt"
	"math"
	"strings"
)

// mean is over the seeds, in percent.
func (a *arithmetic) mean() (sum float64) {
	for _, s := range a.scores {
		sum += s.percent()
	}
	return sum / float64(len(a.scores))
}

// deviation is the sample standard deviation over the seeds, in percent.
func (a *arithmetic) deviation() float64 {
	mean, sum := a.mean(), 0.0
	for _, s := range a.scores {
		sum += (s.percent() - mean) * (s.percent() - mean)
	}
	return math.Sqrt(sum / float64(len(a.scores)-1))
}

// images is how many were drawn over all seeds.
func (a *arithmetic) images() (sum int) {
	for _, s := range a.scores {
		sum += s.Images
	}
	return sum
}

// noise is two standard errors of the difference of two means, were fast as good as exact:
//
//	2 sqrt(2s²/k + m(100-m)/n of exact + m(100-m)/n of fast)
//
// s is exact's deviation over the k seeds, and stands for both: a fast mode that fails on some seeds is not to be
// excused by its own deviation. Three seeds may agree by chance, so the binomial error of m percent of n images
// is added, though s has a part of it already.
func noise(exact, fast *arithmetic) float64 {
	s := exact.deviation()
	variance := 2 * s * s / float64(len(exact.scores))
	for _, a := range []*arithmetic{exact, fast} {
		variance += a.mean() * (100 - a.mean()) / float64(a.images())
	}
	return 2 * math.Sqrt(variance)
}

// judgeAll passes every arithmetic whose mean is not below that of the first by more than the noise.
func judgeAll(all []*arithmetic) (text string, err error) {
	exact, failed := all[0], []string(nil)
	for _, fast := range all[1:] {
		verdict, ahead, allowed := "pass", fast.mean()-exact.mean(), noise(exact, fast)
		if ahead < -allowed {
			verdict, failed = "FAIL", append(failed, fast.name)
		}
		text += fmt.Sprintf("%s against %s: %+.2f points, noise %.2f: %s\n", fast.name, exact.name, ahead, allowed, verdict)
	}
	if failed != nil {
		err = fmt.Errorf("%s learns less than %s: find the unit that does it with cgan train --without", strings.Join(failed, " and "), exact.name)
	}
	return text, err
}

// accuracyTable has a row for each seed, and the mean and the deviation of each arithmetic below.
func accuracyTable(all []*arithmetic) string {
	head, means, deviations := []string{"seed"}, []string{"mean"}, []string{"standard deviation"}
	for _, a := range all {
		head = append(head, a.name+" %")
		means = append(means, number(a.mean(), 2))
		deviations = append(deviations, number(a.deviation(), 2))
	}
	t := newTable(1, head...)
	for seed := range all[0].scores {
		row := []string{fmt.Sprint(seed)}
		for _, a := range all {
			row = append(row, number(a.scores[seed].percent(), 1))
		}
		t.add(row...)
	}
	t.add(means...)
	t.add(deviations...)
	return fmt.Sprintf("Digits that show their class, of %d drawn by each generator:\n\n%s\n", all[0].scores[0].Images, t)
}
