package main

import "syscall"

// rankAttributes are those of a process of --processes: Ctrl-C is passed on to it once, and when this process is killed it is too.
func rankAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
