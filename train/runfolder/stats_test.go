package runfolder

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const threeSteps = "{\"epoch\":1,\"step\":1,\"loss_d\":0.5}\n{\"epoch\":1,\"step\":2}\n{\"epoch\":2,\"step\":3,\"d_x\":0.25}\n"

func writeStats(t *testing.T, text string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, logName), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}

// What is written later is read from where the last reading ended, also when that was within a line.
func TestReadStatsGoesOn(t *testing.T) {
	for cut := range len(threeSteps) + 1 {
		dir := writeStats(t, threeSteps[:cut])
		var steps []int
		note := func(s Stats) { steps = append(steps, s.Step) }
		end, err := ReadStats(dir, 0, note)
		if err != nil || end != int64(strings.LastIndex(threeSteps[:cut], "\n")+1) {
			t.Errorf("%d bytes: read to %d, %v", cut, end, err)
		}
		if err := os.WriteFile(filepath.Join(dir, logName), []byte(threeSteps), 0o644); err != nil {
			t.Fatal(err)
		}
		if end, err = ReadStats(dir, end, note); err != nil || end != int64(len(threeSteps)) || !slices.Equal(steps, []int{1, 2, 3}) {
			t.Errorf("%d bytes, then all: %v to %d, %v", cut, steps, end, err)
		}
	}
}

func TestReadStatsFails(t *testing.T) {
	for _, line := range []string{"{\n", strings.Repeat("x", 1<<17) + "\n"} {
		if _, err := ReadStats(writeStats(t, "{}\n"+line), 0, func(Stats) {}); err == nil || !strings.Contains(err.Error(), "stats.jsonl, byte 3: ") {
			t.Errorf("%.9q: %v", line, err)
		}
	}
	if end, err := ReadStats(t.TempDir(), 0, nil); end != 0 || err != nil {
		t.Errorf("%d, %v", end, err)
	}
}

func TestLastStats(t *testing.T) {
	for text, want := range map[string]int{
		threeSteps: 3, threeSteps + `{"step":4`: 3, strings.Repeat(threeSteps, 100): 3, "{\"step\":7}\n": 7, "": 0, `{"step":4`: 0, "x\n": 0,
	} {
		if s, ok := LastStats(writeStats(t, text)); s.Step != want || ok != (want > 0) {
			t.Errorf("%.40q: step %d, %v", text, s.Step, ok)
		}
	}
	if _, ok := LastStats(t.TempDir()); ok {
		t.Error("a folder without a log has statistics")
	}
}
