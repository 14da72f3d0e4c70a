package main

import (
	"context"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// sample is a contender whose rounds took these times.
func sample(name string, minAndMedian ...float64) *contender {
	c := &contender{name: name}
	for i := 0; i < len(minAndMedian); i += 2 {
		c.speeds = append(c.speeds, speed{Batch: 128, Min: minAndMedian[i], Median: minAndMedian[i+1], RSS: 100, GFLOPS: 46e3 / minAndMedian[i+1], Matmul: 500, Overhead: 0.5})
	}
	return c
}

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		values []float64
		want   float64
	}{{[]float64{3, 1, 2}, 2}, {[]float64{4, 1, 3, 2}, 2.5}, {[]float64{7}, 7}} {
		if got := median(c.values); got != c.want {
			t.Errorf("median of %v is %v, want %v", c.values, got, c.want)
		}
	}
	if got := median([]float64{1, math.NaN(), 2}); !math.IsNaN(got) {
		t.Errorf("the median hides a missing value: %v", got)
	}
}

func TestSummaryTakesTheLeastStepAndTheMedianRound(t *testing.T) {
	s := sample("cgan", 100, 115, 92, 128, 95, 110).summary()
	if s.min != 92 || s.median != 115 {
		t.Errorf("min %v, median %v", s.min, s.median)
	}
	if math.Abs(s.gflops-400) > 1e-9 || math.Abs(s.gflopsBest-500) > 1e-9 {
		t.Errorf("%v GFLOP/s at the median, %v at the least", s.gflops, s.gflopsBest)
	}
	if byMin, byMedian := s.share(); math.Abs(byMin-100) > 1e-9 || math.Abs(byMedian-80) > 1e-9 {
		t.Errorf("share %v, %v", byMin, byMedian)
	}
	byMin, byMedian := sample("", 50, 100).ratio(sample("", 150, 200))
	if byMin != 3 || byMedian != 2 {
		t.Errorf("ratios %v, %v", byMin, byMedian)
	}
}

func TestBestTunedHasTheLeastMedian(t *testing.T) {
	race := training{tuned: []*contender{sample("a", 1, 9), sample("b", 5, 7), sample("c", 2, 8)}}
	if got := race.best().name; got != "b" {
		t.Errorf("best is %s", got)
	}
}

func TestRunRefusesWhatIsNoMeasurement(t *testing.T) {
	for script, want := range map[string]string{
		`echo '{"batch": 128}'`:   "no times",
		`echo hello`:              "no JSON",
		`echo reason >&2; exit 3`: "reason",
	} {
		c := &contender{name: "fake", command: []string{"sh", "-c", script}}
		if _, err := c.run(context.Background()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", script, err, want)
		}
	}
}

const fakePython = `#!/bin/sh
case "$2" in
bench) echo '{"torch": "2.15.0", "batch": 128, "step_ms_min": 300, "step_ms_median": 320, "rss_mb": 1000}' ;;
make) touch "$3" ;;
draw) touch "$4" ;;
esac
`

const fakeCgan = `#!/bin/sh
case "$*" in
"bench --speed-ups --json") echo '[{"name": "tiles", "does": "tiles"}, {"name": "adam", "does": "one pass"}]' ;;
generate*) for last; do :; done; touch "$last" ;;
bench*) echo '{"torch": "2.15.0", "kernels": "AMX", "batch": 128, "step_ms_min": 100, "step_ms_median": 160, "rss_mb": 500,
	"gflops": 287.5, "matmul_gflops": 500, "step_ms_mean": 170,
	"work": [{"name": "product", "ms": 115, "idle_ms": 2}, {"name": "adam", "ms": 5, "idle_ms": 0}]}' ;;
esac
`

func fakePrograms(t *testing.T) *programs {
	dir := t.TempDir()
	p := &programs{setting: setting{cgan: filepath.Join(dir, "cgan"), python: filepath.Join(dir, "python"), device: "cpu"}, diagnosis: diagnosis{Threads: 2, MNIST: dir}, work: dir}
	for path, text := range map[string]string{p.cgan: fakeCgan, p.python: fakePython} {
		if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return p
}

func TestEverythingIsMeasuredAndReported(t *testing.T) {
	r, err := measure(context.Background(), fakePrograms(t), plan{rounds: 2, steps: 5})
	if err != nil {
		t.Fatal(err)
	}
	text := r.markdown()
	for _, want := range []string{
		"2 x 5 training steps, or 2 x 20 drawn batches", "kernels: AMX",
		"3, 2 x", "not measured", // no overhead is told
		" 92.0 % |", "46.0", "| tiles | tiles", "20 runs", "bf16 step of 153.3 ms", "take 115.0 ms, at 80 % of that rate", " 50.00 |", "cgan bf16, 2 threads",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in\n%s", want, text)
		}
	}
	if len(r.scaling) != 6 || len(r.scaling[0].points) != len(scalingBatches) {
		t.Errorf("%d curves", len(r.scaling))
	}
	checkWritten(t, r, text)
}

func checkWritten(t *testing.T, r results, text string) {
	checkout := t.TempDir()
	if err := os.Mkdir(filepath.Join(checkout, ".github"), 0o755); err != nil {
		t.Fatal(err)
	}
	const cuda = "## CUDA\n\nmeasured elsewhere\n"
	if err := os.WriteFile(filepath.Join(checkout, reportFile), []byte("# old figures\n\n"+cuda), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := r.write(checkout, text); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(filepath.Join(checkout, reportFile)); err != nil || string(got) != text+"\n"+cuda {
		t.Errorf("the report and what was measured elsewhere are not in its file: %v", err)
	}
	file, err := os.Open(filepath.Join(checkout, plotFile))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := png.Decode(file); err != nil {
		t.Error(err)
	}
}

func TestQuickIsMNISTAlone(t *testing.T) {
	r, err := measure(context.Background(), fakePrograms(t), plan{rounds: 1, steps: 1, quick: true})
	if err != nil {
		t.Fatal(err)
	}
	text := r.markdown()
	for _, left := range []string{"## Scaling", "## Other images", "64x64", "without one unit"} {
		if strings.Contains(text, left) {
			t.Errorf("%q is in\n%s", left, text)
		}
	}
}

func TestFusedAdamNeedsANewTorch(t *testing.T) {
	for torch, want := range map[string]bool{"2.1.0": false, "2.3.1": false, "2.4.0": true, "2.15.0": true, "3.0.0": true, "": false} {
		p := &programs{torch: torch}
		if got := p.fusesAdam(); got != want {
			t.Errorf("torch %q: %v", torch, got)
		}
	}
}
