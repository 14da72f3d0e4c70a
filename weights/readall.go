package weights

import (
	"fmt"
	"io"
)

// maxFileSize keeps a sparse file from asking for more memory than a machine has.
const maxFileSize = 16 << 30

// readAll reads the whole of a file into one buffer: every check then sees the bytes that are
// used, and contiguous tensors need no copy. Files are read, never mapped: a mapped file that
// shrinks kills the process.
func readAll(r io.ReaderAt, size int64) ([]byte, error) {
	if size < 0 || size > maxFileSize {
		return nil, refuse("", "the file has %d bytes; at most %d are read", size, int64(maxFileSize))
	}
	buffer := make([]byte, size)
	n, err := io.ReadFull(io.NewSectionReader(r, 0, size), buffer)
	if err == io.EOF && size == 0 {
		err = nil
	}
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return nil, refuse("", "ended after %d of %d bytes: it changed while being read", n, size)
	}
	if err != nil {
		return nil, fmt.Errorf("reading: %w", err)
	}
	return buffer, nil
}
