package libtorch

// #include <stdlib.h>
// #include "shim.h"
import "C"

import (
	"bytes"
	"unsafe"
)

// Script compiles the methods of a TorchScript module from source, with tensors under keys such as
// layer1.0.weight, and gives the module's archive as torch.jit.save writes it.
func Script(source string, keys []string, tensors []Handle, buffers []bool) ([]byte, error) {
	names, buffer := make([]*C.char, len(keys)), make([]C.int, len(keys))
	for i, key := range keys {
		names[i] = C.CString(key)
		defer C.free(unsafe.Pointer(names[i]))
		if buffers[i] {
			buffer[i] = 1
		}
	}
	text := C.CString(source)
	defer C.free(unsafe.Pointer(text))
	var out *C.char
	var size C.size_t
	err := check(C.cgan_script(text, C.int(len(keys)), unsafe.SliceData(names),
		(*C.cgan_tensor)(unsafe.SliceData(tensors)), unsafe.SliceData(buffer), &out, &size))
	if err != nil {
		return nil, err
	}
	defer C.free(unsafe.Pointer(out))
	return bytes.Clone(unsafe.Slice((*byte)(unsafe.Pointer(out)), int(size))), nil
}

// Module is a native TorchScript module.
type Module = unsafe.Pointer

// LoadScript opens a TorchScript archive, a program, on the CPU and in evaluation mode.
func LoadScript(path string) (Module, error) {
	text := C.CString(path)
	defer C.free(unsafe.Pointer(text))
	var out C.cgan_module
	err := check(C.cgan_script_load(text, &out))
	return Module(out), err
}

// ForwardScript gives the first tensor of m's forward(in), with flag=True where it has such an argument, without gradients.
func ForwardScript(m Module, in Handle, flag string, out *Handle) error {
	text := C.CString(flag)
	defer C.free(unsafe.Pointer(text))
	return check(C.cgan_script_forward(C.cgan_module(m), C.cgan_tensor(in), text, (*C.cgan_tensor)(out)))
}

// FreeScript ends m.
func FreeScript(m Module) error { return check(C.cgan_script_free(C.cgan_module(m))) }
