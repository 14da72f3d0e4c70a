package dataset

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strconv"
	"strings"

	"cgan/weights"
)

const idxAdvice = "get the file again, or name another folder"

// DataError says what is wrong with a data file and what to do. Offset is the byte at fault, counted in the
// unpacked data of a .gz file, or -1 where no one byte is; Err is the cause, such as fs.ErrNotExist, or nil where the content is at fault.
type DataError struct {
	File   string
	Offset int64
	Reason string
	Err    error
	Field  string // the option that helps, such as "skip_bad", or empty
}

// Error gives file, offset if there is one, and reason on one line.
func (e *DataError) Error() string {
	if e.Offset < 0 {
		return printable(e.File) + ": " + printable(e.Reason)
	}
	return fmt.Sprintf("%s: byte %d: %s", printable(e.File), e.Offset, printable(e.Reason))
}

// printable is a text with what would act on a terminal written out, as a foreign set may have it in its names.
func printable(text string) string {
	if weights.Printable(text) {
		return text
	}
	quoted := strconv.Quote(text)
	return strings.ReplaceAll(quoted[1:len(quoted)-1], `\"`, `"`)
}

// Unwrap returns the cause, so that errors.Is finds it.
func (e *DataError) Unwrap() error { return e.Err }

func (f *idxFile) fail(offset int64, cause error, format string, args ...any) error {
	return &DataError{File: f.path, Offset: offset, Reason: fmt.Sprintf(format, args...), Err: cause}
}

// readError puts a failed read into words; it happened at the current offset.
func (f *idxFile) readError(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) { // its text would name the file twice
		return f.fail(f.offset, err, "%v: %s", path.Err, idxAdvice)
	}
	switch {
	case err == io.EOF && f.offset == 0:
		return f.fail(0, err, "the file is empty: %s", idxAdvice)
	case err == io.EOF, err == io.ErrUnexpectedEOF:
		return f.fail(f.offset, err, "the data ends before the header or what it promises is complete, the file is truncated: %s", idxAdvice)
	}
	return f.fail(f.offset, err, "the file is damaged (%v): %s", err, idxAdvice)
}
