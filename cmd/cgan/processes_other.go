//go:build !linux

package main

import "syscall"

// rankAttributes are those of a process of --processes: Ctrl-C is passed on to it once. It outlives this process if that is killed.
func rankAttributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
