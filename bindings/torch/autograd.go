package torch

import (
	"runtime"

	"cgan/bindings/libtorch"

	"github.com/sugarme/gotch/libtch"
)

// Backward computes the gradient of t, one value, with respect to the leaves that require one,
// and adds it to theirs.
func (t *Tensor) Backward() {
	if _, ok := innermost(libtorch.Thread()); !ok {
		fail("backward", []*Tensor{t}, "called outside of torch.Do")
	}
	libtch.AtBackward(libtch.Ctensor(handle("backward", t)), 0, 0)
	must("backward", lastError(), t)
}

// BackwardFrom is Backward of t of any shape, where gradient is that of t: tensor.backward(gradient).
func (t *Tensor) BackwardFrom(gradient *Tensor) {
	const op = "backward"
	must(op, libtorch.Backward(handle(op, t), handle(op, gradient)), t, gradient)
}

// Grad is the gradient of output, one value, with respect to input, with a history of its own, so that what is made of it has
// gradients too: torch.autograd.grad(output, input, create_graph=True). Every op between the two must be PyTorch's: those of
// package fused give gradients without a history.
func Grad(output, input *Tensor) *Tensor {
	return call("autograd.grad", []*Tensor{output, input}, func(out *libtch.Ctensor, in []libtch.Ctensor) {
		libtch.AtRunBackward(&in[0], 1, &in[1], 1, out, 1, 1)
	})
}

// Grad is the gradient of a leaf, or nil when there is none.
func (t *Tensor) Grad() *Tensor {
	grad := call("grad", []*Tensor{t}, func(out *libtch.Ctensor, in []libtch.Ctensor) { libtch.AtgGrad(out, in[0]) })
	if !libtch.AtDefined(libtch.Ctensor(grad.handle)) {
		return nil
	}
	return grad
}

// ZeroGrad drops the gradient of a leaf, as zero_grad(set_to_none=True) does.
func (t *Tensor) ZeroGrad() { must("zero_grad", libtorch.ZeroGrad(handle("zero_grad", t)), t) }

// Detach is t on the same values, without its history.
func (t *Tensor) Detach() *Tensor {
	return call("detach", []*Tensor{t}, func(out *libtch.Ctensor, in []libtch.Ctensor) { libtch.AtgDetach(out, in[0]) })
}

// RequiresGrad_ says whether a leaf takes part in Backward. It returns t.
func (t *Tensor) RequiresGrad_(requires bool) *Tensor {
	return update("requires_grad_", []*Tensor{t}, func(out *libtch.Ctensor, in []libtch.Ctensor) {
		libtch.AtgSetRequiresGrad(out, in[0], flag(requires))
	})
}

// SetData gives t the values, type and device of other, keeping its place as a leaf: t.data = other.
func (t *Tensor) SetData(other *Tensor) {
	const op = "set_data"
	must(op, libtorch.SetData(handle(op, t), handle(op, other)), t, other)
}

// NoGrad runs fn without recording a history; nested calls restore what they found.
func NoGrad(fn func()) {
	runtime.LockOSThread() // the mode is the thread's
	defer runtime.UnlockOSThread()
	before := libtch.AtGradSetEnabled(0)
	defer libtch.AtGradSetEnabled(before)
	fn()
}

// GradEnabled says whether ops record a history here.
func GradEnabled() bool {
	on, err := libtorch.GradEnabled()
	must("is_grad_enabled", err)
	return on
}
