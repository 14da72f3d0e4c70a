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

// variance is that of the mean m over k seeds with n images in all, in percent squared:
//
//	s²/k + m(100-m)/n
//
// s is the deviation over the seeds. Three seeds may agree by chance, so that s alone would call any difference
// real; the binomial error of the counted images is added, though s has a part of it already.
func (a *arithmetic) variance() float64 {
	images := 0
	for _, s := range a.scores {
		images += s.Images
	}
	s, m := a.deviation(), a.mean()
	return s*s/float64(len(a.scores)) + m*(100-m)/float64(images)
}

// noise is two standard errors of the difference between two means: 2 sqrt(variance of a + variance of b).
func noise(a, b *arithmetic) float64 { return 2 * math.Sqrt(a.variance()+b.variance()) }

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
