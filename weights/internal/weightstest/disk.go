package weightstest

import "errors"

// FullDisk takes so many bytes and then fails.
type FullDisk struct{ Left int }

// ErrFull is what a FullDisk fails with.
var ErrFull = errors.New("the disk is full")

func (d *FullDisk) Write(p []byte) (int, error) {
	if d.Left -= len(p); d.Left < 0 {
		return 0, ErrFull
	}
	return len(p), nil
}
