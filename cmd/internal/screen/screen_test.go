//go:build linux

package screen

import (
	"bytes"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"golang.org/x/sys/unix"
)

// openTerminal opens a pseudo-terminal: what is written to inner is read from outer.
func openTerminal(t *testing.T) (outer, inner *os.File) {
	t.Helper()
	outer, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { outer.Close() })
	if err := unix.IoctlSetPointerInt(int(outer.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	number, err := unix.IoctlGetInt(int(outer.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	inner, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { inner.Close() })
	return outer, inner
}

// read gives what was written to inner since the last time. The kernel hands it on in pieces: a mark behind it tells the end.
func read(t *testing.T, outer, inner *os.File) string {
	t.Helper()
	const mark = "\x00"
	if _, err := inner.WriteString(mark); err != nil {
		t.Fatal(err)
	}
	var got []byte
	buffer := make([]byte, 1<<16)
	for !bytes.HasSuffix(got, []byte(mark)) {
		n, err := outer.Read(buffer)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, buffer[:n]...)
	}
	return strings.ReplaceAll(strings.TrimSuffix(string(got), mark), "\r\n", "\n")
}

var (
	codes  = regexp.MustCompile(`\x1b\[[0-9]*[A-Za-z]|\r`)
	colour = regexp.MustCompile(`\x1b\[[0-9;]*m`)
)

// However wide the terminal is, also after a change, no line is wider and the cursor goes back to where it began.
func TestBlockFitsEveryWidth(t *testing.T) {
	t.Setenv("TERM", "xterm")
	outer, inner := openTerminal(t)
	b := New(inner)
	if b == nil {
		t.Fatal("a terminal is taken for none")
	}
	bar := NewBar("epoch 1/3", 469, false)
	for i, columns := range []uint16{80, 60, 40, 20, 5, 1, 200, 60} {
		if err := unix.IoctlSetWinsize(int(inner.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Col: columns, Row: 24}); err != nil {
			t.Fatal(err)
		}
		bar.Increment()
		time.Sleep(2 * time.Millisecond)
		b.Draw(bar.SetWidth(b.Width()).String(), strings.Repeat("x", 300))
		got := read(t, outer, inner)
		if !strings.HasPrefix(got, eraseToEnd) || !strings.HasSuffix(got, "\x1b[1A\r") || strings.Count(got, "\n") != 1 {
			t.Errorf("%d columns: %q", columns, got)
		}
		if colour.MatchString(got) { // NO_COLOR or not
			t.Errorf("%d columns: colours in %q", columns, got)
		}
		for _, line := range strings.Split(codes.ReplaceAllString(got, ""), "\n") {
			if n := utf8.RuneCountInString(line); n > int(columns) || n == 0 {
				t.Errorf("%d columns: a line of %d, %q", columns, n, line)
			}
		}
		if want := fmt.Sprintf("epoch 1/3 %d / 469 [", i+1); columns >= 40 && !strings.Contains(got, want) {
			t.Errorf("%d columns: no %q in %q", columns, want, got)
		}
	}
	b.Leave()
	if got := read(t, outer, inner); !strings.HasPrefix(got, eraseToEnd+"epoch") || !strings.HasSuffix(got, "\x1b[1A\r\n\n") {
		t.Errorf("Leave writes %q", got)
	}
}

func TestNoBlock(t *testing.T) {
	_, inner := openTerminal(t)
	for _, kind := range []string{"dumb", ""} {
		t.Setenv("TERM", kind)
		if New(inner) != nil {
			t.Errorf("codes are written for TERM=%q", kind)
		}
	}
	t.Setenv("TERM", "xterm")
	file, err := os.Create(t.TempDir() + "/log")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if New(file) != nil || New(&strings.Builder{}) != nil {
		t.Error("a file is taken for a terminal")
	}
}

func TestFit(t *testing.T) {
	for width, want := range map[int]string{0: "", 3: "", 4: "abcd", 9: "abcd", 10: "abcd  efgh", 99: "abcd  efgh"} {
		if got := Fit(width, "abcd", "efgh"); got != want {
			t.Errorf("%d: %q", width, got)
		}
	}
}
