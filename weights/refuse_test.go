package weights

import (
	"errors"
	"runtime/metrics"
	"strings"
	"testing"
)

// refusal is a file that must be refused with an error about a record for a reason. The numbers in
// the names are those of the list of files to refuse that these tests work through.
type refusal struct {
	name   string
	file   []byte
	record string
	reason string
}

// Memory that reading may allocate in all, garbage included: so many bytes for each byte of the
// file, and a constant, which is larger where views repeat elements.
const (
	allocPerByte   = 128
	allocConstant  = 2 << 20
	allocWithViews = 20 << 20
)

func allocated() uint64 {
	s := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}

// checkAlloc runs f and fails if it allocates more than a file of so many bytes may.
func checkAlloc(t testing.TB, size, constant int, f func()) {
	t.Helper()
	before := allocated()
	f()
	if used, most := allocated()-before, uint64(size*allocPerByte+constant); used > most {
		t.Errorf("a file of %d bytes made it allocate %d bytes, more than %d", size, used, most)
	}
}

func checkRefusals(t *testing.T, read func([]byte) error, cases []refusal) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var err error
			checkAlloc(t, len(c.file), allocConstant, func() { err = read(c.file) })
			checkError(t, err, c.record, c.reason)
		})
	}
}

// checkError demands a FormatError of one line about the record that gives the reason.
func checkError(t *testing.T, err error, record, reason string) {
	t.Helper()
	var format *FormatError
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

func readPT(file []byte) error {
	_, _, err := readBytes(file)
	return err
}
