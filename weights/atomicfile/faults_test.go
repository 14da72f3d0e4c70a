package atomicfile_test

import (
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cgan/weights/atomicfile"
	"cgan/weights/atomicfile/disktest"
)

const before, after = "the file of before", "what comes in its place"

// content is what a folder has at w.pt, and how many temporary files.
func content(t *testing.T, dir string) (text string, temporary int) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if ok, _ := filepath.Match(atomicfile.Temporary, e.Name()); ok {
			temporary++
		} else if e.Name() != "w.pt" {
			t.Errorf("there is a file %s", e.Name())
		}
	}
	read, err := os.ReadFile(filepath.Join(dir, "w.pt"))
	if err != nil {
		return "", temporary
	}
	return string(read), temporary
}

// Whichever call fails, and wherever the power goes, the file of before or the new one stands, whole.
func TestWriteOnADiskThatBreaks(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	for _, force := range []bool{true, false} {
		for _, fault := range []disktest.Fault{disktest.Fails, disktest.Short, disktest.Crash} {
			for call := 1; writeBroken(t, random, force, fault, call); call++ {
			}
		}
	}
}

// writeBroken writes on a disk that breaks at the call, in place of a file with force, and says whether it broke.
func writeBroken(t *testing.T, random *rand.Rand, force bool, fault disktest.Fault, call int) bool {
	t.Helper()
	dir, old := t.TempDir(), ""
	if force {
		old = before
		if err := os.WriteFile(filepath.Join(dir, "w.pt"), []byte(old), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	folder := disktest.New(t, dir, fault, call)
	err := folder.Disk().Write(filepath.Join(dir, "w.pt"), force, func(w io.Writer) error {
		_, err := io.WriteString(w, after)
		return err
	})
	what := fmt.Sprintf("force %v, the disk %s at call %d, %s", force, fault, call, folder.Broke())
	text, temporary := content(t, dir)
	if (err == nil && text != after) || (text != old && text != after) || (err != nil && !strings.Contains(err.Error(), dir)) {
		t.Errorf("%s: %q stands, %v", what, text, err)
	}
	if temporary > 0 && fault != disktest.Crash && folder.Broke() != "remove" {
		t.Errorf("%s: a temporary file stays", what)
	}
	for _, state := range folder.States(t, random, 12) {
		if text, _ := content(t, state); text != after && (err == nil || text != old) {
			t.Errorf("%s, and the power goes: %q stands, %v", what, text, err)
		}
	}
	return folder.Broke() != ""
}
