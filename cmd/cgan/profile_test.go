package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestCPUProfileGoesBeforeAnyCommand(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cpu.pprof")
	code, _, stderr := invoke("--cpuprofile", path, "inspect", "missing.pt", "--json") // the command's flag after its argument
	if code != exitData || !strings.Contains(stderr, "missing.pt") {
		t.Errorf("exit code %d, %s", code, stderr)
	}
	if text, err := os.ReadFile(path); err != nil || !bytes.HasPrefix(text, []byte{0x1f, 0x8b}) { // gzip, as pprof writes
		t.Errorf("%d bytes of profile, %v", len(text), err)
	}
	code, _, stderr = invoke("--cpuprofile="+filepath.Join(path, "x"), "inspect")
	if code != exitUsage || !strings.HasPrefix(stderr, "cgan: --cpuprofile: ") || strings.Count(stderr, "\n") != 1 {
		t.Errorf("a place that can't be written: exit code %d, %s", code, stderr)
	}
}
