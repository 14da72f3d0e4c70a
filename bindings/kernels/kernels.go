package kernels

// #cgo CXXFLAGS: -std=c++17 -O2 -g1 -Wall
// #cgo LDFLAGS: -lstdc++
// #include "registry.h"
import "C"

import (
	"embed"
	"fmt"
	"slices"
	"strings"
	"unsafe"
)

// Packages include these headers, and go build looks no further than a package's own files: as a part of
// this one a change of them reaches those packages too.
//
//go:embed kernels.h
var _ embed.FS

// Set is the kernels of one instruction set that this machine can run. It lives for ever and is safe for
// concurrent use.
type Set struct {
	name   string
	native unsafe.Pointer
	bf16   bool
}

// Entry is a kernel set of this build: Set is nil where this machine lacks something for it, and Lacks says what.
type Entry struct {
	Name  string
	Set   *Set
	Lacks string
}

// Reference is the name of the set that every machine has. It is slow: it is never the Best.
const Reference = "reference"

var all = list()

func list() (entries []Entry) {
	var c C.cgan_kernel_set
	for i := 0; C.cgan_kernel_set_at(C.int(i), &c) != 0; i++ {
		e := Entry{Name: C.GoString(c.name)}
		if c.set == nil {
			e.Lacks = C.GoString(c.lacks)
		} else {
			e.Set = &Set{e.Name, unsafe.Pointer(c.set), c.bf16 != 0}
		}
		entries = append(entries, e)
	}
	return entries
}

// All lists the kernel sets of this build, the fastest first and the reference last.
func All() []Entry { return slices.Clone(all) }

// Find gives the set of a name, such as "avx2". It is an error where this build has no such set, or this
// machine can't run it.
func Find(name string) (*Set, error) {
	var names []string
	for _, e := range all {
		if e.Name == name && e.Set == nil {
			return nil, fmt.Errorf("the kernels %q can't run here: %s", name, e.Lacks)
		} else if e.Name == name {
			return e.Set, nil
		}
		names = append(names, e.Name)
	}
	return nil, fmt.Errorf("there are no kernels %q: there are %s", name, strings.Join(names, ", "))
}

// Best is the fastest set that this machine can run, but for those named and the reference. It is nil where
// there is none: then libtorch's own ops are faster.
func Best(without ...string) *Set {
	for _, e := range all {
		if e.Set != nil && e.Name != Reference && !slices.Contains(without, e.Name) {
			return e.Set
		}
	}
	return nil
}

// Name is the set's name, such as "avx2"; of nil it is empty.
func (s *Set) Name() string {
	if s == nil {
		return ""
	}
	return s.name
}

// HasBF16 says whether the set multiplies bfloat16 by instructions for it, and not as float32.
func (s *Set) HasBF16() bool { return s.bf16 }

// Native is the set as a pointer to a cgan::KernelSet of kernels.h, for the package that calls the kernels.
func (s *Set) Native() unsafe.Pointer { return s.native }
