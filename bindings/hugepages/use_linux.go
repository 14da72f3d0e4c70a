package hugepages

// #include "hugepages.h"
import "C"

import (
	"unsafe"

	"cgan/bindings/libtorch"
)

// Use makes big tensors leave their memory, in huge pages, to the next ones instead of handing it back to the
// system. It holds for the whole process; a second call does nothing.
func Use() error { return libtorch.Check(unsafe.Pointer(C.cgan_use_huge_pages())) }
