package weights

import (
	"errors"
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

// refuse makes a FormatError for one record.
func refuse(record, format string, args ...any) error {
	return &FormatError{Record: record, Reason: fmt.Sprintf(format, args...)}
}

// inFile adds the path to an error that was made without one.
func inFile(path string, err error) error {
	var format *FormatError
	if errors.As(err, &format) {
		format.File = path
		return err
	}
	return fmt.Errorf("%s: %w", path, err)
}

// plainText reports whether a name is UTF-8 of printable characters only.
func plainText(name string) bool {
	return utf8.ValidString(name) && !strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) })
}

// show gives a name as it is where that is harmless, else quoted.
func show(name string) string {
	if plainText(name) && len(name) <= 120 {
		return name
	}
	return quote(name)
}

// quote shows a name from a foreign file: printable and of bounded length.
func quote(name string) string {
	const longest = 120
	if len(name) > longest {
		return fmt.Sprintf("%q... (%d bytes)", name[:longest], len(name))
	}
	return fmt.Sprintf("%q", name)
}
