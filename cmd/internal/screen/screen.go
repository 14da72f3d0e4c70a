// Package screen draws the last lines of a terminal again and again in place.
package screen

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/cheggaaa/pb/v3"
	"golang.org/x/term"
)

// Block is some lines at the end of a terminal. Between drawings the cursor rests at their start, so that they are found
// again however the terminal breaks them when its width changes.
type Block struct {
	terminal *os.File
	lines    []string // on the screen now
	drawn    time.Time
}

const (
	eraseToEnd  = "\x1b[J"
	up          = "\x1b[%dA\r"
	unknownCols = 80
	drawEvery   = 100 * time.Millisecond
)

// New is nil where w is no terminal, or one that does not know the codes.
func New(w io.Writer) *Block {
	f, ok := w.(*os.File)
	if kind := os.Getenv("TERM"); !ok || !term.IsTerminal(int(f.Fd())) || kind == "" || kind == "dumb" {
		return nil
	}
	return &Block{terminal: f}
}

// Width is how many columns a line may have now.
func (b *Block) Width() int {
	columns, _, err := term.GetSize(int(b.terminal.Fd()))
	if err != nil || columns <= 0 {
		columns = unknownCols
	}
	return max(1, columns-1) // a character in the last column makes some terminals begin a line
}

// Due says that the last drawing is old enough for another one.
func (b *Block) Due() bool { return time.Since(b.drawn) >= drawEvery }

// Draw shows these lines in place of those before, cut to the width.
func (b *Block) Draw(lines ...string) {
	width := b.Width()
	var out strings.Builder
	out.WriteString(eraseToEnd)
	for i, line := range lines {
		if i > 0 {
			out.WriteString("\n")
		}
		out.WriteString(pb.StripString(line, width))
	}
	if b.lines = lines; len(lines) > 1 {
		fmt.Fprintf(&out, up, len(lines)-1)
	} else {
		out.WriteString("\r")
	}
	b.drawn = time.Now()
	_, _ = io.WriteString(b.terminal, out.String())
}

// Erase takes the lines away, to print something else in their place.
func (b *Block) Erase() {
	if len(b.lines) > 0 {
		_, _ = io.WriteString(b.terminal, eraseToEnd)
		b.lines = nil
	}
}

// Leave lets the lines stand and goes on below them.
func (b *Block) Leave() {
	if len(b.lines) > 0 {
		b.Draw(b.lines...) // over a ^C that was typed
		_, _ = io.WriteString(b.terminal, strings.Repeat("\n", len(b.lines)))
		b.lines = nil
	}
}

// Fit joins those first parts that fit into the width.
func Fit(width int, parts ...string) string {
	line := ""
	for i, part := range parts {
		if i > 0 {
			part = "  " + part
		}
		if pb.CellCount(line+part) > width {
			break
		}
		line += part
	}
	return line
}

// NewBar is a bar of total units, or bytes. Its String is a line for Draw, as wide as SetWidth says.
func NewBar(label string, total int64, bytes bool) *pb.ProgressBar {
	return pb.New64(total).
		SetTemplate(`{{string . "label"}} {{counters . }} {{bar . }}{{rtime . " %s left" "" ""}}`).
		Set("label", label).Set(pb.Bytes, bytes).Set(pb.SIBytesPrefix, bytes).
		Set(pb.Static, true). // it prints nothing by itself
		Start()
}
