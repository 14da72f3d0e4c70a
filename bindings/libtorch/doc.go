// Package libtorch is the C++ shim for what gotch's raw layer lacks.
//
// Its Go face is a set of plain functions on raw handles that return an error; package torch
// alone calls them, on a locked OS thread. The #cgo lines and the constants that say which
// libtorch was chosen are in prepared.go, which cmd/libtorch writes.
package libtorch
