// Package libtorch is the C++ shim for what gotch's raw layer lacks. Nothing fast is in it.
//
// Its Go face is a set of plain functions on raw handles that return an error; package torch
// alone calls them, on a locked OS thread. The #cgo lines and the constants that say which
// libtorch was chosen are in prepared.go, which cmd/libtorch writes.
package libtorch

import "embed"

// Packages with native functions of their own include these headers, and go build looks no further than a package's
// own files: as a part of this one a change of them reaches those packages too.
//
//go:embed shim.h guard.h
var _ embed.FS
