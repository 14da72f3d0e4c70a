package torch

import (
	"runtime"
	"sync"
	"sync/atomic"

	"cgan/bindings/libtorch"
)

// scope is a stack frame for tensors. Scopes of one thread form a list through parent.
type scope struct {
	parent  *scope
	tensors []*Tensor
}

var (
	scopes sync.Map // libtorch.Thread of an OS thread -> *scope, its innermost
	live   atomic.Int64
)

// Live is the number of native tensors that Go holds, kept ones included.
func Live() int { return int(live.Load()) }

// Do runs fn in a new scope, on one OS thread, and frees what fn made when it ends. A failed op
// ends fn and comes back as an *Error that begins with doing.
func Do(doing string, fn func() error) (err error) {
	leave := enter()
	defer leave()
	defer func() {
		switch failure := recover().(type) {
		case nil:
		case *Error:
			err = failure.in(doing)
		default:
			panic(failure)
		}
	}()
	takeThreads()
	return fn()
}

// in returns e as the failure of doing.
func (e *Error) in(doing string) *Error {
	return &Error{Doing: doing, Op: e.Op, Shapes: e.Shapes, Reason: e.Reason}
}

// Scope runs fn in a new scope inside the current one. Failures pass through to the outer Do.
func Scope(fn func()) {
	leave := enter()
	defer leave()
	fn()
}

func enter() (leave func()) {
	runtime.LockOSThread()
	thread := libtorch.Thread()
	parent, _ := innermost(thread)
	s := &scope{parent: parent}
	scopes.Store(thread, s)
	return func() {
		for _, t := range s.tensors {
			if !t.kept {
				t.Free()
			}
		}
		if parent == nil {
			scopes.Delete(thread)
		} else {
			scopes.Store(thread, parent)
		}
		runtime.UnlockOSThread()
	}
}

func innermost(thread uintptr) (*scope, bool) {
	s, ok := scopes.Load(thread)
	if !ok {
		return nil, false
	}
	return s.(*scope), true
}

// Keep takes t out of its scope, so that it lives until Free. It returns t.
func (t *Tensor) Keep() *Tensor {
	t.kept = true
	return t
}
