package main

import (
	"context"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
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
	byMin, byMedian := sample("", 50, 100).ratio(sample("", 150, 200))
	if byMin != 3 || byMedian != 2 {
		t.Errorf("ratios %v, %v", byMin, byMedian)
	}
}

func TestBestTunedHasTheLeastMedian(t *testing.T) {
	race := training{python: sample("as written", 8, 10), tuned: []*contender{sample("a", 1, 9), sample("b", 5, 7), sample("c", 2, 8)}}
	if got := fastest(race.pythons()).name; got != "b" {
		t.Errorf("best is %s", got)
	}
	if byMin, byMedian := ratioOfBest([]*contender{sample("", 2, 7)}, race.pythons()); byMin != 0.5 || byMedian != 1 {
		t.Errorf("ratios %v, %v: not those of the best by minimum and of the best by median", byMin, byMedian)
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
bench | onnxruntime | openvino | jax | tensorflow) echo '{"torch": "2.15.0", "batch": 128, "step_ms_min": 300, "step_ms_median": 320, "rss_mb": 1000}' ;;
make) touch "$3" ;;
draw) touch "$4" ;;
esac
`

const fakeCgan = `#!/bin/sh
case "$*" in
"bench --speed-ups --json") echo '[{"name": "tiles", "does": "tiles"}, {"name": "adam", "does": "one pass"}]' ;;
generate*) for last; do :; done; touch "$last" ;;
*shapes*) echo '[{"name": "Conv2d(1, 2)", "kernels_ms": 2, "libtorch_ms": 3, "x": 1.5}]' ;;
bench*) echo '{"torch": "2.15.0", "kernels": "amx", "batch": 128, "step_ms_min": 100, "step_ms_median": 160, "rss_mb": 500,
	"gflops": 287.5, "matmul_gflops": 500, "peak_gflops": 400, "step_ms_mean": 170,
	"work": [{"name": "product", "ms": 115, "idle_ms": 2}, {"name": "adam", "ms": 5, "idle_ms": 0}]}' ;;
esac
`

func fakePrograms(t *testing.T) *programs {
	dir := t.TempDir()
	p := &programs{setting: setting{cgan: filepath.Join(dir, "cgan"), python: filepath.Join(dir, "python"), device: "cpu"}, onnxPython: filepath.Join(dir, "python"), peersPython: filepath.Join(dir, "python"), diagnosis: diagnosis{Threads: 2, MNIST: dir}, work: dir}
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
		"2 x 5 training steps, or 2 x 20 drawn batches", "kernels: amx",
		"3, 2 x", "not measured", // no overhead is told
		" 115.0 % |", "46.0", "| tiles | tiles", "20 runs", " 50.00 |", "cgan bf16, 2 threads", "at least 9 x", "| f32, Conv2d(1, 2)         |       3.000 |   2.000 | 1.50 |",
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
	const head, other, cuda = "# Benchmarks\n\n", "<!-- processor: another -->\n## another\n\nfigures\n\n", "## CUDA\n\nmeasured elsewhere\n"
	if err := os.WriteFile(filepath.Join(checkout, reportFile), []byte(head+r.mark()+"\nold figures\n\n"+other+cuda), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := r.write(checkout, text); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(filepath.Join(checkout, reportFile)); err != nil || string(got) != head+text+"\n"+other+cuda {
		t.Errorf("the report and what was measured elsewhere are not in its file: %v\n%s", err, got)
	}
	file, err := os.Open(filepath.Join(checkout, r.plotFile()))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := png.Decode(file); err != nil {
		t.Error(err)
	}
}

// A kind of processor that was never measured gets its section before that of CUDA.
func TestANewProcessorGetsASection(t *testing.T) {
	const report = "# Benchmarks\n\n<!-- processor: a -->\n## a\n\n## CUDA\n\nfigures\n"
	const want = "# Benchmarks\n\n<!-- processor: a -->\n## a\n\n<!-- processor: b -->\n## b\n\n## CUDA\n\nfigures\n"
	if got := placed(report, "<!-- processor: b -->", "<!-- processor: b -->\n## b\n"); got != want {
		t.Errorf("got\n%s", got)
	}
}

// A program that would take minutes for a step is left out, and the tables say so.
func TestASlowContenderIsLeftOut(t *testing.T) {
	slow := &contender{name: "slow", command: []string{"sleep", "100"}, limit: 50 * time.Millisecond}
	quick := sample("quick", 1, 2)
	quick.command = []string{"sh", "-c", `echo '{"batch": 1, "step_ms_min": 1, "step_ms_median": 2}'`}
	if err := race(context.Background(), "test", []*contender{quick, slow}, 2); err != nil {
		t.Fatal(err)
	}
	if table := speedTable([]*contender{quick, slow}); !strings.Contains(table, "| slow  |      - |") {
		t.Errorf("got\n%s", table)
	}
	if got := fastest([]*contender{slow, quick}).name; got != "quick" {
		t.Errorf("the fastest is %s", got)
	}
}

func TestHeldToANarrowerSet(t *testing.T) {
	for _, name := range []string{"ATEN_CPU_CAPABILITY", "ONEDNN_MAX_CPU_ISA", "MKL_ENABLE_INSTRUCTIONS", "CGAN_KERNELS"} {
		t.Setenv(name, "")
	}
	if err := hold("amx"); err == nil || !strings.Contains(err.Error(), "avx2, avx512") {
		t.Errorf("held to the widest: %v", err)
	}
	if err := hold("avx2"); err != nil || os.Getenv("CGAN_KERNELS") != "avx2" || os.Getenv("ONEDNN_MAX_CPU_ISA") != "AVX2" {
		t.Errorf("held to AVX2: %v, %q", err, os.Environ())
	}
}

func TestQuickIsMNISTAlone(t *testing.T) {
	r, err := measure(context.Background(), fakePrograms(t), plan{rounds: 1, steps: 1, quick: true})
	if err != nil {
		t.Fatal(err)
	}
	text := r.markdown()
	for _, left := range []string{"### Scaling", "### Other images", "64x64", "without one unit"} {
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
