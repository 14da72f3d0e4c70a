package main

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestRingTakesWhatItsMessagesTake(t *testing.T) {
	for _, test := range []struct {
		w     network
		bytes float64
		n     int
		want  float64
	}{
		{network{gbit: 1}, 1e6, 2, 8},                                 // two messages of 4 Mbit
		{network{gbit: 1, delay: time.Millisecond}, 1e6, 2, 10},       // and of a delay each
		{network{gbit: 10, delay: time.Millisecond}, 1e7, 64, 141.75}, // nearly twice the bytes, 126 delays
		{network{delay: time.Millisecond}, 1e9, 4, 6},
	} {
		if got := test.w.ring(test.bytes, test.n); math.Abs(got-test.want) > 1e-9 {
			t.Errorf("%v, %v bytes, %d hosts: %v ms, want %v", test.w, test.bytes, test.n, got, test.want)
		}
	}
	l := workload{compute: 100, bytes: 1e6, every: 1}
	if one, two := l.step(network{gbit: 1}, 1), l.step(network{gbit: 1}, 2); one != 100 || two != 108 {
		t.Errorf("steps of %v and %v ms, want 100 and 108", one, two)
	}
}

func TestStepTimesLeaveTheFirstStepsOut(t *testing.T) {
	out := t.TempDir()
	var lines []string
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, ms := range []int{0, 900, 900, 900, 900, 900, 10, 30, 20} {
		at = at.Add(time.Duration(ms) * time.Millisecond)
		lines = append(lines, `{"step":1,"time":"`+at.Format(time.RFC3339Nano)+`"}`)
	}
	writeAll(t, out, map[string][]byte{"00000-x/stats.jsonl": []byte(strings.Join(lines, "\n"))})
	if ms, err := stepTimes(out); err != nil || !slices.Equal(ms, []float64{10, 30, 20}) {
		t.Errorf("%v ms, %v, want 10, 30, 20", ms, err)
	}
	if _, err := stepTimes(t.TempDir()); err == nil {
		t.Error("a folder without a run has a time")
	}
}

func TestASectionOfTheReportIsReplaced(t *testing.T) {
	report := filepath.Join(t.TempDir(), "report.md")
	writeAll(t, filepath.Dir(report), map[string][]byte{"report.md": []byte("# Speed\n\n## CUDA\nfast\n")})
	for _, s := range []struct{ head, text string }{{ranksHead, "one\n"}, {serversHead, "page\n"}, {ranksHead, "two\n"}, {serversHead, "more\n"}} {
		if err := writeSection(report, s.head, s.head+s.text); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(report)
	if want := "# Speed\n\n## CUDA\nfast\n\n" + ranksHead + "two\n\n" + serversHead + "more\n"; err != nil || string(got) != want {
		t.Errorf("%q, %v, want %q", got, err, want)
	}
}
