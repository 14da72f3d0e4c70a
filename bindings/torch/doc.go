// Package torch is libtorch's tensors with the names and argument order of Python's torch.
//
// The rules, all of them:
//
//   - Tensors live in a scope. [Do] opens one; leaving it frees every tensor made inside, but
//     for those that called [Tensor.Keep]. What is kept lives until [Tensor.Free].
//   - A scope is bound to its goroutine, which stays on one OS thread until the scope ends.
//     An op outside a scope, or on another goroutine, fails and says so.
//   - A failed op panics with an [*Error], so that a net reads as a column of layers. [Do]
//     recovers it and returns it as an error. No other panic is recovered.
//   - Shapes are []int64, as libtorch has them.
package torch
