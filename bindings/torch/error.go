package torch

import (
	"fmt"
	"strings"
)

// Error is a failed operation on tensors: what was tried, on which shapes, and libtorch's reason.
type Error struct {
	Doing  string    // what the caller was about, such as "train step 12"; may be empty
	Op     string    // the op, by its PyTorch name
	Shapes [][]int64 // shapes of the tensors that went in
	Reason string    // libtorch's own words, without the C++ stack
}

// Error gives all of it on one line.
func (e *Error) Error() string {
	var b strings.Builder
	if e.Doing != "" {
		fmt.Fprintf(&b, "%s: ", e.Doing)
	}
	b.WriteString(e.Op)
	for i, shape := range e.Shapes {
		b.WriteString([]string{" on ", " and "}[min(i, 1)])
		fmt.Fprint(&b, shape)
	}
	fmt.Fprintf(&b, ": %s", e.Reason)
	return b.String()
}

// OutOfMemory says that libtorch had no memory for the op, in main memory or on the device.
func (e *Error) OutOfMemory() bool {
	for _, words := range []string{"can't allocate memory", "not enough memory", "out of memory", "bad_alloc"} {
		if strings.Contains(e.Reason, words) {
			return true
		}
	}
	return false
}

// reason keeps the message of a C++ exception and drops its stack.
func reason(message string) string {
	message, _, _ = strings.Cut(message, "\nException raised from ")
	message, _, _ = strings.Cut(message, "\nframe #0: ")
	return strings.Join(strings.Fields(message), " ")
}
