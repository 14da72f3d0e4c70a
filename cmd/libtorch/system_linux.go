package main

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// flushTree puts all that was written below an open folder on the disk.
func flushTree(fd int) error { return unix.Syncfs(fd) }

// groupOfItsOwn keeps Ctrl-C from a child, and ends the child when this process ends in any way.
func groupOfItsOwn() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
