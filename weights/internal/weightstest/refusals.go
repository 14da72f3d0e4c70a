package weightstest

import (
	"errors"
	"runtime/metrics"
	"strings"
	"testing"

	"cgan/weights"
)

// Refusal is a file that must be refused with an error about a record for a reason. The numbers in
// the names are those of the list of files to refuse that these tests work through.
type Refusal = struct {
	Name   string
	File   []byte
	Record string
	Reason string
}

// AllocConstant and AllocWithViews, which is for views that repeat elements, are the memory that reading may
// allocate in all, garbage included, beside allocPerByte for each byte of the file.
const (
	allocPerByte   = 128
	AllocConstant  = 2 << 20
	AllocWithViews = 20 << 20
)

// Allocated returns the bytes that the program has allocated so far.
func Allocated() uint64 {
	s := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}

// CheckAlloc runs f and fails if it allocates more than a file of so many bytes may.
func CheckAlloc(t testing.TB, size, constant int, f func()) {
	t.Helper()
	before := Allocated()
	f()
	if used, most := Allocated()-before, uint64(size*allocPerByte+constant); used > most {
		t.Errorf("a file of %d bytes made it allocate %d bytes, more than %d", size, used, most)
	}
}

// CheckRefusals demands that read refuses every file, within the memory that its size allows.
func CheckRefusals(t *testing.T, read func([]byte) error, cases []Refusal) {
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			var err error
			CheckAlloc(t, len(c.File), AllocConstant, func() { err = read(c.File) })
			CheckError(t, err, c.Record, c.Reason)
		})
	}
}

// CheckError demands a FormatError of one line about the record that gives the reason.
func CheckError(t *testing.T, err error, record, reason string) {
	t.Helper()
	var format *weights.FormatError
	if !errors.As(err, &format) {
		t.Fatalf("accepted, or no FormatError: %v", err)
	}
	if format.Record != record || !strings.Contains(format.Reason, reason) {
		t.Errorf("got  %q: %q\nwant %q: %q", format.Record, format.Reason, record, reason)
	}
	if text := err.Error(); strings.Contains(text, "\n") || len(text) > 2000 {
		t.Errorf("not one line of bounded length: %q", text)
	}
}

// CheckOneLine demands one line of bounded length.
func CheckOneLine(t *testing.T, err error) {
	t.Helper()
	if text := err.Error(); strings.ContainsAny(text, "\n\x00") || len(text) > 2000 {
		t.Errorf("not one line of bounded length: %.3000q", text)
	}
}
