package main

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// learned is an arithmetic whose generators drew so many right digits of 1000.
func learned(name string, right ...int) *arithmetic {
	a := &arithmetic{name: name}
	for _, n := range right {
		a.scores = append(a.scores, score{n, 1000})
	}
	return a
}

func TestNoiseHasSeedsAndImages(t *testing.T) {
	a, b := learned("a", 960, 970, 980), learned("b", 900, 900, 900)
	if a.mean() != 97 || a.deviation() != 1 || b.deviation() != 0 {
		t.Errorf("mean %v, deviations %v and %v", a.mean(), a.deviation(), b.deviation())
	}
	want := 2 * math.Sqrt(2*1.0/3+97*3/3000.0+90*10/3000.0) // seeds, images of a, images of b
	if got := noise(a, b); math.Abs(got-want) > 1e-12 {
		t.Errorf("noise %v, want %v", got, want)
	}
}

func TestVerdictFailsOnlyBelowTheNoise(t *testing.T) {
	exact := learned("exact", 970, 970, 970) // the noise beside 960s is 0.94 points, beside 961s 0.93
	for _, c := range []struct {
		fast *arithmetic
		want string
	}{
		{learned("f32", 999, 999, 999), ""},
		{learned("f32", 970, 970, 970), ""},
		{learned("f32", 961, 961, 961), ""},
		{learned("f32", 960, 960, 960), "f32 learns less than exact"},
		{learned("f32", 970, 970, 600), "f32 learns less than exact"}, // one seed that fails is enough
		{learned("f32", 0, 0, 0), "f32 learns less than exact"},
	} {
		text, err := judgeAll([]*arithmetic{exact, c.fast})
		if failed := err != nil; failed != (c.want != "") || failed && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: %v, want %q", c.fast.scores, err, c.want)
		}
		if strings.Contains(text, "FAIL") != (c.want != "") {
			t.Errorf("%v: %s", c.fast.scores, text)
		}
	}
	unsteady := learned("exact", 970, 970, 600) // what the original leaves to chance is no fault of f32
	if text, err := judgeAll([]*arithmetic{unsteady, learned("f32", 970, 600, 970)}); err != nil {
		t.Errorf("%v: %s", err, text)
	}
	text, err := judgeAll([]*arithmetic{exact, learned("f32", 1, 1, 1), learned("bf16", 2, 2, 2)})
	if err == nil || !strings.HasPrefix(err.Error(), "f32 and bf16 ") || strings.Count(text, "FAIL") != 2 {
		t.Errorf("%v\n%s", err, text)
	}
}

func TestAccuracyTable(t *testing.T) {
	want := `Digits that show their class, of 1000 drawn by each generator:

| seed               | exact % | f32 % |
|--------------------|--------:|------:|
| 0                  |    96.0 |  99.9 |
| 1                  |    98.0 | 100.0 |
| mean               |   97.00 | 99.95 |
| standard deviation |    1.41 |  0.07 |

`
	if got := accuracyTable([]*arithmetic{learned("exact", 960, 980), learned("f32", 999, 1000)}); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// fakeLearners are programs whose judge says what it is told, and whose training leaves its flags in a file.
func fakeLearners(t *testing.T, judge string) *programs {
	p := fakePrograms(t)
	for path, text := range map[string]string{
		p.cgan: `#!/bin/sh
echo "$*" >> "$(dirname "$0")/flags"
while [ "$1" != --out ]; do shift; done
mkdir -p "$2/00000-mnist" && cd "$2/00000-mnist" && touch checkpoint-000469.pt checkpoint-000938.pt checkpoint-001407.pt
`,
		p.python: "#!/bin/sh\ncase $2 in\ntrain) echo '" + judge + "' ;;\njudge) case $6 in *938.pt) n=970 ;; *1407.pt) n=980 ;; *) n=0 ;; esac; echo \"{\\\"right\\\": $n, \\\"images\\\": 1000}\" ;;\nesac\n",
	} {
		if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return p
}

func TestEveryArithmeticLearnsEverySeed(t *testing.T) {
	p := fakeLearners(t, `{"right": 9850, "images": 10000}`)
	learned, err := learn(context.Background(), p, 3, 3)
	if err != nil || len(learned) != 2 {
		t.Fatal(learned, err)
	}
	for i, mean := range []float64{97, 98} { // after the second epoch and the last
		for _, a := range learned[i].all {
			if len(a.scores) != 3 || a.mean() != mean {
				t.Errorf("%s after epoch %d: %v", a.name, learned[i].epoch, a.scores)
			}
		}
	}
	flags, err := os.ReadFile(filepath.Join(p.work, "flags"))
	for want, times := range map[string]int{"--exact": 3, "--precision bf16": 3, "--epochs 3": 9, "--seed 2": 3} {
		if got := strings.Count(string(flags), want); got != times {
			t.Errorf("%q %d times, want %d: %v\n%s", want, got, times, err, flags)
		}
	}
}

func TestABadJudgeEndsBeforeTheTrainings(t *testing.T) {
	for said, want := range map[string]string{
		`{"right": 9849, "images": 10000}`: "reads 98.49 %",
		`{}`:                               "is no score",
	} {
		p := fakeLearners(t, said)
		if _, err := learn(context.Background(), p, 2, 3); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", said, err, want)
		}
		if _, err := os.Stat(filepath.Join(p.work, "flags")); err == nil {
			t.Errorf("%s: a training ran all the same", said)
		}
	}
}

func TestOneSeedIsRefused(t *testing.T) {
	if err := accuracy(context.Background(), setting{cgan: "no-such-program"}, 2, 1); err == nil || !strings.Contains(err.Error(), "2 seeds") {
		t.Error(err)
	}
}
