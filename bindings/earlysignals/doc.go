// Package earlysignals is for programs, not for libraries: a signal that asks a program to end before its main does so
// with one line and its exit code, as later ones do (end_linux.c). libtorch is loaded and registers its ops before main,
// for some tenths of a second in which Ctrl-C would end the process without a word. Go's runtime forwards to this
// handler what no signal.Notify has asked for. Of cgan's packages only cmd/cgan imports it.
package earlysignals
