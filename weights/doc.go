// Package weights keeps state dicts and whole checkpoints as files: PyTorch's .pt (zip and
// legacy) and safetensors. It is pure Go and knows nothing of libtorch.
//
// Reading executes nothing. The pickle inside a .pt is run by a machine that knows a fixed list
// of names; any other name, and every damage that two readers could understand differently, is
// one error that says which file, which record and why. A reader never falls back to a laxer one.
// Memory stays within a small multiple of the file's size.
//
// Writing gives files that torch.load(path, weights_only=True) accepts in torch 2.1 to 2.15, with
// mmap on or off. The same value always gives the same bytes.
package weights
