// Package distributed is torch.distributed over libtorch's own c10d: a TCPStore where processes meet, Gloo between them, and
// the Reducer of DistributedDataParallel. Gloo's code is a part of libtorch_cpu.so, so no other library is loaded; NCCL is
// not: gradients on CUDA are refused.
//
// A process is told its place by the variables that torchrun sets: Launch reads them, Join meets the others there and
// looks whether all run the same, and InitProcessGroup connects them.
//
// A rank that fails says why in the store, and those that lose it look there: what they report names the rank.
package distributed

// #cgo CXXFLAGS: -I${SRCDIR}
import "C"

import "embed"

// go build looks no further than a package's own files: as a part of this package a change of these reaches it.
//
//go:embed gloo
var _ embed.FS
