package weights

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// FormatError says why a file was refused: one line with the file, the record inside it and the
// reason. File is empty when the data did not come from a path, Record when the reason concerns
// the whole file.
type FormatError struct {
	File   string // path as given to Open
	Record string // zip record, tensor name, or part of a legacy file
	Reason string
}

// Error joins file, record and reason with colons, leaving out what is empty.
func (e *FormatError) Error() string {
	text := e.Reason
	if e.Record != "" {
		text = e.Record + ": " + text
	}
	if e.File != "" {
		text = e.File + ": " + text
	}
	return text
}

// Refuse makes a FormatError for one record, "" for the whole file.
func Refuse(record, format string, args ...any) error {
	return &FormatError{Record: record, Reason: fmt.Sprintf(format, args...)}
}

// Printable reports whether a name is UTF-8 of printable characters only.
func Printable(name string) bool {
	return utf8.ValidString(name) && !strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) })
}

// Show gives a name as it is where that is harmless, else quoted.
func Show(name string) string {
	if Printable(name) && len(name) <= 120 {
		return name
	}
	return Quote(name)
}

// Some lists the first of many names, each as show gives it, and says how many more there are.
func Some(names []string, most int, show func(string) string) string {
	var shown []string
	for _, n := range names[:min(len(names), most)] {
		shown = append(shown, show(n))
	}
	if more := len(names) - most; more > 0 {
		shown = append(shown, fmt.Sprintf("%d more", more))
	}
	return strings.Join(shown, ", ")
}

// Quote shows a name from a foreign file: printable and of bounded length.
func Quote(name string) string {
	const longest = 120
	if len(name) > longest {
		return fmt.Sprintf("%q... (%d bytes)", name[:longest], len(name))
	}
	return fmt.Sprintf("%q", name)
}
