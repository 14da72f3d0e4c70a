package main

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"cgan/models"
)

// A training that saves all the time is killed again and again, and goes on each time. In the end it is the training that
// was never killed. CGAN_TORTURE is how many times; make torture has 500.
func TestTorture(t *testing.T) {
	kills := 5
	if n, err := strconv.Atoi(os.Getenv("CGAN_TORTURE")); err == nil {
		kills = n
	}
	tortured := torture{t: t, data: writeSet(t, 40, nil), out: t.TempDir()}
	for i := range kills {
		tortured.kill(i%2 == 0)
	}
	if tortured.run == "" {
		t.Fatal("no run came to its first save")
	}
	last := tortured.check() + 5
	tortured.train("--resume", tortured.run, "--steps", fmt.Sprint(last))
	if litter, _ := filepath.Glob(filepath.Join(tortured.out, "*", ".*")); len(litter) > 0 {
		t.Errorf("%v stays", litter)
	}
	events, err := os.ReadFile(filepath.Join(tortured.run, "events.out.tfevents.cgan"))
	if n := strings.Count(string(events), "loss_d"); err != nil || n != last {
		t.Errorf("TensorBoard's events have %d steps of %d, %v", n, last, err)
	}
	calm := torture{t: t, data: tortured.data, out: t.TempDir()}
	calm.train("--out", calm.out, "--steps", fmt.Sprint(last))
	calm.run = calm.first()
	if got, want := tortured.left(last), calm.left(last); got != want {
		t.Errorf("the training that was killed %d times left %s, the other %s", kills, got, want)
	}
	t.Logf("%d kills in %d steps: %d runs in the folder, %d newest checkpoints were damaged and gave way", kills, last, tortured.runs, tortured.damaged)
}

type torture struct {
	t         *testing.T
	data, out string
	run       string // that goes on
	runs      int    // begun
	damaged   int
}

// first is the first run in out.
func (o *torture) first() string { return filepath.Join(o.out, "00000-"+filepath.Base(o.data)) }

func (o *torture) command(flags ...string) *exec.Cmd {
	args := []string{"train", "--quiet", "--device", "cpu", "--threads", "1"}
	if flags[0] != "--resume" {
		args = append(args, "--data", o.data, "--batch", "8", "--nz", "5", "--ngf", "4", "--ndf", "4", "--seed", "3")
	}
	cmd := exec.CommandContext(o.t.Context(), os.Args[0], append(args, flags...)...)
	cmd.Env = append(os.Environ(), asMain+"=1")
	return cmd
}

func (o *torture) train(flags ...string) {
	o.t.Helper()
	if out, err := o.command(flags...).CombinedOutput(); err != nil {
		o.t.Fatalf("%v: %v\n%s", flags, err, out)
	}
}

// begin begins or goes on with a training that saves after each step and has no end, waits for its first save if asked to, and
// then for a random while.
func (o *torture) begin(afterSave bool, more ...string) (*exec.Cmd, *said) {
	o.t.Helper()
	before, flags := o.newest(), []string{"--resume", o.run}
	if o.run == "" {
		flags = []string{"--out", o.out}
		o.runs++
	}
	told := &said{}
	cmd := o.command(slices.Concat(flags, []string{"--save-every", "1", "--keep", "2", "--steps", "1000000"}, more)...)
	cmd.Stderr = told
	if err := cmd.Start(); err != nil {
		o.t.Fatal(err)
	}
	for deadline := time.Now().Add(time.Minute); afterSave && o.newest() == before && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
	time.Sleep(time.Duration(rand.IntN(400)) * time.Millisecond)
	return cmd, told
}

// said is what a process writes while a test reads it.
type said struct {
	sync.Mutex
	text strings.Builder
}

func (s *said) Write(p []byte) (int, error) {
	s.Lock()
	defer s.Unlock()
	return s.text.Write(p)
}

func (s *said) String() string {
	s.Lock()
	defer s.Unlock()
	return s.text.String()
}

// await waits for a text to be said, and says whether it came.
func (s *said) await(text string, limit time.Duration) bool {
	for end := time.Now().Add(limit); !strings.Contains(s.String(), text); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			return false
		}
	}
	return true
}

// kill begins or goes on, and kills at a random moment: of the start, or after a save.
func (o *torture) kill(afterSave bool) {
	o.t.Helper()
	cmd, told := o.begin(afterSave)
	if err := cmd.Process.Kill(); err != nil {
		o.t.Fatalf("it ended by itself: %v, %s", err, told)
	}
	_ = cmd.Wait() // it was killed
	if told.String() != "" {
		o.t.Error(told)
	}
	o.goOn()
}

// goOn makes the newest checkpoint what the next training begins with, and looks at it.
func (o *torture) goOn() {
	if saved := o.newest(); o.run == "" && saved != "" {
		o.run = filepath.Dir(saved)
	}
	if o.run != "" {
		o.check()
	}
}

// newest is the path of the last checkpoint, or nothing.
func (o *torture) newest() string {
	saved, _ := filepath.Glob(filepath.Join(o.out, "*", "checkpoint-*.pt"))
	if len(saved) == 0 {
		return ""
	}
	return saved[len(saved)-1]
}

// check opens the last checkpoint, and gives its step.
func (o *torture) check() int {
	o.t.Helper()
	w, err := models.Open(o.run, "")
	if err != nil {
		o.t.Fatal(err)
	}
	o.damaged += len(w.File.Notices)
	step, _ := w.Get("step")
	return int(step.(int64))
}

// left is the sha256 of the last weights and of the statistics without their times.
func (o *torture) left(step int) string {
	o.t.Helper()
	w, err := models.Open(filepath.Join(o.run, fmt.Sprintf("checkpoint-%06d.pt", step)), "")
	if err != nil {
		o.t.Fatal(err)
	}
	sum := sha256.New()
	for _, e := range append(w.Generator, w.Discriminator...) {
		sum.Write(e.Data)
	}
	text, err := os.ReadFile(filepath.Join(o.run, "stats.jsonl"))
	if err != nil {
		o.t.Fatal(err)
	}
	for _, line := range strings.Split(strings.TrimSpace(string(text)), "\n") {
		var record map[string]any
		if err := json.Unmarshal([]byte(line), &record); err != nil {
			o.t.Fatal(err)
		}
		delete(record, "time")
		delete(record, "images_per_s")
		delete(record, "eval")
		fmt.Fprintln(sum, record)
	}
	return fmt.Sprintf("%x of %d steps", sum.Sum(nil), strings.Count(string(text), "\n"))
}

// exitCodeOf is the exit code that an error of exec tells.
func exitCodeOf(err error) int {
	var ended *exec.ExitError
	if errors.As(err, &ended) {
		return ended.ExitCode()
	}
	return 0
}
