package runfolder

import (
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"cgan/weights/atomicfile"
)

func TestStatus(t *testing.T) {
	dir := t.TempDir()
	want := func(state State, epochs int) {
		t.Helper()
		if s := ReadStatus(dir); s.State != state || s.Epochs != epochs {
			t.Errorf("%+v, want %s of %d epochs", s, state, epochs)
		}
	}
	write := func(state State, epochs int) {
		t.Helper()
		if err := WriteStatus(atomicfile.System(), dir, Status{state, epochs, 10}); err != nil {
			t.Fatal(err)
		}
	}
	want(Unknown, 0)
	lock := take(t, dir)
	write(Running, 2)
	want(Running, 2)
	lock.Release() // as the system does for a killed process
	want(Interrupted, 2)
	write(Finished, 2)
	want(Finished, 2)
	lock = take(t, dir)
	want(Running, 2) // before it said so
	write(Running, 5)
	lock.Release()
	want(Interrupted, 5)
	write(Diverged, 5)
	want(Diverged, 5)
	if err := os.WriteFile(filepath.Join(dir, statusName), []byte(`{"state": "fini`), 0o644); err != nil {
		t.Fatal(err)
	}
	want(Unknown, 0)
}

// Who only looks keeps nobody from training.
func TestLookingTakesNoRun(t *testing.T) {
	dir := t.TempDir()
	take(t, dir).Release()
	stop := make(chan struct{})
	var all sync.WaitGroup
	all.Add(1)
	go func() {
		defer all.Done()
		for {
			select {
			case <-stop:
				return
			default:
				ReadStatus(dir)
				time.Sleep(100 * time.Microsecond)
			}
		}
	}()
	for range 3000 {
		take(t, dir).Release()
	}
	close(stop)
	all.Wait()
}
