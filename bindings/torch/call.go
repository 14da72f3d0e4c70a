package torch

import (
	"errors"
	"unsafe"

	"cgan/bindings/libtorch"

	"github.com/sugarme/gotch/libtch"
)

// fail panics with the typed error of a failed op.
func fail(op string, in []*Tensor, why string) {
	e := &Error{Op: op, Reason: reason(why)}
	for _, t := range in {
		if t != nil && t.handle != nil {
			e.Shapes = append(e.Shapes, t.Shape())
		}
	}
	panic(e)
}

// handle gives the native tensor of t for op.
func handle(op string, t *Tensor) libtorch.Handle {
	if t == nil {
		fail(op, nil, "a tensor that went in is nil")
	}
	if t.handle == nil {
		fail(op, nil, "a tensor that went in is already freed: keep it, or use it inside its scope")
	}
	return t.handle
}

// Native runs one native op on in and gives its result to the current scope. By it packages fused and distributed add ops;
// native keeps the contract of package libtorch.
func Native(op string, in []*Tensor, native func(out *libtorch.Handle, in []libtorch.Handle) error) *Tensor {
	s, ok := innermost(libtorch.Thread())
	if !ok {
		fail(op, in, "called outside of torch.Do")
	}
	handles := make([]libtorch.Handle, len(in))
	for i, t := range in {
		handles[i] = handle(op, t)
	}
	var out libtorch.Handle
	must(op, native(&out, handles), in...)
	return s.own(op, out)
}

// call is Native for gotch's raw layer, which leaves its errors in a variable of the OS thread.
func call(op string, in []*Tensor, native func(out *libtch.Ctensor, in []libtch.Ctensor)) *Tensor {
	return Native(op, in, func(out *libtorch.Handle, handles []libtorch.Handle) error {
		native((*libtch.Ctensor)(out), unsafe.Slice((*libtch.Ctensor)(unsafe.SliceData(handles)), len(handles)))
		return lastError()
	})
}

// lastError takes the error text that gotch's last call on this OS thread left.
func lastError() error {
	text := libtch.GetAndResetLastErr()
	if text == nil {
		return nil
	}
	return errors.New(libtorch.TakeError(unsafe.Pointer(text)))
}

// own makes the Go tensor of a fresh native one.
func (s *scope) own(op string, native libtorch.Handle) *Tensor {
	if native == nil {
		fail(op, nil, "libtorch gave no tensor and no error")
	}
	live.Add(1)
	t := &Tensor{handle: native}
	s.tensors = append(s.tensors, t)
	return t
}

// update runs an in-place op of gotch's raw layer, whose result is a second handle on in[0].
func update(op string, in []*Tensor, native func(out *libtch.Ctensor, in []libtch.Ctensor)) *Tensor {
	again := call(op, in, native)
	again.Free()
	return in[0]
}

// NativeUpdate runs a native op that changes tensors of in and gives none.
func NativeUpdate(op string, in []*Tensor, native func(in []libtorch.Handle) error) {
	handles := make([]libtorch.Handle, len(in))
	for i, t := range in {
		handles[i] = handle(op, t)
	}
	must(op, native(handles), in...)
}

// must turns an error of package libtorch into a failed op.
func must(op string, err error, in ...*Tensor) {
	if err != nil {
		fail(op, in, err.Error())
	}
}

// withScalar lends native a C++ scalar for the time of one call.
func withScalar(value float64, native func(libtch.Cscalar)) {
	scalar := libtch.AtsFloat(value)
	defer libtch.AtsFree(scalar)
	native(scalar)
}
