package distributed

// #include <stdlib.h>
// #include "distributed.h"
import "C"

import (
	"fmt"
	"net"
	"os"
	"runtime"
	"strconv"
	"syscall"
	"time"
	"unsafe"

	"cgan/bindings/libtorch"
)

// store is c10d's TCPStore, which the process of rank 0 serves, or torchrun.
type store struct {
	native C.cgan_store
	prefix string // of every key
}

// below is the same store with keys of their own.
func (s *store) below(prefix string) *store { return &store{s.native, s.prefix + prefix + "/"} }

// openStore meets the others at l.Host and l.Port. The socket of rank 0 listens on that address alone.
func openStore(l *Launch, prefix string, timeout time.Duration) (*store, error) {
	listen := -1
	if l.Rank == 0 && !l.Agent {
		var err error
		if listen, err = listenAt(net.JoinHostPort(l.Host, strconv.Itoa(l.Port))); err != nil {
			return nil, fmt.Errorf("MASTER_ADDR %s, MASTER_PORT %d: rank 0 can't listen there: %w: it must be an address of this machine, and a port that no other run uses", l.Host, l.Port, err)
		}
	}
	if os.Getenv("TORCH_CPP_LOG_LEVEL") == "" {
		_ = os.Setenv("TORCH_CPP_LOG_LEVEL", "FATAL") // what fails is told by the errors
	}
	return connectStore(l, listen, prefix, timeout)
}

// connectStore is one connection to the store. An operation that waits holds it for itself.
func connectStore(l *Launch, listen int, prefix string, timeout time.Duration) (*store, error) {
	host, below := C.CString(l.Host), C.CString(prefix)
	defer C.free(unsafe.Pointer(host))
	defer C.free(unsafe.Pointer(below))
	s := &store{}
	err := libtorch.Check(unsafe.Pointer(C.cgan_store_new(host, C.int(l.Port), C.int(listen), below, C.int64_t(timeout.Milliseconds()), &s.native)))
	if err != nil {
		return nil, fmt.Errorf("MASTER_ADDR %s, MASTER_PORT %d: no store of rank 0 or torchrun answers there within %v: is it up, and is the network?", l.Host, l.Port, timeout)
	}
	return s, nil
}

// listenAt gives a listening socket that C may close.
func listenAt(address string) (int, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return -1, err
	}
	defer func() { _ = l.Close() }()
	f, err := l.(*net.TCPListener).File()
	if err != nil {
		return -1, err
	}
	defer f.Close()
	fd, err := syscall.Dup(int(f.Fd()))
	if err != nil {
		return -1, err
	}
	syscall.CloseOnExec(fd)
	return fd, syscall.SetNonblock(fd, true)
}

func (s *store) set(key, value string) error {
	k := C.CString(s.prefix + key)
	defer C.free(unsafe.Pointer(k))
	bytes := []byte(value + "\x00")
	err := libtorch.Check(unsafe.Pointer(C.cgan_store_set(s.native, k, unsafe.Pointer(&bytes[0]), C.size_t(len(value)))))
	runtime.KeepAlive(bytes)
	return err
}

// get gives the value of key, or false where none is set.
func (s *store) get(key string) (string, bool, error) {
	k := C.CString(s.prefix + key)
	defer C.free(unsafe.Pointer(k))
	var there C.int
	if err := libtorch.Check(unsafe.Pointer(C.cgan_store_check(s.native, k, &there))); err != nil || there == 0 {
		return "", false, err
	}
	var value *C.char
	var size C.size_t
	if err := libtorch.Check(unsafe.Pointer(C.cgan_store_get(s.native, k, &value, &size))); err != nil {
		return "", false, err
	}
	defer C.free(unsafe.Pointer(value))
	return C.GoStringN(value, C.int(size)), true, nil
}

// add counts key up by more and gives the count.
func (s *store) add(key string, more int) (int, error) {
	k := C.CString(s.prefix + key)
	defer C.free(unsafe.Pointer(k))
	var n C.int64_t
	err := libtorch.Check(unsafe.Pointer(C.cgan_store_add(s.native, k, C.int64_t(more), &n)))
	return int(n), err
}
