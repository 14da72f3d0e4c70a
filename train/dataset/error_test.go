package dataset

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// harmless wants a text that a terminal shows, on one line.
func harmless(t *testing.T, text string) {
	t.Helper()
	if strings.ContainsAny(text, "\x1b\n\r\u009b") || !utf8.ValidString(text) || !strings.Contains(text, "[2J") {
		t.Errorf("%q", text)
	}
}

// Names of foreign files reach no terminal as they are, wherever they lie.
func TestMessagesQuoteNames(t *testing.T) {
	ownCache(t)
	closed, err := os.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	for _, nasty := range []string{"\x1b[2J", "\x9b[2J", "\n[2J", "\u009b[2J"} {
		within := func(files map[string][]byte) string { // a set whose folder has the name
			dir := t.TempDir()
			for name, data := range files {
				path := filepath.Join(dir, nasty, name)
				if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
					t.Fatal(err)
				}
				put(t, filepath.Dir(path), filepath.Base(path), data)
			}
			return dir
		}
		good := grey(t, 1, 1)
		for name, path := range map[string]string{
			"missing":       filepath.Join(t.TempDir(), nasty),
			"sizes":         within(map[string][]byte{"a/x": good, "b/x": grey(t, 2, 1, 2)}),
			"class":         folderOf(t, map[string][]byte{"a/x": good, "b" + nasty + "/x": nil}),
			"bad":           folderOf(t, map[string][]byte{"a/x": good, "b/x" + nasty: nil}),
			"table":         within(map[string][]byte{"set.csv": []byte("x\n")}),
			"row":           folderOf(t, map[string][]byte{"x": good, "set.csv": []byte("x,a\n\"y" + nasty + "\",b\n")}),
			"label":         folderOf(t, map[string][]byte{"x": good, "set.csv": []byte("x,a\nx,\"b" + nasty + "\"\ny,\"b" + nasty + "\"\n")}),
			"IDX":           within(map[string][]byte{imagesName: goodImages[:20], labelsName: goodLabels}),
			"empty folder":  folderOf(t, map[string][]byte{nasty: nil}),
			"file":          filepath.Join(folderOf(t, map[string][]byte{"x" + nasty: nil}), "x"+nasty),
			"zip":           zipOf(t, map[string][]byte{"a" + nasty + "/x": nil, "b/x": nil}),
			"path in a zip": filepath.Join(zipOf(t, map[string][]byte{"b/x": nil}), nasty),
		} {
			_, err := Open(t.Context(), path, Options{}, nil)
			if err == nil {
				t.Errorf("%s: no error", name)
				continue
			}
			if name != "label" { // whose file is named
				harmless(t, err.Error())
			}
		}

		harmless(t, Problem{nasty, nasty}.String())
		harmless(t, fmt.Sprint((&Images{N: 1, Channels: 1, Height: 1, Width: 1, File: nasty, file: closed}).Read(0, make([]byte, 1))))
		(&progress{report: func(text string) { harmless(t, text) }, began: time.Time{}}).say(nasty, 1, 2)
	}
}
