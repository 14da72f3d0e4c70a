package distributed

// #include <stdlib.h>
// #include "distributed.h"
import "C"

import (
	"fmt"
	"net"
	"strconv"
	"unsafe"

	"cgan/bindings/libtorch"
	"cgan/bindings/torch"
)

// ProcessGroup is the ranks of a run, connected. Its operations are collective: every rank calls the same ones in the same
// order, inside torch.Do; one that loses another rank fails within the timeout. A nil group is one process, of rank 0. The
// connections end with the process.
type ProcessGroup struct {
	*Meeting
	native C.cgan_process_group
}

// InitProcessGroup connects the ranks that have met by Gloo, as torch.distributed.init_process_group("gloo") does.
func InitProcessGroup(m *Meeting) (*ProcessGroup, error) {
	address := ""
	var err error
	if m.Interface != "" {
		if _, err := net.InterfaceByName(m.Interface); err != nil {
			return nil, fmt.Errorf("GLOO_SOCKET_IFNAME is %q: this machine has no such network interface", m.Interface)
		}
	} else {
		if address, err = towards(m.Host, m.Port); err != nil {
			return nil, err
		}
	}
	waits, err := connectStore(m.Launch, -1, storePrefix, m.timeout) // for the others' addresses, while this rank answers roll calls
	if err != nil {
		return nil, m.lostStore()
	}
	g := &ProcessGroup{Meeting: m}
	prefix := C.CString(m.store.prefix + "gloo") // of this attempt: an earlier one left its addresses
	defer C.free(unsafe.Pointer(prefix))
	name, at := C.CString(m.Interface), C.CString(address)
	defer C.free(unsafe.Pointer(name))
	defer C.free(unsafe.Pointer(at))
	err = libtorch.Check(unsafe.Pointer(C.cgan_process_group_new(waits.native, prefix, C.int(m.Rank), C.int(m.WorldSize), name, at,
		C.int64_t(m.collective().Milliseconds()), &g.native)))
	if err != nil && ofOthers(err.Error()) {
		return nil, &LostError{err.Error()}
	}
	if err != nil {
		return nil, fmt.Errorf("connect the ranks: %w", err)
	}
	return g, nil
}

// towards is the address of this machine on the network that leads to host.
func towards(host string, port int) (string, error) {
	c, err := net.Dial("udp", net.JoinHostPort(host, strconv.Itoa(port))) // which sends nothing
	if err != nil {
		return "", err
	}
	defer func() { _ = c.Close() }()
	address, _, err := net.SplitHostPort(c.LocalAddr().String())
	return address, err
}

// GetRank is this process's number, from 0.
func (g *ProcessGroup) GetRank() int {
	if g == nil {
		return 0
	}
	return g.Rank
}

// GetWorldSize is the number of processes.
func (g *ProcessGroup) GetWorldSize() int {
	if g == nil {
		return 1
	}
	return g.WorldSize
}

// ReduceOp is what AllReduce does with the values of the ranks.
type ReduceOp int

// The two that are used here.
const (
	Sum ReduceOp = iota
	Max
)

// AllReduce puts the sum or the greatest of every rank's t, value by value, into each rank's.
func (g *ProcessGroup) AllReduce(t *torch.Tensor, op ReduceOp) {
	torch.NativeUpdate("all_reduce", []*torch.Tensor{t}, func(in []libtorch.Handle) error {
		return libtorch.Check(unsafe.Pointer(C.cgan_all_reduce(g.native, C.cgan_tensor(in[0]), C.int(op))))
	})
}

// AllReduceSum is the sum of every rank's t, value by value, and its gradient the sum of the ranks' gradients:
// torch.distributed.nn.functional.all_reduce.
func (g *ProcessGroup) AllReduceSum(t *torch.Tensor) *torch.Tensor {
	return torch.Native("all_reduce", []*torch.Tensor{t}, func(out *libtorch.Handle, in []libtorch.Handle) error {
		var sum C.cgan_tensor
		err := libtorch.Check(unsafe.Pointer(C.cgan_all_reduce_differentiable(g.native, C.cgan_tensor(in[0]), &sum)))
		*out = libtorch.Handle(sum)
		return err
	})
}

// Broadcast puts the values of rank source's t into each rank's, of the same shape and type.
func (g *ProcessGroup) Broadcast(t *torch.Tensor, source int) {
	torch.NativeUpdate("broadcast", []*torch.Tensor{t}, func(in []libtorch.Handle) error {
		return libtorch.Check(unsafe.Pointer(C.cgan_broadcast(g.native, C.cgan_tensor(in[0]), C.int(source))))
	})
}

// AllGather is every rank's t, in the order of the ranks: [ranks, shape of t].
func (g *ProcessGroup) AllGather(t *torch.Tensor) *torch.Tensor {
	return torch.Native("all_gather", []*torch.Tensor{t}, func(out *libtorch.Handle, in []libtorch.Handle) error {
		var all C.cgan_tensor
		err := libtorch.Check(unsafe.Pointer(C.cgan_all_gather(g.native, C.cgan_tensor(in[0]), C.int(g.WorldSize), &all)))
		*out = libtorch.Handle(all)
		return err
	})
}

// Barrier waits until every rank is there.
func (g *ProcessGroup) Barrier() {
	torch.NativeUpdate("barrier", nil, func([]libtorch.Handle) error {
		return libtorch.Check(unsafe.Pointer(C.cgan_barrier(g.native)))
	})
}
