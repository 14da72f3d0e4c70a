package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// fakeReader draws one.pt as it is, two.pt with an arch file, and says of bad.pt why not.
const fakeReader = `#!/bin/sh
case "$*" in
inspect*bad*) echo "note: x" >&2; echo "cgan: bad.pt: it is something else" >&2; exit 3 ;;
inspect*) echo "generator: found" ;;
*--arch*) for last; do :; done; grep -q found "$last" ;;
*one.pt*) ;;
*) echo "cgan: other images" >&2; exit 1 ;;
esac
`

func TestSurveyCounts(t *testing.T) {
	dir := t.TempDir()
	cgan := filepath.Join(dir, "cgan")
	files := map[string]string{"one.pt": "", "one.npz": "", "two.pth": "", "two.npz": "", "bad.pt": "", "bad.npz": "", "cgan": fakeReader}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	text, err := surveyed(context.Background(), cgan, dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"| bad  | -        | cgan: bad.pt: it is something else |", "| two  | 2        | cgan: other images", "| one  | 1        |",
		"3 files: 1 drawn as they are (33 %), 2 in one or two commands (67 %)",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if err := os.Remove(filepath.Join(dir, "two.pth")); err != nil {
		t.Fatal(err)
	}
	if _, err := surveyed(context.Background(), cgan, dir); err == nil || !strings.Contains(err.Error(), "two.npz there is no .pt") {
		t.Error(err)
	}
	if _, err := surveyed(context.Background(), cgan, t.TempDir()); err == nil || !strings.Contains(err.Error(), "holds no .npz") {
		t.Error(err)
	}
}
