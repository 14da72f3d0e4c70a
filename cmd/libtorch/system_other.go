//go:build !linux

package main

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// flushTree puts all that was written anywhere on its way to the disk: this system knows no folder's flush.
func flushTree(int) error {
	unix.Sync()
	return nil
}

// groupOfItsOwn keeps Ctrl-C from a child.
func groupOfItsOwn() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
